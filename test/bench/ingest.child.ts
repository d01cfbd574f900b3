// Results from the table of SaferApp to their level, what they were required for, and the rows of the change log.
import { expect } from 'chai';
import { pino } from 'pino';
import { createSourceOwners } from '../../src/platform/access/source-owners.ts';
import { createIngest } from '../../src/modules/fitness/ingest/ingest.ts';
import { createQuarantine } from '../../src/modules/fitness/ingest/quarantine.ts';
import { createIntake } from '../../src/modules/fitness/intake/intake.ts';
import * as policies from '../../src/modules/fitness/policies.reads.ts';
import { OPERATOR_COMPANY, systemScope } from '../../src/platform/db/scope.ts';
import { createValidator } from '../../src/platform/schema/validator.ts';
import { wireFitnessCases } from '../../src/wiring/fitness-cases.ts';
import { openSources } from '../../src/wiring/sources.ts';
import type { EmbeddedSources } from '../../src/modules/fitness/sources/embedded.ts';
import { startApp } from '../support/app.ts';
import { openDatabase } from '../support/database.ts';
import { done } from './child.ts';

const { BENCH_DATABASE, BENCH_SOURCES, BENCH_ROWS } = process.env as Record<string, string>;

const app = await startApp({ database: openDatabase(BENCH_DATABASE!), observed: false, checkResponses: false });
const { platform } = app;
const { outcome } = wireFitnessCases(platform, { notices: [] });
const intake = createIntake({ ...platform, outcome, policies });
const log = pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true }));
const ingest = createIngest({
  ...platform,
  owners: createSourceOwners(platform.system),
  intake,
  quarantine: createQuarantine(platform.keys.data),
  log,
});
const urls = JSON.parse(BENCH_SOURCES!) as EmbeddedSources;
const { sources } = openSources({ SOURCE_TIMEOUT_SECONDS: 30 }, urls, log, createValidator());

await done(async () => {
  const scope = systemScope(OPERATOR_COMPANY, 'bench', '0'.repeat(32));
  const { taken, quarantined } = await ingest.run(sources[0]!, scope, new AbortController().signal);
  expect([taken, quarantined]).to.deep.equal([Number(BENCH_ROWS), 0]);
  return { taken: [taken] };
});
