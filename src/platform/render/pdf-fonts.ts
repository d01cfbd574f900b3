import { createRequire } from 'node:module';
import type PdfKit from 'pdfkit';
import { FONTS, type FontName } from './pdf-theme.ts';

/** Noto Sans: Latin, Greek and Cyrillic, under the Open Font License. */
const EMBEDDED = {
  regular: '@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf',
  bold: '@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf',
} as const;

interface Fonts {
  /** Makes a font that of the texts to come. The embedded ones are read when they are first needed, and their used letters written into the file. */
  set: (font: FontName, isEmbedded: boolean) => void;
  /** The width of one character in thousandths of the font size. */
  advance: (character: string, font: FontName, isEmbedded: boolean) => number;
}

/** The fonts of a document: the standard ones, which every viewer has, and those for letters that these lack. */
export const createFonts = (doc: InstanceType<typeof PdfKit>): Fonts => {
  const files: Partial<Record<FontName, string>> = {};
  const set: Fonts['set'] = (font, isEmbedded) => {
    if (isEmbedded) doc.font((files[font] ??= createRequire(import.meta.url).resolve(EMBEDDED[font])));
    else doc.font(FONTS[font]);
  };
  return {
    set,
    advance: (character, font, isEmbedded) => {
      set(font, isEmbedded);
      return doc.fontSize(1000).widthOfString(character, { features: [] });
    },
  };
};
