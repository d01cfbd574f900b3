import { Readable } from 'node:stream';
import type { FileStore } from '../../../src/platform/storage/file-store.ts';
import { openExportNode } from './export-node.ts';
import type { ExportNodeOptions } from './export-node.ts';

/** Where the process stands still, to be killed there. */
export type StandStill = 'writing' | 'stored' | 'offered';
export interface KilledOptions extends ExportNodeOptions {
  readonly at: StandStill;
  readonly companyId: string;
  readonly outboxId: string;
}

const options = JSON.parse(process.argv[2]!) as KilledOptions;

const standStill = async (at: StandStill): Promise<void> => {
  if (at !== options.at) return;
  process.stdout.write('.');
  await new Promise(() => undefined);
};

const standing = (files: FileStore): FileStore => ({
  ...files,
  put: async (key, source, put) => {
    async function* slowly(): AsyncGenerator {
      for await (const chunk of source) {
        await standStill('writing');
        yield chunk;
      }
    }
    const stored = await files.put(key, Readable.from(slowly()), put);
    await standStill('stored');
    return stored;
  },
  list: async function* list(prefix) {
    await standStill('offered');
    yield* files.list(prefix);
  },
});

// A promise alone keeps no process alive.
setInterval(() => undefined, 1_000);
const node = await openExportNode(options, standing);
await node.attempt(options.companyId, options.outboxId);
