import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the development issuer keeps its one document. */
export interface IssuerStore {
  load: () => Promise<string | undefined>;
  save: (text: string) => Promise<void>;
}

/** Forgets everything at the end of the process: for tests. Begins with `kept`, another issuer's document. */
export function memoryStore(kept?: string): IssuerStore {
  return {
    load: () => Promise.resolve(kept),
    save: (text) => {
      kept = text;
      return Promise.resolve();
    },
  };
}

/**
 * One file, `development-issuer.json`, readable by its owner only, in a folder that is made when it is missing.
 * Written beside and renamed, so that a crash leaves the old document or the new one, never half of one.
 * One process writes it; others may load it.
 */
export function fileStore(folder: string): IssuerStore {
  const path = join(folder, 'development-issuer.json');
  return {
    load: async () => {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    save: async (text) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const beside = `${path}.${process.pid}.new`;
      const file = await open(beside, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    },
  };
}

/** What another process keeps in `store`, and nothing written back. Throws when nothing is kept there yet. */
export function readOnly(store: IssuerStore): IssuerStore {
  return {
    load: async () => {
      const text = await store.load();
      if (text === undefined) throw new Error('The development issuer knows nobody here: start the demo first');
      return text;
    },
    save: () => Promise.resolve(),
  };
}
