// Run as a process of its own by the tests, to be killed: starts a server, says where, and waits.
import { startEmbeddedPostgres } from '../../../src/platform/embedded/postgres.ts';

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('usage: postgres.child.ts FOLDER');
const server = await startEmbeddedPostgres({ dataDir, durable: false, log: (message) => console.error(message) });
console.log(server.superuserUrl('postgres'));
setInterval(() => undefined, 60_000);
