import { setTimeout as sleep } from 'node:timers/promises';
import { job } from '../../../src/platform/jobs/definitions.ts';
import { createNode, leaveEffect } from './harness.ts';
import type { Urls } from './harness.ts';

const urls = JSON.parse(process.argv[2]!) as Urls;

/** A process that runs jobs until it is killed; it says of each that it began. */
const slow = job({
  name: 'test.kill.slow',
  inTransaction: async (tx, _payload, { id }) => {
    process.stdout.write('.');
    await leaveEffect(tx, id);
    await sleep(10);
  },
});
const outside = job({
  name: 'test.kill.outside',
  run: async () => {
    process.stdout.write('.');
    await sleep(10);
  },
});

await createNode(urls, { definitions: [slow, outside] }).start();
