import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import type { Sharp } from 'sharp';

/** Pixels in RGB, each from its place. */
export const pixels = (
  width: number,
  height: number,
  colorAt: (x: number, y: number) => readonly [number, number, number],
): Sharp => {
  const data = Buffer.from(
    Array.from({ length: width * height }, (_pixel, at) => [...colorAt(at % width, Math.floor(at / width))]).flat(),
  );
  return sharp(data, { raw: { width, height, channels: 3 } });
};

/** A JPEG in one gray, another for each number. */
export const photo = (shade: number, side = 40): Promise<Buffer> =>
  pixels(side, side, () => [shade, shade, shade])
    .jpeg()
    .toBuffer();

const chunk = (type: string, content: Buffer): Buffer => {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
};

/** A small PNG that says it is `width` × `height`, with so many bits a channel. */
export const bomb = (width: number, height: number, bits = 8): Buffer => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([bits, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc(1024 * 1024))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};

/** What looks like an image to some reader, and is none that is taken. */
export const notPictures = async (): Promise<Readonly<Record<string, Buffer>>> => ({
  SVG: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'),
  'SVG behind XML': Buffer.from(
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&a;</text></svg>',
  ),
  GIF: await pixels(4, 4, () => [1, 2, 3])
    .gif()
    .toBuffer(),
  TIFF: await pixels(4, 4, () => [1, 2, 3])
    .tiff()
    .toBuffer(),
  PDF: Buffer.from('%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF'),
  HTML: Buffer.from('<!doctype html><script>alert(1)</script>'),
  program: Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0', 'latin1'),
  'the beginning of a JPEG': Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  'the beginning of a PNG': Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  zeros: Buffer.alloc(100_000),
});
