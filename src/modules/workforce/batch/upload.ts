import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { Problem } from '../../../platform/problem.ts';
import { StorageError } from '../../../platform/storage/file-store.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';

/** Most bytes of one file. */
const MOST_BYTES = 50 * 1024 * 1024;

const tooLarge = (): Problem =>
  new Problem(413, 'BATCH_FILE_TOO_LARGE', { params: { limit: MOST_BYTES / 1024 / 1024 } });

/**
 * Stores the one file of a multipart form, field `file`, as it comes in: memory stays flat. Answers its name. Throws 415 for
 * what is no multipart form, 400 for one that is cut off, 413 for one that is too large, 422 without the file or with
 * other fields.
 */
export const storeUpload = (
  request: IncomingMessage,
  files: Pick<FileStore, 'put' | 'remove'>,
  key: string,
): Promise<string> => {
  const form = ((): busboy.Busboy => {
    try {
      return busboy({ headers: request.headers, limits: { files: 1, fields: 10, fileSize: MOST_BYTES } });
    } catch (error) {
      throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', { cause: error });
    }
  })();
  const unreadable = (cause: unknown): Problem => new Problem(400, 'BODY_UNREADABLE', { cause });
  const put = async (file: Readable): Promise<void> => {
    try {
      await files.put(key, file, { contentType: 'text/csv', maxBytes: MOST_BYTES });
    } catch (error) {
      if (error instanceof StorageError && error.code === 'too_large') throw tooLarge();
      throw error;
    }
  };
  return new Promise<string>((resolve, reject) => {
    let stored: Promise<string> | undefined;
    const fail = (error: unknown): void => {
      request.unpipe(form);
      request.resume();
      reject(error instanceof Error ? error : unreadable(error));
    };
    form.on('file', (field, file, { filename }) => {
      file.on('error', (error) => fail(unreadable(error)));
      if (field !== 'file' || stored !== undefined) {
        file.resume();
        return;
      }
      file.on('limit', () => file.destroy(tooLarge()));
      const done = put(file).then(() => filename ?? '');
      done.catch(fail);
      stored = done;
    });
    form.on('field', (name) => {
      const unknown = [{ pointer: `/${name}`, code: 'additionalProperties', in: 'body' as const }];
      fail(new Problem(422, 'INVALID', { errors: unknown }));
    });
    form.on('error', (error) => fail(unreadable(error)));
    request.on('aborted', () => form.destroy(new Error('the request was cut off')));
    form.on('close', () => {
      const missing = [{ pointer: '/file', code: 'required', in: 'body' as const }];
      if (stored === undefined) fail(new Problem(422, 'BATCH_FILE_MISSING', { errors: missing }));
      else stored.then(resolve, reject);
    });
    request.pipe(form);
  });
};
