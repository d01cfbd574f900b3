import { randomBytes } from 'node:crypto';
import { Option } from 'commander';
import type { Command } from 'commander';
import type pg from 'pg';
import { createSourceFeeder } from '../../modules/fitness/sources/feeder.ts';
import type { SourceFeeder } from '../../modules/fitness/sources/feeder.ts';
import {
  isOcularKind,
  OCULAR_KINDS,
  SIMULATED_KINDS,
  simulatedReadings,
  simulatedRows,
} from '../../modules/fitness/sources/simulate.ts';
import type { Simulated, SimulatedKind } from '../../modules/fitness/sources/simulate.ts';
import { createPool } from '../../platform/db/pool.ts';
import { systemScope } from '../../platform/db/scope.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import { readRunning } from '../running-note.ts';
import { applicationName, withDatabase, withSystemPool } from './database-access.ts';

/** The sources by their names here, with the kind of device that writes into each. */
const SOURCES = {
  safer: { system: 'SAFER', name: 'SaferApp', device: 'kiosk', setting: 'SAFER_DATABASE_URL' },
  fit2000: { system: 'FIT2000', name: 'Fit2000', device: 'FIT2000', setting: 'FIT2000_DATABASE_URL' },
} as const;
type SourceName = keyof typeof SOURCES;

interface SimulateOptions {
  readonly source: SourceName;
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

/** How a source knows a profile: the company's code, the person's number there. */
const SUBJECT = `select f.company_id as "companyId", s.code as "companyCode", l.external_id as "personCode",
    f.first_name || ' ' || f.last_name as name
  from profile f
  join system_link l on l.company_id = f.company_id and l.profile_id = f.id and l.system = $2 and l.deleted_at is null
  join source_company s on s.source = $2 and s.company_id = f.company_id and s.deleted_at is null
  where f.id = $1 and f.deleted_at is null limit 1`;

/** The device of a kind on which somebody would take the test: of their site, else any of the company. */
const DEVICE = `select d.serial from device d
  join profile f on f.company_id = $1 and f.id = $2
  where d.company_id = $1 and d.kind = $3 and d.status = 'active' and d.deleted_at is null
  order by d.site_id is distinct from f.site_id, d.calibration_due_at > statement_timestamp() desc nulls last, d.serial
  limit 1`;

const deviceOf = (companyId: string, profile: string, kind: string): Promise<string | null> =>
  withDatabase(readSettings(process.env), async ({ app: url }) => {
    // Loaded for this command only: the others answer at once.
    const { createDatabase } = await import('../../platform/db/database.ts');
    const pool = createPool({ url, max: 1, statementTimeout: 10_000, applicationName, onError: () => undefined });
    const db = createDatabase({ writer: pool, reader: pool, now: () => new Date() });
    try {
      const scope = systemScope(companyId, 'simulate', randomBytes(16).toString('hex'));
      const values = [companyId, profile, kind];
      const rows = await db.read(scope, (reader) => reader.query<{ serial: string }>(DEVICE, values));
      return rows[0]?.serial ?? null;
    } finally {
      await pool.end();
    }
  });

const subjectOf = async (system: pg.Pool, profile: string, source: SourceName): Promise<Subject> => {
  const { system: code, name, device } = SOURCES[source];
  if (!UUID.test(profile))
    throw new Error('--profile takes the id of a profile: see "npx angelis demo accounts --json"');
  const { rows } = await system.query<Omit<Subject, 'deviceSerial'>>(SUBJECT, [profile, code]);
  if (rows[0] === undefined)
    throw new Error(`Profile ${profile} has no number in ${name}, so no test could be its own.`);
  return { ...rows[0], deviceSerial: await deviceOf(rows[0].companyId, profile, device) };
};

/** Writes the rows of a kind; answers the ids they have in their source. */
const write = (feeder: SourceFeeder, { source, kind }: SimulateOptions, who: Simulated): Promise<number[]> => {
  if (source === 'safer') return feeder.safer(simulatedRows(kind, who));
  if (isOcularKind(kind)) return feeder.fit2000(simulatedReadings(kind, who));
  throw new Error(
    `No ${kind} comes of one ocular reading: alone it is at most yellow. Fit2000 takes ${OCULAR_KINDS.join(', ')}. For a red,
simulate yellow in Fit2000 for somebody who has a yellow in SaferApp; or leave --source out.`,
  );
};

const run = async (options: SimulateOptions): Promise<void> => {
  const { source, kind, profile } = options;
  const { name, setting } = SOURCES[source];
  const settings = readSettings(process.env);
  if (settings[setting] !== undefined)
    throw new Error(`Tests are simulated in the sources of embedded mode only: ${setting} names a real one.`);
  const running = await readRunning(settings.DATA_DIR);
  if (running === undefined) throw new Error(`Nothing runs on ${settings.DATA_DIR}: start it with "npm run demo".`);
  const subject = await withSystemPool((system) => subjectOf(system, profile, source));
  const { safer, fit2000 } = running.sources;
  const feeder = createSourceFeeder({ safer: safer.writeUrl, fit2000: fit2000.writeUrl });
  try {
    const ids = await write(feeder, options, { ...subject, at: new Date() });
    const rows = ids.length === 1 ? `row ${ids[0]}` : `rows ${ids.join(' and ')}`;
    process.stdout.write(`${kind} test of ${subject.name} in ${name}, ${rows}: here within a minute\n`);
  } finally {
    await feeder.close();
  }
};

/** `angelis simulate` */
export const simulateCommand = (program: Command): void => {
  program
    .command('simulate')
    .description('writes a test into a source of the running demo, as a device would: it is here within a minute')
    .addOption(new Option('--kind <kind>', 'what comes of it').choices(SIMULATED_KINDS).makeOptionMandatory())
    .addOption(
      new Option('--source <source>', 'where: SaferApp or Fit2000')
        .choices(Object.keys(SOURCES))
        .default('safer' satisfies SourceName),
    )
    .requiredOption('--profile <id>', 'whose test')
    .addHelpText(
      'after',
      `
green to red are levels by the default policy, as long as nothing else of the last 12 hours speaks against the person. invalid: broken off by the device. duplicate: the same test under two
numbers. unknown: of a number that nobody has, for the quarantine. late: a red taken 90 minutes ago. skewed: a red whose
device is 20 minutes ahead.
In Fit2000 yellow is one reading HIGH, invalid one of too low quality, late and skewed are HIGH; orange and red never come of one
ocular reading: a red comes of yellow there beside a yellow in SaferApp.`,
    )
    .action(run);
};
