import type Sharp from 'sharp';
import { Problem } from '../problem.ts';

/** Longest side of a picture that is kept, in pixels. */
const SIDE = 512;
/** Megapixels of what is sent: a phone's photo, and read at once no more memory than a process can spare. */
const MOST_MEGAPIXELS = 25;
const MOST_PIXELS = MOST_MEGAPIXELS * 1_000_000;
const QUALITY = 85;
/** Images that may be in memory at once, each of some megabytes: the one that is read, and those that wait for it. */
const MOST_AT_ONCE = 16;
const RETRY_AFTER = 5;
/** Longest that one picture may take, in seconds. */
const PATIENCE = 10;
/** Everything else that the library could read (SVG, PDF, TIFF …) is closed in it. */
const LOADERS = ['Jpeg', 'Png', 'Webp'].map((type) => `VipsForeignLoad${type}Buffer`);

export interface Images {
  /**
   * A JPEG of at most 512 × 512 pixels of what was sent: turned as its EXIF says and without any of that (no place, no time, no
   * device), on white where it was transparent, the first frame where it moves. Throws 415 for what is no JPEG, PNG or WebP by its
   * content, 422 for one of more than 25 megapixels (of 16 bits a channel, half of that), or that is broken; 503
   * while too many wait.
   */
  picture: (bytes: Buffer) => Promise<Buffer>;
}

/** The library, once it is needed: most processes never see a photo. */
const load = async (): Promise<typeof Sharp> => {
  const { default: sharp } = await import('sharp');
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
};

/** Pictures out of what people send: one after the other, since each may need much memory while it is read. */
export const createImages = (): Images => {
  let library: Promise<typeof Sharp> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let held = 0;
  const shrink = async (bytes: Buffer): Promise<Buffer> => {
    const sharp = await (library ??= load());
    const measure = async () => sharp(bytes, { limitInputPixels: false }).metadata();
    const { width, height, depth } = await measure().catch((cause: unknown) => {
      throw new Problem(415, 'IMAGE_TYPE', { cause });
    });
    // Of 16 bits a channel each pixel needs the memory of two.
    if (width * height * (depth === 'uchar' ? 1 : 2) > MOST_PIXELS)
      throw new Problem(422, 'IMAGE_TOO_MANY_PIXELS', { params: { limit: MOST_MEGAPIXELS } });
    return sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error', sequentialRead: true })
      .timeout({ seconds: PATIENCE })
      .autoOrient()
      .resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: QUALITY })
      .toBuffer()
      .catch((cause: unknown) => {
        throw new Problem(422, 'IMAGE_UNREADABLE', { cause });
      });
  };
  return {
    picture: async (bytes) => {
      if (held >= MOST_AT_ONCE) throw new Problem(503, 'IMAGES_BUSY', { retryAfter: RETRY_AFTER });
      held += 1;
      const next = last.then(() => shrink(bytes));
      last = next.catch(() => undefined);
      try {
        return await next;
      } finally {
        held -= 1;
      }
    },
  };
};
