import { pino } from 'pino';
import { createKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
import { createDatabase } from '../../../../src/platform/db/database.ts';
import { createPool } from '../../../../src/platform/db/pool.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { createValidator } from '../../../../src/platform/schema/validator.ts';
import { openSources } from '../../../../src/wiring/sources.ts';
import type { EmbeddedSources } from '../../../../src/modules/fitness/sources/embedded.ts';
import { buildIngest } from './harness.ts';

interface Config {
  readonly app: string;
  readonly system: string;
  readonly sources: EmbeddedSources;
  readonly key: string;
}

/** A process that reads SaferApp until it is killed; says `read` after each run. */
const { app, system, sources, key } = JSON.parse(process.env['INGEST_CHILD'] ?? '') as Config;
const onError = () => undefined;
const pool = (url: string) => createPool({ url, max: 2, applicationName: 'child', statementTimeout: 30_000, onError });
const writer = pool(app);
const now = () => new Date();
const db = createDatabase({ writer, reader: writer, now });
const keys = createKeyRing([{ id: 'k1', bytes: Buffer.from(key, 'base64') }]);
const { ingest } = buildIngest({ db, system: pool(system), keys, now, onResults: () => Promise.resolve() });
const open = openSources({ SOURCE_TIMEOUT_SECONDS: 5 }, sources, pino({ level: 'silent' }), createValidator());
const [safer] = open.sources;
if (safer === undefined) throw new Error('no source');
const scope = systemScope(OPERATOR_COMPANY, 'child', '0'.repeat(32));
for (;;) {
  await ingest.run(safer, scope, new AbortController().signal);
  process.stdout.write('read\n');
}
