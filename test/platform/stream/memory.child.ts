// The server side of the memory test: a hub behind HTTP in a process of its own, measured on demand.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDatabase } from '../../../src/platform/db/database.ts';
import { createPool } from '../../../src/platform/db/pool.ts';
import { createSystemQuery } from '../../../src/platform/db/system-query.ts';
import { createEventSource } from '../../../src/platform/stream/events.ts';
import { startHub } from '../../../src/platform/stream/hub.ts';

const onError = (error: unknown) => {
  throw error;
};
const pool = (url: string) => createPool({ url, max: 4, applicationName: 'test', statementTimeout: 30_000, onError });
const [appUrl, systemUrl] = process.argv.slice(2) as [string, string];
const app = pool(appUrl);
const now = () => new Date();
const db = createDatabase({ writer: app, reader: app, now });
const system = pool(systemUrl);
const hub = startHub({
  system,
  source: {
    ...createEventSource(db, createSystemQuery(system, 'streams'), now),
    holding: (_companyId, sessions) => Promise.resolve(sessions.map(() => true)),
  },
  onError,
  pollEvery: 20,
  checkEvery: 200,
});
const server = createServer((request, response) => {
  const [, companyId, profileId] = request.url!.split('/') as [string, string, string];
  hub.openStream({ response, companyId, profileId, session: { id: profileId, epoch: 1 } }).catch(onError);
});
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on('message', () => {
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  process.send!({ bytes: heapUsed + external, streams: hub.count() });
});
process.on('disconnect', () => process.exit());
