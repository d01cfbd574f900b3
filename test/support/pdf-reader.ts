import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { inflateSync } from 'node:zlib';

/** A text as it was placed on a page, in points from the top left corner. */
export interface PlacedText {
  text: string;
  x: number;
  y: number;
}

export interface ReadPdf {
  pages: PlacedText[][];
  /** The raw bytes as Latin-1, for what stands outside the pages. */
  raw: string;
}

const A4_HEIGHT = 841.89;

/** Reads back a PDF of the report toolkit: the texts of each page in the order in which they were drawn. */
export async function readPdf(stream: Readable): Promise<ReadPdf> {
  const raw = (await buffer(stream)).toString('latin1');
  const objects = new Map<string, string>();
  for (const [, id = '', body = ''] of raw.matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g))
    objects.set(id, inflated(body));
  const all = [...objects.values()];
  const kids = /\/Kids \[([^\]]*)\]/.exec(all.find((body) => body.includes('/Type /Pages')) ?? '')?.[1] ?? '';
  const total = /\((\d+)\) Tj/.exec(all.find((body) => body.includes('/Subtype /Form')) ?? '')?.[1] ?? '';
  const pages = [...kids.matchAll(/(\d+) 0 R/g)].map(([, id = '']) => {
    const page = objects.get(id) ?? '';
    const [contents, resources] = ['Contents', 'Resources'].map(
      (member) => objects.get(new RegExp(`/${member} (\\d+) 0 R`).exec(page)?.[1] ?? '') ?? '',
    );
    const fonts = /\/Font <<([\s\S]*?)>>/.exec(resources!)?.[1] ?? '';
    const decoders = new Map(
      [...fonts.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', font = '']) => [name, decoderOf(objects, font)]),
    );
    return readContents(contents!, total, decoders);
  });
  return { pages, raw };
}

/** The text of the hexadecimal codes that are drawn in a font. */
type Decoder = (hex: string) => string;

/** Standard fonts have one byte a character; embedded ones number their letters, and say which they are. */
function decoderOf(objects: ReadonlyMap<string, string>, font: string): Decoder {
  const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(font) ?? '')?.[1];
  if (map === undefined) return (hex) => new TextDecoder('windows-1252').decode(Buffer.from(hex, 'hex'));
  const ranges = [...(objects.get(map) ?? '').matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/g)];
  const letters = new Map(
    ranges.flatMap(([, first = '', targets = '']) =>
      [...targets.matchAll(/<([0-9a-f]*)>/g)].map(([, hex = ''], index) => {
        const units = hex.match(/.{4}/g) ?? [];
        const letter = String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16)));
        return [Number.parseInt(first, 16) + index, letter] as const;
      }),
    ),
  );
  return (hex) => (hex.match(/.{4}/g) ?? []).map((code) => letters.get(Number.parseInt(code, 16)) ?? '?').join('');
}

/** An object with its stream as it is without compression. */
function inflated(body: string): string {
  const start = body.indexOf('stream\n');
  if (start < 0 || !body.slice(0, start).includes('/FlateDecode')) return body;
  return inflateSync(Buffer.from(body.slice(start + 'stream\n'.length), 'latin1')).toString('latin1');
}

/** Every text of a page as one string, the parts of the page number joined. */
export function pageText(page: readonly PlacedText[]): string {
  return page.map(({ text }) => text).join('\n');
}

function readContents(contents: string, total: string, decoders: ReadonlyMap<string, Decoder>): PlacedText[] {
  const texts: PlacedText[] = [];
  for (const [, x, y, font = '', operators = '', reference] of contents.matchAll(
    /BT\n1 0 0 1 ([\d.-]+) ([\d.-]+) Tm\n\/(F\d+) [^\n]*Tf\n([\s\S]*?)\nET|(\/Total Do)/g,
  )) {
    const last = texts.at(-1);
    if (reference && last) last.text += total;
    else texts.push({ text: decoders.get(font)!(hexOf(operators)), x: Number(x), y: A4_HEIGHT - Number(y) });
  }
  return texts;
}

const hexOf = (operators: string): string =>
  [...operators.matchAll(/<([0-9a-f]*)>/g)].map(([, digits]) => digits).join('');
