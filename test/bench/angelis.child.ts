// The whole system as a process of production composes it: logging to a file, no check of its own answers.
import { pino } from 'pino';
import { logTo } from '../../src/platform/telemetry/logger.ts';
import { startApp } from '../support/app.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { report } from './child.ts';
import { startProfile } from './layers.ts';

const { BENCH_DATABASE, BENCH_COMPANY } = process.env as { BENCH_DATABASE: string; BENCH_COMPANY: string };

const database = openDatabase(BENCH_DATABASE);
const app = await startApp({
  database,
  observed: false,
  checkResponses: false,
  log: pino({ level: 'info' }, logTo('/dev/null').stream),
});
const person = await addPerson(app, { companyId: BENCH_COMPANY, roles: ['admin'] });
const supervisor = await addPerson(app, { companyId: BENCH_COMPANY, roles: ['supervisor'] });
const client = await database.superuser();
await client.query(
  `insert into reporting_closure (company_id, superior_id, subordinate_id, depth)
   select $1, $2, p.id, 1 from (select id from bench_profile where company_id = $1 order by n limit 25) p`,
  [BENCH_COMPANY, supervisor.profileId],
);
const { rows } = await client.query<{ id: string }>(
  'select id from bench_profile where company_id = $1 order by n limit 1',
  [BENCH_COMPANY],
);
await client.end();
let stop: Awaited<ReturnType<typeof startProfile>> | undefined;

report(
  {
    url: `${app.url}/angelis/admin/profile`,
    board: { url: `${app.url}/angelis/supervisor/board`, bearer: await supervisor.bearer() },
    profileId: rows[0]!.id,
    bearer: await person.bearer(),
    jwksUri: app.identityProvider.jwksUri,
    issuer: app.identityProvider.issuer,
  },
  {
    profile: async () => {
      stop = await startProfile();
      return {};
    },
    layers: async () => stop!(),
  },
);
