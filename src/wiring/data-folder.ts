import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../platform/errors.ts';

/** All that embedded mode and local storage keep in DATA_DIR. */
const OURS = ['secrets.json', 'running.json', 'postgres', 'issuer', 'files'];

/** Removes what Angelis keeps in its folder. Throws, having removed nothing, when anything else is there. */
export const removeData = async (dataDir: string): Promise<void> => {
  let found: string[];
  try {
    found = await readdir(dataDir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw new Error(`DATA_DIR ${dataDir} cannot be read: set DATA_DIR to a folder of your own.`, { cause: error });
  }
  const foreign = found.filter((name) => !OURS.includes(name));
  const isUnmarked = found.length > 0 && !found.includes('secrets.json');
  if (foreign.length > 0 || isUnmarked) {
    const what = (foreign.length > 0 ? foreign : found).slice(0, 3).join(', ');
    throw new Error(
      `DATA_DIR ${dataDir} is not the folder of a demo alone (it has ${what}): nothing was removed. Take that away, or set another DATA_DIR.`,
    );
  }
  // The mark goes last: a removal that is interrupted can be begun again.
  for (const name of found.toSorted((a, b) => Number(a === 'secrets.json') - Number(b === 'secrets.json')))
    await rm(join(dataDir, name), { recursive: true, force: true });
};
