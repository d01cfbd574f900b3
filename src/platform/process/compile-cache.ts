import { enableCompileCache, flushCompileCache } from 'node:module';
import { ownPath } from '../../root.ts';

/** Beside the packages, where only who may change the program writes: what lies there is run. */
const FOLDER = ownPath('node_modules/.cache/angelis');

/**
 * Keeps compiled code from one start to the next: half of the processor time of a start. For what is imported afterwards, so
 * called before anything else. `NODE_COMPILE_CACHE` names another folder; one that cannot be written is read only.
 */
export const keepCompiledCode = (): void => {
  enableCompileCache(FOLDER);
};

/** Writes what was compiled since: Node does so only where a process ends by itself, and servers are killed, too. */
export const writeCompiledCode = (): void => {
  flushCompileCache();
};
