// The demo, started again when a file that it reads changes, however it was saved: npm run dev.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'chokidar';

const changes = watch(['src', 'locales', 'migrations', 'seeders'], { ignoreInitial: true });
const stopped = new AbortController();

/** Runs the demo until it ends; when a file changes, from the start again, once what ran before is gone. */
const run = async (): Promise<void> => {
  const changed = once(changes, 'all', { signal: stopped.signal });
  const demo = spawn(process.execPath, ['--env-file=config/node.env', 'src/cli.ts', 'demo', ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  const stop = (): void => void demo.kill();
  // Stopped by a signal or started again: the demo ends first.
  changed.then(stop, stop);
  await once(demo, 'exit');
  await changed;
  await run();
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort());
await once(changes, 'ready');
await run().catch((error: unknown) => {
  if (!stopped.signal.aborted) throw error;
});
await changes.close();
