import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { counted } from './counted.ts';
import { checkKey, checkPut, lastByte, StorageError, type FileStat, type FileStore } from './file-store.ts';

/** What is known of a file stands behind its bytes in a block of this size, so that one rename publishes both. */
const TRAILER_BYTES = 256;
/** Where files grow; no key can name it. What a killed process left there is removed after a day. */
const GROWING = '.growing';
const LEFTOVER_MS = 24 * 60 * 60 * 1000;
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ERR_FS_EISDIR']);
const OCCUPIED = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY']);

type Trailer = Pick<FileStat, 'contentType' | 'sha256'>;

/** A file store in a folder of a local disk. Files are synced, then renamed into place: whole, or not there. */
export async function createFolderStore(folder: string): Promise<FileStore> {
  const growing = join(folder, GROWING);
  await mkdir(growing, { recursive: true });
  await removeLeftovers(growing);

  const pathOf = (key: string) => {
    checkKey(key);
    return join(folder, ...key.split('/'));
  };

  return {
    async put(key, source, options) {
      const path = join(growing, randomUUID());
      try {
        checkPut(key, options);
        const { chunks, result } = counted(source, options.maxBytes);
        await pipeline(chunks, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
        const done = result();
        await writeTrailer(path, { contentType: options.contentType, sha256: done.sha256 });
        await publish(path, pathOf(key));
        return done;
      } catch (error) {
        source.destroy();
        await rm(path, { force: true });
        throw error;
      }
    },

    async get(key, { range } = {}) {
      const file = await openFile(pathOf(key));
      if (!file) throw new StorageError('not_found', `there is no file ${key}`);
      try {
        const size = (await file.stat()).size - TRAILER_BYTES;
        const [start, end] = range ? [range.start, lastByte(range, size)] : [0, size - 1];
        // The stream reads the handle opened above: a file that is replaced meanwhile is never mixed with its successor.
        if (size > 0) return file.createReadStream({ start, end });
        await file.close();
        return Readable.from([]);
      } catch (error) {
        await file.close();
        throw error;
      }
    },

    async stat(key) {
      const file = await openFile(pathOf(key));
      if (!file) return undefined;
      try {
        const { size, mtime } = await file.stat();
        const trailer = await readTrailer(file, size - TRAILER_BYTES);
        return { ...trailer, size: size - TRAILER_BYTES, modifiedAt: mtime };
      } finally {
        await file.close();
      }
    },

    async remove(key) {
      await rm(pathOf(key), { force: true }).catch(unlessMissing);
    },

    list: (prefix) => walk(folder, '', prefix),
  };
}

async function removeLeftovers(growing: string): Promise<void> {
  for (const name of await readdir(growing)) {
    const path = join(growing, name);
    const left = await stat(path).catch(unlessMissing);
    if (left && left.mtimeMs < Date.now() - LEFTOVER_MS) await rm(path, { force: true });
  }
}

async function writeTrailer(path: string, trailer: Trailer): Promise<void> {
  const file = await open(path, 'a');
  try {
    await file.appendFile(JSON.stringify(trailer).padEnd(TRAILER_BYTES));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readTrailer(file: FileHandle, position: number): Promise<Trailer> {
  const { buffer } = await file.read(Buffer.alloc(TRAILER_BYTES), 0, TRAILER_BYTES, position);
  const trailer: unknown = JSON.parse(buffer.toString('utf8'));
  if (isTrailer(trailer)) return trailer;
  throw new Error('a file of the store has been changed from outside: restore it from a backup');
}

function isTrailer(value: unknown): value is Trailer {
  return typeof value === 'object' && value !== null && 'contentType' in value && 'sha256' in value;
}

async function publish(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  } catch (error) {
    if (!OCCUPIED.has(codeOf(error))) throw error;
    throw new StorageError(
      'bad_key',
      'a part of the file key is taken: by a file where a folder is needed, or the reverse',
    );
  }
  // Windows opens no folders; there, a rename is durable without it.
  if (process.platform === 'win32') return;
  const parent = await open(dirname(to), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, 'r').catch(unlessMissing);
  if (!file || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

async function* walk(folder: string, base: string, prefix: string): ReturnType<FileStore['list']> {
  const entries = (await readdir(join(folder, base), { withFileTypes: true }))
    .filter(({ name }) => !name.startsWith('.'))
    .map((entry) => ({ folder: entry.isDirectory(), key: base + entry.name + (entry.isDirectory() ? '/' : '') }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const entry of entries) {
    if (entry.folder && (entry.key.startsWith(prefix) || prefix.startsWith(entry.key)))
      yield* walk(folder, entry.key, prefix);
    if (entry.folder || !entry.key.startsWith(prefix)) continue;
    const found = await stat(join(folder, entry.key)).catch(unlessMissing);
    if (found) yield { key: entry.key, size: found.size - TRAILER_BYTES, modifiedAt: found.mtime };
  }
}

function unlessMissing(error: unknown): undefined {
  if (!MISSING.has(codeOf(error))) throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
