// The whole system as a process of production composes it: logging to a file, no check of its own answers.
import { pino } from 'pino';
import { nationalIdHashes } from '../../src/modules/organization/profiles/national-id.ts';
import { logTo } from '../../src/platform/telemetry/logger.ts';
import { rutCheckDigit } from '../../src/platform/text/rut.ts';
import { startApp } from '../support/app.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import type { Readers } from './child.ts';
import { report } from './child.ts';
import { startProfile } from './layers.ts';

const { BENCH_DATABASE, BENCH_COMPANIES } = process.env as { BENCH_DATABASE: string; BENCH_COMPANIES: string };

const database = openDatabase(BENCH_DATABASE);
const app = await startApp({
  database,
  observed: false,
  checkResponses: false,
  log: pino({ level: 'info' }, logTo('/dev/null').stream),
});
const client = await database.superuser();

/** Who reads the pages of a company: its owner, and a supervisor of 25 of its people; their tokens are good for five minutes. */
const addReaders = async (companyId: string): Promise<() => Promise<Readers>> => {
  const owner = await addPerson(app, { companyId, roles: ['owner'] });
  const supervisor = await addPerson(app, { companyId, roles: ['supervisor'] });
  const { rows } = await client.query<{ id: string }>(
    `insert into reporting_closure (company_id, superior_id, subordinate_id, depth)
     select $1, $2, p.id, 1 from (select id from bench_profile where company_id = $1 order by n limit 25) p
     returning subordinate_id as id`,
    [companyId, supervisor.profileId],
  );
  const ruts = await addRuts(companyId);
  return async () => ({
    owner: await owner.bearer(),
    supervisor: await supervisor.bearer(),
    profileId: rows[0]!.id,
    ruts,
  });
};

/** Gives a hundred people of a company a RUT; what it is sealed as is not read. */
const addRuts = async (companyId: string): Promise<string[]> => {
  const ruts = Array.from({ length: 100 }, (_rut, n) => {
    const body = String(11_000_000 + n * 37);
    return `${body}-${rutCheckDigit(body)}`;
  });
  const hashes = ruts.map((rut) => nationalIdHashes(app.platform.keys.lookup, companyId, 'RUT', rut)[0]);
  await client.query(
    `update profile p set national_id_hash = r.hash from unnest($2::text[]) with ordinality r(hash, nth),
       (select id, row_number() over (order by id) as nth from bench_profile where company_id = $1) b
     where p.company_id = $1 and p.id = b.id and b.nth = r.nth`,
    [companyId, hashes],
  );
  return ruts;
};

const added: (() => Promise<Readers>)[] = [];
for (const companyId of BENCH_COMPANIES.split(',')) added.push(await addReaders(companyId));
const readers = () => Promise.all(added.map((fresh) => fresh()));
await client.end();
let stop: Awaited<ReturnType<typeof startProfile>> | undefined;

report(
  {
    url: `${app.url}/angelis`,
    jwksUri: app.identityProvider.jwksUri,
    issuer: app.identityProvider.issuer,
  },
  {
    readers,
    profile: async () => {
      stop = await startProfile();
      return {};
    },
    layers: async () => stop!(),
  },
);
