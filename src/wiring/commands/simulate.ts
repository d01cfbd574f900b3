import { randomBytes } from 'node:crypto';
import { Option } from 'commander';
import type { Command } from 'commander';
import type pg from 'pg';
import { createSourceFeeder } from '../../modules/fitness/sources/feeder.ts';
import { simulate, SIMULATED_KINDS } from '../../modules/fitness/sources/simulate.ts';
import type { SimulatedKind } from '../../modules/fitness/sources/simulate.ts';
import { createDatabase } from '../../platform/db/database.ts';
import { createPool } from '../../platform/db/pool.ts';
import { systemScope } from '../../platform/db/scope.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import { readRunning } from '../running-note.ts';
import { applicationName, withDatabase, withSystemPool } from './database-access.ts';

interface SimulateOptions {
  readonly kind: SimulatedKind;
  readonly profile: string;
}

interface Subject {
  readonly companyId: string;
  readonly companyCode: string;
  readonly personCode: string;
  readonly deviceSerial: string | null;
  readonly name: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** How SaferApp knows a profile: the company's code, the person's number there. */
const SUBJECT = `select f.company_id as "companyId", s.code as "companyCode", l.external_id as "personCode",
    f.first_name || ' ' || f.last_name as name
  from profile f
  join system_link l on l.company_id = f.company_id and l.profile_id = f.id and l.system = 'SAFER' and l.deleted_at is null
  join source_company s on s.source = 'SAFER' and s.company_id = f.company_id and s.deleted_at is null
  where f.id = $1 and f.deleted_at is null limit 1`;

/** The kiosk on which somebody would take the test: of their site, else any of the company. */
const KIOSK = `select d.serial from device d
  join profile f on f.company_id = $1 and f.id = $2
  where d.company_id = $1 and d.kind = 'kiosk' and d.status = 'active' and d.deleted_at is null
  order by d.site_id is distinct from f.site_id, d.calibration_due_at > statement_timestamp() desc nulls last, d.serial
  limit 1`;

const kioskOf = (companyId: string, profile: string): Promise<string | null> =>
  withDatabase(readSettings(process.env), async ({ app: url }) => {
    const pool = createPool({ url, max: 1, statementTimeout: 10_000, applicationName, onError: () => undefined });
    const db = createDatabase({ writer: pool, reader: pool, now: () => new Date() });
    try {
      const scope = systemScope(companyId, 'simulate', randomBytes(16).toString('hex'));
      const rows = await db.read(scope, (reader) => reader.query<{ serial: string }>(KIOSK, [companyId, profile]));
      return rows[0]?.serial ?? null;
    } finally {
      await pool.end();
    }
  });

const subjectOf = async (system: pg.Pool, profile: string): Promise<Subject> => {
  if (!UUID.test(profile))
    throw new Error('--profile takes the id of a profile: see "npx angelis demo accounts --json"');
  const { rows } = await system.query<Omit<Subject, 'deviceSerial'>>(SUBJECT, [profile]);
  if (rows[0] === undefined)
    throw new Error(`Profile ${profile} has no number in SaferApp, so no test could be its own.`);
  return { ...rows[0], deviceSerial: await kioskOf(rows[0].companyId, profile) };
};

const run = async ({ kind, profile }: SimulateOptions): Promise<void> => {
  const settings = readSettings(process.env);
  if (settings.SAFER_DATABASE_URL !== undefined)
    throw new Error('Tests are simulated in the sources of embedded mode only: SAFER_DATABASE_URL names a real one.');
  const running = await readRunning(settings.DATA_DIR);
  if (running === undefined) throw new Error(`Nothing runs on ${settings.DATA_DIR}: start it with "npm run demo".`);
  const subject = await withSystemPool((system) => subjectOf(system, profile));
  const { safer, fit2000 } = running.sources;
  const feeder = createSourceFeeder({ safer: safer.writeUrl, fit2000: fit2000.writeUrl });
  try {
    const ids = await simulate(feeder, kind, { ...subject, at: new Date() });
    const rows = ids.length === 1 ? `row ${ids[0]}` : `rows ${ids.join(' and ')}`;
    process.stdout.write(`${kind} test of ${subject.name} in SaferApp, ${rows}: here within a minute\n`);
  } finally {
    await feeder.close();
  }
};

/** `angelis simulate` */
export const simulateCommand = (program: Command): void => {
  program
    .command('simulate')
    .description('writes a test into SaferApp of the running demo, as a device would: it is here within a minute')
    .addOption(new Option('--kind <kind>', 'what comes of it').choices(SIMULATED_KINDS).makeOptionMandatory())
    .requiredOption('--profile <id>', 'whose test')
    .addHelpText(
      'after',
      `
green to red are levels by the default policy, as long as nothing else of the last 12 hours speaks against the person. invalid: broken off by the device. duplicate: the same test under two
numbers. unknown: of a number that nobody has, for the quarantine. late: a red taken 90 minutes ago. skewed: a red whose
device is 20 minutes ahead.`,
    )
    .action(run);
};
