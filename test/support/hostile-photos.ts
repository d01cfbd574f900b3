import { gzipSync } from 'node:zlib';
import { chunked } from './hostile-uploads.ts';
import type { Fate, HostileUpload } from './hostile-uploads.ts';
import { bomb, notPictures, photo } from './pictures.ts';

const MEGABYTE = 1024 * 1024;
const JPEG = 'Content-Type: image/jpeg';

const upload = (name: string, fate: Fate, body: Iterable<Buffer>, ...head: readonly string[]): HostileUpload => ({
  name,
  method: 'PUT',
  fate,
  head,
  body,
});
const whole = (name: string, bytes: Buffer, ...more: readonly string[]): HostileUpload =>
  upload(name, 'refused', [bytes], JPEG, `Content-Length: ${bytes.length}`, ...more);

/** Photos that mean no good, as they go over the wire: none is taken. */
export const hostilePhotos = async (): Promise<readonly HostileUpload[]> => {
  const good = await photo(100, 400);
  const form = Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'), good]);
  return [
    ...Object.entries(await notPictures()).map(([name, bytes]) => whole(name, bytes)),
    whole('image of 65535 by 65535', bomb(65_535, 65_535)),
    whole('image that is not as large as it says', bomb(2_000, 2_000)),
    whole('half a JPEG', good.subarray(0, good.length / 2)),
    whole('form with an image', form),
    whole('compressed image', gzipSync(good), 'Content-Encoding: gzip'),
    whole('nothing', Buffer.alloc(0)),
    whole('6 MB', Buffer.concat([good, Buffer.alloc(6 * MEGABYTE)])),
    upload('10 GB, as it says', 'refused', [Buffer.alloc(MEGABYTE)], JPEG, `Content-Length: ${10 * 1024 * MEGABYTE}`),
    upload('two lengths', 'refused', [good], JPEG, 'Content-Length: 10', 'Content-Length: 9'),
    upload(
      'chunks that never end',
      'refused',
      chunked(good, Buffer.alloc(MEGABYTE), 6),
      JPEG,
      'Transfer-Encoding: chunked',
    ),
    upload('shorter than it says', 'cut', [good], JPEG, 'Content-Length: 1000000'),
    {
      ...upload(
        'a byte now and then',
        'cut',
        [good.subarray(0, -20), ...Array.from({ length: 10 }, (_byte, at) => good.subarray(at - 20, at - 19))],
        JPEG,
        `Content-Length: ${good.length}`,
      ),
      pause: 50,
    },
  ];
};
