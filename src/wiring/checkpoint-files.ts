import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { CheckpointStore } from '../platform/change/checkpoints.ts';
import { StorageError } from '../platform/storage/file-store.ts';
import type { FileStore } from '../platform/storage/file-store.ts';

const MAX_BYTES = 4_096;

/** The chain's checkpoints among the other files. */
export const checkpointFiles = (files: FileStore): CheckpointStore => ({
  put: async (name, content) => {
    await files.put(name, Readable.from([content]), { contentType: 'application/json', maxBytes: MAX_BYTES });
  },
  get: async (name) => {
    try {
      return await text(await files.get(name));
    } catch (error) {
      if (error instanceof StorageError && error.code === 'not_found') return undefined;
      throw error;
    }
  },
  list: (prefix) => Array.fromAsync(files.list(prefix), ({ key }) => key),
});
