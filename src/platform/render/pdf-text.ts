import type { FontName } from './pdf-theme.ts';

/** Characters above U+00FF that WinAnsi (Windows-1252) carries. */
const WIN_ANSI_EXTRA = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');

const REPLACEMENTS: Readonly<Record<string, string>> = {
  '\u2002': ' ',
  '\u2003': ' ',
  '\u2007': '\u00a0',
  '\u2009': '\u00a0',
  '\u202f': '\u00a0',
  '\u2010': '-',
  '\u2011': '-',
  '\u2012': '–',
  '\u2015': '—',
  '\u2212': '-',
  '\u2215': '/',
  '\u2022': '•',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '≈': '~',
  '→': '->',
  '←': '<-',
  '✓': 'x',
  '✔': 'x',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ı: 'i',
  ẞ: 'SS',
};

const PRINTABLE = /^[\x20-\x7e\xa0-\xac\xae-\xff]*$/;
const BREAKS = /[\t\n\v\f\r\u2028\u2029]+/g;
/** Controls, soft hyphens, zero-width and direction marks. */
const SHAPELESS = /[\p{Cc}\p{Cf}]/gu;
const MARKS = /\p{M}/gu;

/**
 * A text in the characters that the standard fonts can draw (WinAnsi): NFC, line breaks as spaces, letters of other Latin alphabets
 * without their marks, common signs spelled out, anything else a question mark. Never throws.
 */
export function toWinAnsi(text: string): string {
  if (PRINTABLE.test(text)) return text;
  let result = '';
  for (const character of text.normalize('NFC').replaceAll(BREAKS, ' ').replaceAll(SHAPELESS, '')) {
    result += drawable(character) ? character : substitute(character);
  }
  return result;
}

function drawable(character: string): boolean {
  return PRINTABLE.test(character) || WIN_ANSI_EXTRA.has(character);
}

function substitute(character: string): string {
  const known = REPLACEMENTS[character];
  if (known !== undefined) return known;
  const plain = character.normalize('NFKD').replaceAll(MARKS, '');
  if (plain !== character && Array.from(plain).every(drawable)) return plain;
  return plain === '' ? '' : '?';
}

/** Measures and cuts texts that have passed {@link toWinAnsi}. Widths in points. */
export interface Typesetter {
  width: (text: string, font: FontName, size: number) => number;
  /** The text, or as much of it as fits the width, ending in an ellipsis. */
  fit: (text: string, font: FontName, size: number, width: number) => string;
  /** Lines no wider than the width, broken at spaces, or inside a word that is too long; the last of `most` is cut by an ellipsis. */
  wrap: (text: string, font: FontName, size: number, width: number, most?: number) => string[];
}

const ELLIPSIS = '…';

/**
 * A typesetter that adds up advance widths looked up by character code: kerning, which only draws letters closer, is left out, so a
 * text is never wider than it is measured.
 * @param advance the width of one character in thousandths of the font size
 */
export function createTypesetter(advance: (character: string, font: FontName) => number): Typesetter {
  const tables = { regular: new Map<number, number>(), bold: new Map<number, number>() };

  const advanceOf = (code: number, font: FontName) => {
    const table = tables[font];
    let width = table.get(code);
    if (width === undefined) {
      width = advance(String.fromCharCode(code), font);
      table.set(code, width);
    }
    return width;
  };

  const units = (text: string, font: FontName) => {
    let sum = 0;
    for (let index = 0; index < text.length; index++) sum += advanceOf(text.charCodeAt(index), font);
    return sum;
  };

  /** How many characters from `start` fit into a number of thousandths; all of them if they do. */
  const countFitting = (text: string, font: FontName, limit: number) => {
    let sum = 0;
    for (let index = 0; index < text.length; index++) {
      sum += advanceOf(text.charCodeAt(index), font);
      if (sum > limit) return index;
    }
    return text.length;
  };

  const fit: Typesetter['fit'] = (text, font, size, width) => {
    const limit = (width * 1000) / size;
    if (countFitting(text, font, limit) === text.length) return text;
    const room = countFitting(text, font, limit - units(ELLIPSIS, font));
    return text.slice(0, room).trimEnd() + ELLIPSIS;
  };

  return {
    width: (text, font, size) => (units(text, font) * size) / 1000,
    fit,
    wrap(text, font, size, width, most = Infinity) {
      const limit = (width * 1000) / size;
      const lines: string[] = [];
      let rest = text.trim();
      while (rest) {
        if (lines.length === most - 1) return [...lines, fit(rest, font, size, width)];
        let end = countFitting(rest, font, limit);
        if (end < rest.length) {
          const space = rest.lastIndexOf(' ', end);
          end = space > 0 ? space : Math.max(1, end);
        }
        lines.push(rest.slice(0, end).trimEnd());
        rest = rest.slice(end).trimStart();
      }
      return lines;
    },
  };
}
