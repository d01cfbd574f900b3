import { expect } from 'chai';
import sharp from 'sharp';
import { Problem } from '../../../src/platform/problem.ts';
import { createImages } from '../../../src/platform/storage/image.ts';
import { bomb, notPictures, photo, pixels } from '../../support/pictures.ts';

const { picture } = createImages();

const refusal = async (bytes: Buffer): Promise<string> => {
  const error: unknown = await picture(bytes).then(
    () => 'taken',
    (thrown: unknown) => thrown,
  );
  return error instanceof Problem ? `${error.status} ${error.code}` : String(error);
};

/** The color in the middle of a part of a picture, `x` and `y` from 0 to 1. */
const colorAt = async (bytes: Buffer, x: number, y: number): Promise<number[]> => {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return [...data.subarray(at, at + 3)].map((value) => Math.round(value / 64) * 64);
};
const RED = [256, 0, 0];
const BLUE = [0, 0, 256];
/** The left half red, the right half blue. */
const halves = (width: number, height: number) =>
  pixels(width, height, (x) => (x < width / 2 ? [255, 0, 0] : [0, 0, 255]));

describe('pictures', () => {
  it('are JPEGs of at most 512 pixels a side, in their proportion, never enlarged', async () => {
    for (const [width, height, format, expected] of [
      [1_000, 500, 'jpeg', '512x256'],
      [300, 900, 'png', '171x512'],
      [40, 30, 'webp', '40x30'],
    ] as const) {
      const made = await picture(await halves(width, height).toFormat(format).toBuffer());
      const about = await sharp(made).metadata();
      expect([about.format, `${about.width}x${about.height}`]).to.deep.equal(['jpeg', expected]);
      expect(await colorAt(made, 0.2, 0.5)).to.deep.equal(RED);
      expect(await colorAt(made, 0.8, 0.5)).to.deep.equal(BLUE);
    }
  });

  it('stand as EXIF says, and say nothing of where, when and by what they were taken', async () => {
    const taken = await halves(200, 100)
      .withExif({
        IFD0: { Make: 'A-Maker', Software: 'A-Program' },
        IFD3: { GPSLatitudeRef: 'S', GPSLatitude: '22/1 27/1 3/1', GPSMapDatum: 'A-Place' },
      })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(taken.includes('A-Place')).to.equal(true);
    const made = await picture(taken);
    const { width, height, exif, orientation, icc, xmp } = await sharp(made).metadata();
    expect([width, height]).to.deep.equal([100, 200]);
    expect([exif, orientation, icc, xmp]).to.deep.equal([undefined, undefined, undefined, undefined]);
    for (const word of ['Exif', 'A-Maker', 'A-Program', 'A-Place']) expect(made.includes(word), word).to.equal(false);
    expect(await colorAt(made, 0.5, 0.2)).to.deep.equal(RED);
    expect(await colorAt(made, 0.5, 0.8)).to.deep.equal(BLUE);
  });

  it('are white where they were transparent, and hold nothing that came behind the image', async () => {
    const clear = await sharp({ create: { width: 20, height: 20, channels: 4, background: '#ff000000' } })
      .png()
      .toBuffer();
    expect(await colorAt(await picture(clear), 0.5, 0.5)).to.deep.equal([256, 256, 256]);
    const polyglot = Buffer.concat([await photo(90), Buffer.from('<script>alert(1)</script>')]);
    expect((await picture(polyglot)).includes('script')).to.equal(false);
  });

  it('are made of JPEG, PNG and WebP only, by what the bytes are', async () => {
    for (const [name, bytes] of Object.entries(await notPictures()))
      expect(await refusal(bytes), name).to.equal('415 IMAGE_TYPE');
    expect(await refusal(Buffer.alloc(0))).to.equal('415 IMAGE_TYPE');
  });

  it('wait for each other, so many that their memory is bounded: who comes then is asked to come again', async () => {
    const sent = await photo(50);
    const answers = await Promise.all(Array.from({ length: 20 }, () => refusal(sent)));
    const busy = '503 IMAGES_BUSY';
    expect(answers.map((answer) => answer === busy)).to.deep.equal(answers.map((_answer, at) => at >= 16));
    expect(Buffer.isBuffer(await picture(sent))).to.equal(true);
  });

  it('are not made of what is broken, or larger than it looks; the next one is made all the same', async () => {
    const whole = await halves(600, 600).png({ compressionLevel: 0 }).toBuffer();
    const answers = await Promise.all([
      refusal(whole.subarray(0, whole.length / 2)),
      refusal((await photo(10, 400)).subarray(0, 700)),
      refusal(bomb(30_000, 30_000)),
      refusal(bomb(5_001, 5_000)),
      refusal(bomb(5_001, 2_500, 16)),
      refusal(bomb(100, 100_000)),
      picture(whole),
    ]);
    expect(answers.slice(0, 6)).to.deep.equal([
      '422 IMAGE_UNREADABLE',
      '422 IMAGE_UNREADABLE',
      '422 IMAGE_TOO_MANY_PIXELS',
      '422 IMAGE_TOO_MANY_PIXELS',
      '422 IMAGE_TOO_MANY_PIXELS',
      '422 IMAGE_UNREADABLE',
    ]);
    expect(Buffer.isBuffer(answers[6])).to.equal(true);
  });
});
