import type { FontName } from './pdf-theme.ts';

/** Characters above U+00FF that WinAnsi (Windows-1252) carries. */
const WIN_ANSI_EXTRA = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';

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
};

const PRINTABLE = /^[\x20-\x7e\xa0-\xac\xae-\xff]*$/;
const BREAKS = /[\t\n\v\f\r\u2028\u2029]+/g;
/** Controls, soft hyphens, zero-width and direction marks. */
const SHAPELESS = /[\p{Cc}\p{Cf}]/gu;
const MARKS = /\p{M}/gu;
/** Letters that the embedded font has, and that are drawn one after the other: no shapes that depend on their neighbors. */
const OTHER_LETTER = /^(?=[\p{L}\p{M}])[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]$/u;
/** Of Unicode 15.1 and later, which the font lacks. */
const TOO_NEW = /^[\u1c89\u1c8a\ua7cb-\ua7dc\u{10000}-\u{10ffff}]$/u;

/**
 * A text in the characters that reports can draw: those of the standard fonts (WinAnsi), and Latin, Greek and Cyrillic letters
 * beyond, for which a font is embedded ({@link needsEmbedded}). NFC, line breaks as spaces, common signs spelled out, anything else
 * a question mark. Never throws.
 */
export function toDrawable(text: string): string {
  if (PRINTABLE.test(text)) return text;
  let result = '';
  for (const character of text.normalize('NFC').replaceAll(BREAKS, ' ').replaceAll(SHAPELESS, '')) {
    result += drawable(character) ? character : substitute(character);
  }
  return result;
}

function drawable(character: string): boolean {
  return PRINTABLE.test(character) || WIN_ANSI_EXTRA.includes(character);
}

function substitute(character: string): string {
  const known = REPLACEMENTS[character];
  if (known !== undefined) return known;
  if (OTHER_LETTER.test(character) && !TOO_NEW.test(character) && character.normalize('NFKC') === character)
    return character;
  const plain = character.normalize('NFKD').replaceAll(MARKS, '');
  if (plain !== character && Array.from(plain).every(drawable)) return plain;
  return plain === '' ? '' : '?';
}

const BEYOND = new RegExp(`[^\\x20-\\x7e\\xa0-\\xff${WIN_ANSI_EXTRA}]`);

/** Whether a text that has passed {@link toDrawable} has letters that the standard fonts lack: then all of it is drawn in the embedded one. */
export const needsEmbedded = (text: string): boolean => BEYOND.test(text);

/** Measures and cuts texts that have passed {@link toDrawable}. Widths in points. */
export interface Typesetter {
  width: (text: string, font: FontName, size: number) => number;
  /** The text, or as much of it as fits the width, ending in an ellipsis. */
  fit: (text: string, font: FontName, size: number, width: number) => string;
  /** Lines no wider than the width, broken at spaces, or inside a word that is too long; the last of `most` is cut by an ellipsis. */
  wrap: (text: string, font: FontName, size: number, width: number, most?: number) => string[];
}

const ELLIPSIS = '…';

/** One font, standard or embedded, with the widths of the characters that were asked for, by their codes. */
interface Face {
  readonly font: FontName;
  readonly isEmbedded: boolean;
  readonly widths: Map<number, number>;
}

/**
 * A typesetter that adds up advance widths looked up by character code: kerning, which only draws letters closer, is left out, so a
 * text is never wider than it is measured.
 * @param advance the width of one character in thousandths of the font size
 */
export function createTypesetter(
  advance: (character: string, font: FontName, isEmbedded: boolean) => number,
): Typesetter {
  const facesOf = (font: FontName): readonly [standard: Face, embedded: Face] => [
    { font, isEmbedded: false, widths: new Map() },
    { font, isEmbedded: true, widths: new Map() },
  ];
  const faces = { regular: facesOf('regular'), bold: facesOf('bold') };
  const faceOf = (text: string, font: FontName): Face => faces[font][needsEmbedded(text) ? 1 : 0];

  const advanceOf = (code: number, { font, isEmbedded, widths }: Face) => {
    let width = widths.get(code);
    if (width === undefined) {
      width = advance(String.fromCharCode(code), font, isEmbedded);
      widths.set(code, width);
    }
    return width;
  };

  const units = (text: string, face: Face) => {
    let sum = 0;
    for (let index = 0; index < text.length; index++) sum += advanceOf(text.charCodeAt(index), face);
    return sum;
  };

  /** How many characters from the start fit into a number of thousandths; all of them if they do. */
  const countFitting = (text: string, face: Face, limit: number) => {
    let sum = 0;
    for (let index = 0; index < text.length; index++) {
      sum += advanceOf(text.charCodeAt(index), face);
      if (sum > limit) return index;
    }
    return text.length;
  };

  const fit: Typesetter['fit'] = (text, font, size, width) => {
    const limit = (width * 1000) / size;
    const face = faceOf(text, font);
    if (countFitting(text, face, limit) === text.length) return text;
    const room = countFitting(text, face, limit - units(ELLIPSIS, face));
    const shown = text.slice(0, room).trimEnd() + ELLIPSIS;
    // Without the letters that were cut off it is drawn, and as wide as it is, in the standard font.
    return faceOf(shown, font) === face ? shown : fit(shown, font, size, width);
  };

  /** The first line of a text: up to a space, or inside a word that is too long. */
  const lineOf = (text: string, font: FontName, limit: number): string => {
    let end = countFitting(text, faceOf(text, font), limit);
    if (end < text.length) {
      const space = text.lastIndexOf(' ', end);
      end = space > 0 ? space : Math.max(1, end);
    }
    return text.slice(0, end).trimEnd();
  };

  return {
    width: (text, font, size) => (units(text, faceOf(text, font)) * size) / 1000,
    fit,
    wrap(text, font, size, width, most = Infinity) {
      const limit = (width * 1000) / size;
      const lines: string[] = [];
      let rest = text.trim();
      while (rest) {
        if (lines.length === most - 1) return [...lines, fit(rest, font, size, width)];
        const first = lineOf(rest, font, limit);
        // Apart from the rest it may be of the other font.
        const line = needsEmbedded(first) === needsEmbedded(rest) ? first : lineOf(first, font, limit);
        lines.push(line);
        rest = rest.slice(line.length).trimStart();
      }
      return lines;
    },
  };
}
