import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StreamBody } from './route.ts';

/** A body of bytes, opened once it is sent. Whoever leaves in the middle is no fault of ours; nobody is there to be told. */
export const streamOf = (open: () => Readable | Promise<Readable>): StreamBody => ({
  stream: async (response) => {
    try {
      await pipeline(await open(), response);
    } catch (error) {
      if (!response.destroyed) throw error;
    }
  },
});
