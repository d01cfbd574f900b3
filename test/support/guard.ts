import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

// Reads until this process is gone, however it ended: then the group is interrupted.
const SCRIPT = 'read -r done || kill -s INT -- "-$1"';

/** Ends the group of a child that was started `detached`, should this process end before it. */
export const endWithUs = (child: ChildProcess): void => {
  const guard = spawn('/bin/sh', ['-c', SCRIPT, 'sh', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.stdin.on('error', () => undefined);
  guard.unref();
  child.once('exit', () => guard.stdin.end('done\n'));
};
