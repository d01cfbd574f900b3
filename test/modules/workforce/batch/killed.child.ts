import { Readable } from 'node:stream';
import { parseKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
import type { Database } from '../../../../src/platform/db/database.ts';
import type { FileStore } from '../../../../src/platform/storage/file-store.ts';
import { createFolderStore } from '../../../../src/platform/storage/folder.ts';
import { startApp } from '../../../support/app.ts';
import { openDatabase } from '../../../support/database.ts';
import { attemptIn } from './attempt.ts';
import type { Waiting } from './attempt.ts';

/** Where the process stands still, to be killed there: amid the file, amid the people. */
export type StandStill = 'reading' | 'adding';
export interface KilledOptions {
  readonly at: StandStill;
  readonly database: string;
  readonly folder: string;
  /** All rings of the test in one. */
  readonly keys: string;
  readonly waiting: Waiting;
}

const { at, database, folder, keys, waiting } = JSON.parse(process.argv[2]!) as KilledOptions;

const standStill = async (here: StandStill): Promise<void> => {
  if (here !== at) return;
  process.stdout.write('.');
  await new Promise(() => undefined);
};

const slowly = (files: FileStore): FileStore => ({
  ...files,
  get: async (key, options) => {
    const file = await files.get(key, options);
    async function* pieces(): AsyncGenerator {
      for await (const piece of file as AsyncIterable<Buffer>) {
        const half = piece.length / 2;
        yield piece.subarray(0, half);
        await standStill('reading');
        yield piece.subarray(half);
      }
    }
    return Readable.from(pieces());
  },
});

/** The commit tells how far it is by a unit of work beside its own. */
const standing = (db: Database): Database => {
  let running = 0;
  return {
    ...db,
    write: async (scope, work) => {
      running += 1;
      if (running === 2) await standStill('adding');
      const done = await db.write(scope, work);
      running -= 1;
      return done;
    },
  };
};

// A promise alone keeps no process alive.
setInterval(() => undefined, 1_000);
const ring = parseKeyRing(keys);
const files = slowly(await createFolderStore(folder));
let whole: Database | undefined;
const app = await startApp({
  database: openDatabase(database),
  observed: false,
  replace: ({ db }) => {
    whole = db;
    return { db: standing(db), files, keys: { data: ring, lookup: ring, signing: ring, chain: ring } };
  },
});
await attemptIn(app, whole)(waiting);
