import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { StorageError } from './file-store.ts';

/** The bytes of a source, counted, hashed and limited on their way. */
export interface Counted {
  /** The chunks of the source; throws StorageError `too_large` beyond the limit. Leaving it early destroys the source. */
  chunks: AsyncIterable<Buffer>;
  /** Size in bytes and SHA-256 in hexadecimal, once all chunks have passed. */
  result: () => { size: number; sha256: string };
}

export function counted(source: Readable, maxBytes: number): Counted {
  const hash = createHash('sha256');
  let size = 0;
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      const chunk = Buffer.from(piece);
      size += chunk.length;
      if (size > maxBytes) throw new StorageError('too_large', `the file has more than the ${maxBytes} bytes allowed`);
      hash.update(chunk);
      yield chunk;
    }
  }
  return { chunks: pass(), result: () => ({ size, sha256: hash.digest('hex') }) };
}
