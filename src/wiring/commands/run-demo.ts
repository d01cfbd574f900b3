import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { addSignIns } from '../../demo/load-people.ts';
import { createTurns, firstTests, startDevices, writeTests } from '../../demo/devices.ts';
import { loadDemo } from '../../demo/load.ts';
import { startWorkers } from '../../demo/workers.ts';
import type { DemoPlan } from '../../demo/plan.ts';
import { createSourceFeeder } from '../../modules/fitness/sources/feeder.ts';
import { createContacts } from '../../modules/identity/persons/contact.ts';
import { RUT_SETTING } from '../../modules/organization/appconfig/settings.ts';
import { createNationalIds } from '../../modules/organization/profiles/national-id.ts';
import { ensurePartitions } from '../../platform/db/partitions.ts';
import { createLifetime } from '../../platform/process/lifetime.ts';
import { placesOfKeys } from '../../platform/settings/key-place.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import { createLogging } from '../../platform/telemetry/logger.ts';
import { removeData } from '../data-folder.ts';
import { readRunning } from '../running-note.ts';
import { PARTITIONED_TABLES } from '../partitions.ts';
import { openProcess, serveProcess } from '../process.ts';
import type { ProcessOptions, RunningProcess } from '../process.ts';

export interface DemoOptions {
  readonly fresh?: boolean;
  readonly days: number;
  readonly quiet?: boolean;
}

/** Longest a first start takes, in ms. */
const FIRST_START = 5 * 60_000;

const say = (message: string): void => {
  process.stdout.write(`${message}\n`);
};

const WHY_NOT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken: stop what uses it, or',
  EACCES: 'may not be opened by this user, as those below 1024 often are:',
};

/** Fails before anything is begun when `port` cannot be opened. */
const needFreePort = (name: string, port: number, host?: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = WHY_NOT[error.code ?? ''] ?? `cannot be opened${host === undefined ? '' : ` at ${host}`}:`;
      reject(new Error(`Port ${port} ${why} set another ${name}.`, { cause: error }));
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });

/** As the tables' owner: nobody else may. */
const analyze = async (ownerUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query('analyze');
  } finally {
    await client.end();
  }
};

/** Waits for the sealer of this process. `system` is a pool of user `system`. */
const untilSealed = async (system: pg.Pool): Promise<void> => {
  for (;;) {
    const { rows } = await system.query('select 1 from change_pending limit 1');
    if (rows.length === 0) return;
    await sleep(100);
  }
};

const load = async (
  { system, connections, outside }: RunningProcess,
  { now, settings }: ProcessOptions,
  days: number,
): Promise<DemoPlan> => {
  const { keys, companyVault } = system.platform;
  if (outside.local === undefined)
    throw new Error('The demo signs people in at its own issuer: unset KEYCLOAK_URL to run it.');
  const plan = await loadDemo(
    {
      db: connections.jobsDb,
      system: connections.system,
      companyVault,
      contacts: createContacts(keys),
      nationalIds: createNationalIds({ ...system.platform, rutSetting: RUT_SETTING }),
      now,
      say,
      analyze: () => analyze(connections.urls.owner),
      sealed: () => (settings.PROCESS === 'web' ? Promise.resolve() : untilSealed(connections.system)),
      makePartitions: async (back) => {
        await ensurePartitions(connections.system, PARTITIONED_TABLES, now(), { back });
      },
    },
    days,
  );
  await addSignIns(outside.local, plan);
  return plan;
};

/** How far back people are looked for who should have started their shift while nothing ran. */
const LATE_ARRIVALS = 2 * 3_600_000;

/** People who start their shifts through the API. */
const sendWorkers = async (
  { outside }: RunningProcess,
  { lifetime, log, now, settings }: ProcessOptions,
  plan: DemoPlan,
): Promise<void> => {
  const { local } = outside;
  if (local === undefined || settings.PROCESS === 'jobs') return;
  const tokenOf = ({ keycloakId }: { readonly keycloakId: string }) =>
    local.mint({ user: { id: keycloakId }, client: 'angelis-worker' });
  const starter = { url: `http://127.0.0.1:${settings.PORT}/angelis`, tokenOf, now };
  const since = new Date(Math.max(plan.loadedAt.getTime(), now().getTime() - LATE_ARRIVALS));
  const onError = (error: unknown) => log.warn({ err: error }, 'a simulated person could not start their shift');
  await lifetime.start(
    'workers',
    () => startWorkers(createTurns(plan), starter, since, { now, onError }),
    (workers) => workers.stop(),
  );
};

const switchOnDevices = async (
  { embedded }: RunningProcess,
  { lifetime, log, now }: ProcessOptions,
  plan: DemoPlan,
): Promise<void> => {
  if (embedded === undefined) return;
  const { safer, fit2000 } = embedded.sources;
  const feeder = createSourceFeeder({ safer: safer.writeUrl, fit2000: fit2000.writeUrl });
  const turnsAt = createTurns(plan);
  const onError = (error: unknown) => log.warn({ err: error }, 'a simulated device could not write');
  await lifetime.start(
    'devices',
    () => startDevices({ turnsAt, feeder, loadedAt: plan.loadedAt, now, onError }),
    (devices) => devices.stop(),
  );
  const isFirstStart = now().getTime() - plan.loadedAt.getTime() < FIRST_START;
  if (isFirstStart) await writeTests(feeder, firstTests(turnsAt, plan.companies[0]!.slug, now()));
};

/** Runs everything with demo data until it is told to stop. Throws what a person should read when it cannot start. */
export const runDemo = async ({ fresh, days, quiet = false }: DemoOptions): Promise<void> => {
  const env = { LOG_LEVEL: 'warn', UNREADY_SECONDS: '0', ...process.env };
  const settings = readSettings(env, { keep: false });
  if (settings.APP_ENV === 'production' || settings.NODE_ENV === 'production')
    throw new Error('The demo never runs in production.');
  const running = await readRunning(settings.DATA_DIR);
  if (running !== undefined)
    throw new Error(
      `Process ${running.pid} already runs on ${settings.DATA_DIR}: stop it, or set another DATA_DIR and PORT.`,
    );
  await needFreePort('PORT', settings.PORT);
  await needFreePort('METRICS_PORT', settings.METRICS_PORT, settings.METRICS_HOST);
  if (fresh) await removeData(settings.DATA_DIR);
  const kept = readSettings(env);
  const { log, close } = await createLogging({ level: kept.LOG_LEVEL, file: kept.LOG_FILE });
  const lifetime = createLifetime({ log, drainSeconds: kept.DRAIN_SECONDS, flush: close });
  lifetime.obeySignals();
  const keyPlaces = placesOfKeys(env, kept.DATA_DIR);
  const options = { settings: kept, keyPlaces, lifetime, log, now: () => new Date(), say };
  try {
    const opened = await openProcess(options);
    const plan = await load(opened, options, days);
    await serveProcess(opened, options);
    if (!quiet) {
      await switchOnDevices(opened, options, plan);
      await sendWorkers(opened, options, plan);
    }
    say(`Demo data of ${plan.loadedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC in ${kept.DATA_DIR}`);
    say('Sign-ins: npx angelis demo accounts · token for curl: npx angelis token --as supervisor · Ctrl-C stops all');
    say(`ready ${kept.PUBLIC_URL}/angelis`);
  } catch (error) {
    await lifetime.stop('could not start');
    throw error;
  }
};
