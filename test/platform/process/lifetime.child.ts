// Run as a process of its own by the tests, to be sent signals: node lifetime.child.ts SCENARIO
import { setTimeout as sleep } from 'node:timers/promises';
import { createLifetime } from '../../../src/platform/process/lifetime.ts';
import { createLogging } from '../../../src/platform/telemetry/logger.ts';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const { log, close } = await createLogging({ level: 'info' });
const lifetime = createLifetime({ log, drainSeconds: 2, flush: close });
lifetime.obeySignals();
await lifetime.start(
  'database',
  () => say('database up'),
  () => say('database down'),
);

const scenarios: Readonly<Record<string, () => Promise<void> | void>> = {
  orderly: async () => {
    await lifetime.start('web', () => setInterval(() => undefined, 1000), clearInterval);
  },
  hanging: async () => {
    await lifetime.start(
      'web',
      () => undefined,
      async (_part, cut) => {
        say(`web stops, cut ${cut.aborted}`);
        cut.addEventListener('abort', () => say('web cut'));
        await sleep(60_000);
      },
    );
  },
  throwing: () => {
    setImmediate(() => {
      throw new Error('nobody caught me');
    });
  },
  rejecting: () => {
    void Promise.reject(new Error('nobody caught me'));
  },
};
await scenarios[process.argv[2] ?? '']?.();
say('ready');
process.send?.('ready');
await sleep(30_000);
