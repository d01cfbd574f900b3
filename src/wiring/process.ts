import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import { ownPath } from '../root.ts';
import { createCheckpointer } from '../platform/change/checkpoints.ts';
import { createSealer } from '../platform/change/sealer.ts';
import { applySeedSets, loadSeedSets } from '../platform/db/seed.ts';
import { ensurePartitions } from '../platform/db/partitions.ts';
import { createSystemQuery } from '../platform/db/system-query.ts';
import { createAuthentication } from '../platform/http/authentication.ts';
import { createBeat } from '../platform/http/beat.ts';
import { createRateLimits } from '../platform/http/rate-limits.ts';
import { answerUnreadable } from '../platform/http/unreadable.ts';
import { createI18n } from '../platform/i18n/i18n.ts';
import { isAuthorizedParty } from '../platform/identity-provider/realm.ts';
import { createJobs } from '../platform/jobs/runtime.ts';
import { createOutbox } from '../platform/jobs/outbox.ts';
import type { Lifetime } from '../platform/process/lifetime.ts';
import { createLiveKeys, watchKeys } from '../platform/process/live-keys.ts';
import { createRegister } from '../platform/process/register.ts';
import { createValidator } from '../platform/schema/validator.ts';
import type { KeyPlace, KeySetting } from '../platform/settings/key-place.ts';
import { limitsOf } from '../platform/settings/rates.ts';
import type { Settings } from '../platform/settings/settings.ts';
import { createEventSource } from '../platform/stream/events.ts';
import { startHub } from '../platform/stream/hub.ts';
import type { Hub } from '../platform/stream/hub.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import type { Tracer } from '../platform/telemetry/tracer.ts';
import { checkpointFiles } from './checkpoint-files.ts';
import { declareChecks } from './checks.ts';
import { databaseParts, refuseWhatIsUnsafe } from './checked.ts';
import { openConnections } from './connections.ts';
import { urlsOf } from './database-urls.ts';
import type { Connections } from './connections.ts';
import type { EmbeddedParts } from './embedded.ts';
import { showFigures } from './figures.ts';
import { createSystem } from './index.ts';
import type { System } from './index.ts';
import { openOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { PARTITIONED_TABLES } from './partitions.ts';
import { openSources } from './sources.ts';
import { openTracer, traceMessages } from './tracing.ts';

export interface RunningProcess {
  readonly system: System;
  readonly connections: Connections;
  readonly outside: Outside;
  readonly hub: Hub;
  readonly embedded?: EmbeddedParts;
}

export interface ProcessOptions {
  readonly settings: Settings;
  /** Where keys are read again from while the process runs. Absent: they stay as the settings have them. */
  readonly keyPlaces?: ReadonlyMap<KeySetting, KeyPlace>;
  readonly lifetime: Lifetime;
  readonly log: Logger;
  readonly now: () => Date;
  /** Says what a person at the console should know. */
  readonly say: (message: string) => void;
}

/** Longer than gateways keep idle connections (nginx 60 s), in ms: who closes first must not be the one that is sent to. */
const KEEP_ALIVE = 75_000;

const listen = (server: Server, port: number, host?: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken: stop what uses it, or set another PORT or METRICS_PORT.`, {
              cause: error,
            })
          : error,
      );
    });
    server.listen(port, host, () => {
      resolve(server);
    });
  });

/** Waits for open requests; when `cut` is raised their connections are closed. */
const closeServer = (server: Server, cut: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (cut.aborted) server.closeAllConnections();
    cut.addEventListener('abort', () => {
      server.closeAllConnections();
    });
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    server.closeIdleConnections();
  });

/** The keys of this process; those that stand in files are read again when these change. */
const openKeys = async ({ settings, lifetime, log, now, keyPlaces }: ProcessOptions, { system }: Connections) => {
  const keys = createLiveKeys(settings);
  const register = createRegister(system, settings.PROCESS);
  await lifetime.start(
    'keys',
    () => watchKeys({ keys, places: keyPlaces ?? new Map(), register, log, now }),
    async (watch) => {
      await watch.stop();
      await register
        .leave()
        .catch((error: unknown) => log.warn({ err: error }, 'that this process ends cannot be told'));
    },
  );
  return { data: keys.DATA_KEY, lookup: keys.LOOKUP_KEY, signing: keys.SIGNING_KEY, chain: keys.CHAIN_KEY };
};

const openDatabase = async ({ settings, lifetime, log, now, say }: ProcessOptions, tracer: Tracer) => {
  const given = urlsOf(settings);
  const embedded =
    given === undefined
      ? await lifetime.start(
          'database',
          async () => (await import('./embedded.ts')).startEmbedded(settings, say),
          (parts) => parts.stop(),
        )
      : undefined;
  const urls = given ?? embedded!.urls;
  const connections = await lifetime.start(
    'connections',
    () => openConnections(settings, urls, log, now, tracer),
    (open) => open.close(),
  );
  return { connections, ...(embedded && { embedded }) };
};

/** Seeds and partitions, ready for this release. */
const prepareDatabase = async ({ system }: Connections, now: () => Date): Promise<void> => {
  await ensurePartitions(system, PARTITIONED_TABLES, now());
  await applySeedSets(system, await loadSeedSets(ownPath('seeders')), now());
};

/** Builds the whole system of one process from its settings, starting what it stands on. Nothing listens yet. */
export const openProcess = async (options: ProcessOptions): Promise<RunningProcess> => {
  const { settings, lifetime, log, now } = options;
  const tracer = await lifetime.start(
    'traces',
    () => openTracer(settings, log),
    (open) => open.flush(),
  );
  const database = await openDatabase(options, tracer);
  const outside = await lifetime.start(
    'outside',
    () => openOutside(settings, now),
    (open) => open.close(),
  );
  const { connections } = database;
  const validator = createValidator();
  const { sources } = await lifetime.start(
    'sources',
    () => openSources(settings, database.embedded?.sources, log, validator),
    (open) => open.close(),
  );
  const checked = {
    ...outside,
    settings,
    now,
    database: databaseParts(connections),
    ...(connections.redis && { redis: connections.redis }),
    sources,
    files: () => Promise.resolve(outside.files),
  };
  await refuseWhatIsUnsafe(checked, connections.urls.owner);
  await prepareDatabase(connections, now);
  const keys = await openKeys(options, connections);
  const metrics = createMetrics();
  const onError = (error: unknown, companyId?: string) => log.error({ err: error, companyId }, 'sealing failed');
  const sealer = createSealer({
    system: connections.system,
    keyRing: keys.chain,
    now,
    onError,
    onSealed: () => hub.nudge(),
  });
  const outbox = createOutbox();
  const { issuer, jwksUri } = outside.identityProvider;
  const authentication = createAuthentication({
    url: outside.issuerUrl,
    realm: settings.KEYCLOAK_REALM,
    issuer,
    audience: 'angelis-api',
    authorizedParties: isAuthorizedParty,
    jwksUri,
    now,
  });
  const hub = await lifetime.start(
    'streams',
    () =>
      startHub({
        system: connections.system,
        source: createEventSource(connections.db, createSystemQuery(connections.system, 'streams'), now),
        onError: (error, companyId) => log.error({ err: error, companyId }, 'a stream stumbles'),
      }),
    (open) => open.stop(),
  );
  const foundation = {
    hub,
    ...connections,
    ...outside,
    ...traceMessages(tracer, outside),
    tracer,
    sources,
    keys,
    validator,
    i18n: createI18n({
      folder: ownPath('locales'),
      ...(settings.NODE_ENV === 'production' && { onMissing: (fault) => log.error(fault, 'a text is missing') }),
    }),
    log,
    metrics,
    rates: createRateLimits(limitsOf(settings), connections.redis),
    beat: createBeat(settings.SIGN_IN_REFUSAL_MS),
    outbox,
    changed: (companyId: string) => {
      sealer.nudge(companyId);
    },
    now,
    publicUrl: settings.PUBLIC_URL,
    adminRedirectUris: settings.ADMIN_REDIRECT_URIS,
  };
  const system = createSystem(foundation, {
    authentication,
    health: { checks: declareChecks({ ...checked, jobs: () => jobs }), stopping: lifetime.stopping },
    version: packageJson.version,
    corsOrigins: settings.CORS_ORIGINS,
    trustedProxies: settings.TRUSTED_PROXIES,
    ...(outside.local && { besides: { path: `/realms/${settings.KEYCLOAK_REALM}`, router: outside.local.router } }),
    checkResponses: settings.NODE_ENV !== 'production',
  });
  showFigures(metrics, { health: system.health, pools: connections.pools, hub });
  const checkpointer = createCheckpointer({
    system: connections.system,
    keyRing: keys.chain,
    store: checkpointFiles(outside.files),
    now,
    onError,
  });
  const { modules, platform } = system;
  const jobs = createJobs({
    db: connections.jobsDb,
    connections: settings.DATABASE_JOBS_POOL,
    system: connections.system,
    queue: {
      store:
        settings.REDIS_URL === undefined ? { systemUrl: connections.urls.system } : { redisUrl: settings.REDIS_URL },
      prefix: settings.APP_ENV,
    },
    outbox,
    definitions: modules.flatMap((module) => module.jobs ?? []),
    ticks: modules.flatMap((module) => module.ticks ?? []),
    movers: platform.movers,
    partitioned: PARTITIONED_TABLES,
    log,
    metrics,
    tracer,
    now,
  });
  if (settings.PROCESS !== 'web') {
    await lifetime.start(
      'sealer',
      () => {
        sealer.start();
        checkpointer.start();
      },
      async () => {
        await checkpointer.stop();
        await sealer.stop();
      },
    );
    await lifetime.start(
      'jobs',
      () => jobs.start(),
      (_part, cut) => jobs.stop(cut),
    );
  }
  return { ...database, system, outside, hub };
};

const answerFigures = async (
  { url = '' }: IncomingMessage,
  system: System,
): Promise<{ type: string; text: string } | undefined> => {
  const [path] = url.split('?');
  if (path === '/health/detail')
    return { type: 'application/json', text: JSON.stringify(await system.health.detail()) };
  if (path !== '/metrics') return undefined;
  const { contentType, body } = await system.platform.metrics.expose();
  return { type: contentType, text: body };
};

/** Serves as ever while the process leaves, but tells whoever asks to open no more on this connection. */
const leaving =
  (app: RequestListener, stopping: AbortSignal): RequestListener =>
  (request, response) => {
    if (stopping.aborted) response.setHeader('Connection', 'close');
    app(request, response);
  };

/** Opens the process's ports: the API where it serves the web, figures on the private one. */
export const serveProcess = async (
  { system, hub }: RunningProcess,
  { settings, lifetime }: ProcessOptions,
): Promise<void> => {
  const figures = createServer((request, response) => {
    answerFigures(request, system).then(
      (answer) => {
        if (answer === undefined) response.writeHead(404).end('Here are /metrics and /health/detail\n');
        else response.writeHead(200, { 'content-type': answer.type }).end(answer.text);
      },
      () => response.writeHead(500).end(),
    );
  });
  await lifetime.start('figures', () => listen(figures, settings.METRICS_PORT, settings.METRICS_HOST), closeServer);
  if (settings.PROCESS === 'jobs') return;
  const web = createServer({ keepAliveTimeout: KEEP_ALIVE }, leaving(system.app, lifetime.stopping));
  web.on('clientError', answerUnreadable(system.platform.i18n));
  await lifetime.start(
    'web',
    () => listen(web, settings.PORT),
    async (server, cut) => {
      await sleep(settings.UNREADY_SECONDS * 1_000, undefined, { signal: cut }).catch(() => undefined);
      // Streams never end by themselves: their clients are told when to come back.
      await hub.stop();
      await closeServer(server, cut);
    },
  );
};
