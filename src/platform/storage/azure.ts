import { BlobServiceClient, RestError, type BlobItem } from '@azure/storage-blob';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { counted } from './counted.ts';
import { checkKey, checkPut, lastByte, StorageError, type FileStore } from './file-store.ts';

export interface AzureStoreOptions {
  /** Connection string of the storage account. */
  connectionString: string;
  /** The container that holds all files; made if it is not there. */
  container: string;
  /** Longest time of one request, in milliseconds. Default 30 000. */
  timeoutMs?: number;
  /** Tries of one request. Default 3. */
  tries?: number;
}

const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * A file store in a container of Azure Blob. A file of more than 4 MiB is sent in blocks, each after the last was taken, and appears
 * when the list of its blocks is committed together with its hash; blocks never committed are dropped by Azure. Of several such files
 * put under one key at once, those that are not the first to be committed may fail.
 */
export async function createAzureStore(options: AzureStoreOptions): Promise<FileStore> {
  const { connectionString, timeoutMs = 30_000, tries = 3 } = options;
  const service = BlobServiceClient.fromConnectionString(connectionString, {
    retryOptions: { maxTries: tries, tryTimeoutInMs: timeoutMs, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 },
  });
  const container = service.getContainerClient(options.container);
  const deadline = () => ({ abortSignal: AbortSignal.timeout(timeoutMs * tries) });
  await answered(container.createIfNotExists(deadline()));

  const blobOf = (key: string) => {
    checkKey(key);
    return container.getBlockBlobClient(key);
  };

  return {
    async put(key, source, putOptions) {
      try {
        checkPut(key, putOptions);
        const blob = blobOf(key);
        const { chunks, result } = counted(source, putOptions.maxBytes);
        const upload = randomUUID();
        const blockIds: string[] = [];
        const stage = async (block: Buffer) => {
          const id = Buffer.from(`${upload}-${String(blockIds.length).padStart(6, '0')}`).toString('base64');
          await answered(blob.stageBlock(id, block, block.length, deadline()));
          blockIds.push(id);
        };
        let last: Buffer = Buffer.alloc(0);
        for await (const block of inBlocks(chunks)) {
          if (last.length > 0) await stage(last);
          last = block;
        }
        const done = result();
        const known = {
          ...deadline(),
          blobHTTPHeaders: { blobContentType: putOptions.contentType },
          metadata: { sha256: done.sha256 },
        };
        if (blockIds.length === 0) {
          await answered(blob.upload(last, last.length, known));
        } else {
          await stage(last);
          await answered(blob.commitBlockList(blockIds, known));
        }
        return done;
      } catch (error) {
        source.destroy();
        throw error;
      }
    },

    async get(key, { range } = {}) {
      const blob = blobOf(key);
      const found = await unlessMissing(blob.getProperties(deadline()));
      if (!found) throw new StorageError('not_found', `there is no file ${key}`);
      const size = found.contentLength ?? 0;
      const start = range?.start ?? 0;
      const count = range ? lastByte(range, size) - start + 1 : size;
      if (count === 0) return Readable.from([]);
      // Held to the version that was measured: a file replaced in between is an error, never a mixture.
      const conditions = { ifMatch: found.etag };
      const { readableStreamBody } = await answered(
        blob.download(start, count, { conditions, maxRetryRequests: tries }),
      );
      return Readable.from(readableStreamBody ?? [], { objectMode: false });
    },

    async stat(key) {
      const found = await unlessMissing(blobOf(key).getProperties(deadline()));
      if (!found) return undefined;
      return {
        size: found.contentLength ?? 0,
        contentType: found.contentType ?? 'application/octet-stream',
        sha256: found.metadata?.sha256 ?? '',
        modifiedAt: found.lastModified ?? new Date(0),
      };
    },

    async remove(key) {
      await answered(blobOf(key).deleteIfExists(deadline()));
    },

    async *list(prefix) {
      try {
        for await (const item of container.listBlobsFlat({ prefix })) yield entryOf(item);
      } catch (error) {
        throw asStorageError(error);
      }
    },
  };
}

function entryOf({ name, properties }: BlobItem) {
  return { key: name, size: properties.contentLength ?? 0, modifiedAt: properties.lastModified };
}

/** Joins chunks into blocks of 4 MiB, the last one shorter. */
async function* inBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < BLOCK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(waiting);
}

async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof RestError && error.statusCode === 404) return undefined;
    throw asStorageError(error);
  }
}

async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw asStorageError(error);
  }
}

/** A request that found nobody, or took too long, or met a store in trouble; everything else stays the error it was. */
function asStorageError(error: unknown): unknown {
  const isOut =
    error instanceof RestError
      ? error.statusCode === undefined || error.statusCode === 429 || error.statusCode >= 500
      : error instanceof Error && error.name === 'AbortError';
  return isOut ? new StorageError('unavailable', 'the file store does not answer', { cause: error }) : error;
}
