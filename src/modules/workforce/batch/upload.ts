import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { Problem } from '../../../platform/problem.ts';
import { StorageError } from '../../../platform/storage/file-store.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';

/** Most bytes of one file, and of what a form says around it. */
const MOST_BYTES = 50 * 1024 * 1024;
const MOST_AROUND = 64 * 1024;
const LONGEST_NAME = 200;

const tooLarge = (): Problem =>
  new Problem(413, 'BATCH_FILE_TOO_LARGE', { params: { limit: MOST_BYTES / 1024 / 1024 } });
const unreadable = (cause: unknown): Problem => new Problem(400, 'BODY_UNREADABLE', { cause });
const invalid = (pointer: string): Problem =>
  new Problem(422, 'INVALID', { errors: [{ pointer, code: 'additionalProperties', in: 'body' }] });
const missing = (): Problem =>
  new Problem(422, 'BATCH_FILE_MISSING', { errors: [{ pointer: '/file', code: 'required', in: 'body' }] });

/** A name that is only text: no path, nothing that is not seen or turns the writing around. */
const plainName = (name: string): string => {
  const base = name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').replace(/^.*[/\\]/u, '');
  const short = base.slice(0, LONGEST_NAME).toWellFormed().trim();
  return /[^.\s]/u.test(short) ? short : 'file.csv';
};

export interface StoredFile {
  readonly fileName: string;
  readonly size: number;
}

const openForm = (request: IncomingMessage): busboy.Busboy => {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      limits: { files: 1, fields: 10, fileSize: MOST_BYTES },
    });
  } catch (error) {
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', { cause: error });
  }
};

/**
 * Stores the one file of a multipart form, field `file`, as it comes in: memory stays flat. Throws 415 for
 * what is no multipart form, 400 for one that is cut off, 413 for one that is too large or says so, 422 without the file or
 * with anything else; nothing is stored then.
 */
export const storeUpload = async (
  request: IncomingMessage,
  files: Pick<FileStore, 'put' | 'remove'>,
  key: string,
): Promise<StoredFile> => {
  let stored: Promise<StoredFile> | undefined;
  const put = async (file: Readable, name: string): Promise<StoredFile> => {
    try {
      const { size } = await files.put(key, file, { contentType: 'text/csv', maxBytes: MOST_BYTES });
      return { fileName: plainName(name), size };
    } catch (error) {
      throw error instanceof StorageError && error.code === 'too_large' ? tooLarge() : error;
    }
  };
  const receive = (form: busboy.Busboy): Promise<StoredFile> =>
    new Promise((resolve, reject) => {
      form.on('file', (field, file, { filename }) => {
        file.on('error', (error) => reject(unreadable(error)));
        if (field !== 'file') {
          reject(missing());
          return;
        }
        file.on('limit', () => file.destroy(tooLarge()));
        stored = put(file, filename ?? '');
        stored.catch(reject);
      });
      form.on('filesLimit', () => reject(invalid('/file')));
      form.on('field', (name) => reject(invalid(`/${name}`)));
      form.on('error', (error) => reject(unreadable(error)));
      request.on('aborted', () => form.destroy(new Error('the request was cut off')));
      form.on('close', () => {
        if (stored === undefined) reject(missing());
        else stored.then(resolve, reject);
      });
      request.pipe(form);
    });
  if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES + MOST_AROUND) throw tooLarge();
  const form = openForm(request);
  try {
    return await receive(form);
  } catch (error) {
    request.unpipe(form);
    form.destroy();
    if (stored !== undefined) {
      await stored.catch(() => undefined);
      await files.remove(key);
    }
    throw error;
  }
};
