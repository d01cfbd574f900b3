import { Transform } from 'node:stream';
import type { FileStore } from '../../../src/platform/storage/file-store.ts';
import { openExportNode } from './export-node.ts';
import type { ExportNodeOptions } from './export-node.ts';

/** Writes an export and prints how far the resident memory rose after the first megabyte of the file. */
const { companyId, outboxId, ...options } = JSON.parse(process.argv[2]!) as ExportNodeOptions & {
  companyId: string;
  outboxId: string;
};
let bytes = 0;
let base = 0;
let peak = 0;

const measured = (files: FileStore): FileStore => ({
  ...files,
  put: (key, source, put) => {
    const meter = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        bytes += chunk.length;
        const memory = process.memoryUsage.rss();
        if (bytes < 1_000_000) base = memory;
        peak = Math.max(peak, memory);
        done(null, chunk);
      },
    });
    return files.put(key, source.pipe(meter), put);
  },
});

const node = await openExportNode(options, measured);
await node.attempt(companyId, outboxId);
await node.close();
process.stdout.write(JSON.stringify({ bytes, grownMb: (peak - base) / 1024 / 1024 }));
