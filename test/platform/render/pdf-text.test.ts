import { expect } from 'chai';
import * as fc from 'fast-check';
import PdfKit from 'pdfkit';
import { createFonts } from '../../../src/platform/render/pdf-fonts.ts';
import { createTypesetter, needsEmbedded, toDrawable } from '../../../src/platform/render/pdf-text.ts';

const doc = new PdfKit();
const fonts = createFonts(doc);
const type = createTypesetter(fonts.advance);
/** What pdfkit itself measures, kerning included. */
const drawn = (text: string, font: 'regular' | 'bold', size: number) => {
  fonts.set(font, needsEmbedded(text));
  return doc.fontSize(size).widthOfString(text, { features: [] });
};
const font = fc.constantFrom<('regular' | 'bold')[]>('regular', 'bold');
const words = fc.string({ unit: fc.constantFrom('a', 'W', 'i', 'ñ', ' ', 'É', '—', '.', 'AV', 'Łu', 'жо', 'ő') });

describe('text for reports', () => {
  const cases: [given: string, drawn: string][] = [
    ['Ñandú “à l’heure” – 5 €…', 'Ñandú “à l’heure” – 5 €…'],
    ['n\u0303 e\u0301', 'ñ é'],
    ['1\u202f234,5\u00a0%', '1\u00a0234,5\u00a0%'],
    ['Łukasz Dvořák Ő', 'Łukasz Dvořák Ő'],
    ['Ștefan Țepeș, Nguyễn, Ayşe Işık', 'Ștefan Țepeș, Nguyễn, Ayşe Işık'],
    ['Олена Кравчук, Київ; Γιώργος', 'Олена Кравчук, Київ; Γιώργος'],
    ['−5 ≤ x ≥ 3 → ok', '-5 <= x >= 3 -> ok'],
    ['ﬁn ① Ａ', 'fin 1 A'],
    ['a\r\nb\tc', 'a b c'],
    ['x\u0000\u0007\u200d\u202ey\u00adz\ufeff', 'xyz'],
    ['漢 🦤 م Ж', '? ? ? Ж'],
    ['\ud800!', '?!'],
    ['❤\ufe0f', '?'],
    ['', ''],
  ];
  for (const [given, expected] of cases) {
    it(`draws ${JSON.stringify(given)} as ${JSON.stringify(expected)}`, () => {
      expect(toDrawable(given)).to.equal(expected);
    });
  }

  it('gives back only what the fonts have, whatever it gets, and changes nothing twice', () => {
    const carried = new Set(
      new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, code) => code)),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = toDrawable(text);
        for (const character of clean) expect(needsEmbedded(character), character).to.equal(!carried.has(character));
        expect(clean).not.to.match(/\p{Cc}/u);
        expect(toDrawable(clean)).to.equal(clean);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps no letter for the embedded font that it lacks, regular or bold', () => {
    const kept = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(
      (letter) => needsEmbedded(letter) && toDrawable(letter) === letter,
    );
    expect(kept.length).to.be.greaterThan(1_500);
    for (const name of ['regular', 'bold'] as const) {
      fonts.set(name, true);
      const { font: face } = Reflect.get(doc, '_font') as { font: { hasGlyphForCodePoint: (code: number) => boolean } };
      expect(kept.filter((letter) => !face.hasGlyphForCodePoint(letter.charCodeAt(0)))).to.deep.equal([]);
    }
  });

  it('carries all of Spanish, English and French unchanged', () => {
    const letters = 'abcdefghijklmnopqrstuvwxyzáéíóúüñçàâæèêëîïôœùûÿ¿¡«»“”‘’–—…€°ºª';
    for (const text of [letters, letters.toUpperCase()]) expect(toDrawable(text)).to.equal(text);
  });
});

describe('the typesetter', () => {
  it('fits a text into its width, with an ellipsis only if it was cut', () => {
    fc.assert(
      fc.property(words, font, fc.integer({ min: 15, max: 200 }), (text, name, width) => {
        const shown = type.fit(text, name, 8, width);
        expect(drawn(shown, name, 8)).to.be.at.most(width + 0.001);
        if (shown !== text) {
          expect(shown.endsWith('…')).to.equal(true);
          expect(text.startsWith(shown.slice(0, -1))).to.equal(true);
          expect(type.width(text, name, 8)).to.be.greaterThan(width);
        }
      }),
    );
    expect(type.fit('María José Oyarzún', 'regular', 8, 50)).to.equal('María José…');
  });

  it('wraps into lines of the width and loses nothing but spaces', () => {
    fc.assert(
      fc.property(words, font, fc.integer({ min: 15, max: 200 }), (text, name, width) => {
        const lines = type.wrap(text, name, 8, width);
        for (const line of lines) expect(drawn(line, name, 8)).to.be.at.most(width + 0.001);
        expect(lines.join('').replaceAll(' ', '')).to.equal(text.replaceAll(' ', ''));
      }),
    );
  });

  it('breaks at spaces, inside a word only if it must, and cuts the last line allowed', () => {
    expect(type.wrap('one two three', 'regular', 10, 40)).to.deep.equal(['one two', 'three']);
    expect(type.wrap('incomprehensible', 'regular', 10, 40).length).to.be.greaterThan(1);
    const cut = type.wrap('one two three four five six', 'regular', 10, 40, 2);
    expect(cut).to.have.length(2);
    expect(cut[1]).to.match(/^three.*…$/);
    expect(type.wrap('', 'regular', 10, 40)).to.deep.equal([]);
  });
});
