import { setTimeout as sleep } from 'node:timers/promises';
import type { Urls } from '../../platform/jobs/harness.ts';
import { createDeliveryProcess } from './delivery.process.ts';

const urls = JSON.parse(process.argv[2]!) as Urls;

/** A process that mails until it is killed; it names each Message-ID before the carrier answers. */
const { node } = createDeliveryProcess(urls, {
  send: async ({ messageId }) => {
    process.stdout.write(`${messageId}\n`);
    await sleep(20);
    return { providerId: messageId };
  },
});
await node.start();
