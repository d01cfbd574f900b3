import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { writeCompiledCode } from '../../src/platform/process/compile-cache.ts';

/**
 * Runs a file in a process of its own, with `options` as JSON, and kills it (SIGKILL) where it stands still: it says so by
 * writing anything. Throws when it ends by itself.
 */
export const killWhereItStands = async (file: URL, options: object): Promise<void> => {
  // It loads the same program, which would be compiled anew; and being killed, it leaves nothing for the next.
  writeCompiledCode();
  const child = spawn(process.execPath, [fileURLToPath(file), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the process ended before it stood still');
    }),
  ]);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};
