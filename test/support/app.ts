import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ownPath } from '../../src/root.ts';
import type { IngestSource } from '../../src/modules/fitness/ingest/ingest.ts';
import { createSealer } from '../../src/platform/change/sealer.ts';
import type { Beat } from '../../src/platform/http/beat.ts';
import type { TxtRecords } from '../../src/platform/dns/txt-records.ts';
import { createAuthentication } from '../../src/platform/http/authentication.ts';
import { createRateLimits } from '../../src/platform/http/rate-limits.ts';
import { LIMITS } from '../../src/platform/settings/rates.ts';
import type { Limits } from '../../src/platform/settings/rates.ts';
import { createI18n } from '../../src/platform/i18n/i18n.ts';
import type { I18n } from '../../src/platform/i18n/i18n.ts';
import type { IssuerStore } from '../../src/platform/identity-provider/dev-issuer/store.ts';
import { createLocalIdentityProvider } from '../../src/platform/identity-provider/local.ts';
import type { LocalIdentityProvider } from '../../src/platform/identity-provider/local.ts';
import { createOutbox } from '../../src/platform/jobs/outbox.ts';
import type { Poster } from '../../src/platform/messaging/post.ts';
import { createValidator } from '../../src/platform/schema/validator.ts';
import { createFolderStore } from '../../src/platform/storage/folder.ts';
import { createSystemQuery } from '../../src/platform/db/system-query.ts';
import { createEventSource } from '../../src/platform/stream/events.ts';
import { startHub } from '../../src/platform/stream/hub.ts';
import { createMetrics } from '../../src/platform/telemetry/metrics.ts';
import { createSystem } from '../../src/wiring/index.ts';
import type { System } from '../../src/wiring/index.ts';
import type { Foundation } from '../../src/wiring/platform.ts';
import { randomRing } from './companies.ts';
import { cloneDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';
import { failLoudly, startBackground, waitForJobs, waitForSeals } from './background.ts';
import { quietLog } from './log.ts';
import { collectMessages } from './messages.ts';
import type { Messages } from './messages.ts';
import { issuerMemory } from './issuer-memory.ts';
import { requestsTo } from './requests.ts';
import type { Requests } from './requests.ts';
import { listen } from './listen.ts';

/** Many requests of one test come from one address: the limits themselves have their own test. */
const GENEROUS = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { per }]) => [name, { points: 1_000_000, per }]),
) as unknown as Limits;

/** What has no state of an application is made once for all of them: texts, and each schema's check. */
const validator = createValidator();
let i18n: I18n | undefined;
const texts = (): I18n => (i18n ??= createI18n({ folder: ownPath('locales') }));

export interface TestApp extends System {
  readonly database: TestDatabase;
  readonly identityProvider: LocalIdentityProvider;
  readonly clock: { now: () => Date; set: (at: Date | undefined) => void };
  /** Requests through the real application over real HTTP. */
  readonly http: Requests;
  /** Mails and text messages that were sent. */
  readonly messages: Messages;
  readonly url: string;
  /** Where its files are kept. */
  readonly folder: string;
  /** Resolves when no job that is due waits any more; needs `background`. */
  readonly idle: () => Promise<void>;
  /** Resolves when every committed change of a company has its number. */
  readonly sealed: (companyId: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface TestAppOptions {
  readonly database?: TestDatabase;
  /** Runs jobs, ticks, timed moves and the sealer, as a process of `all` does. Default false. */
  readonly background?: boolean;
  readonly limits?: Limits;
  /** When refused sign-ins answer. Default: at once. */
  readonly beat?: Beat;
  /** Whose word on a client's address is taken. Default: this machine's, as behind the gateway. */
  readonly trustedProxies?: readonly string[];
  /** False for tests with tables of their own. */
  readonly observed?: boolean;
  readonly sources?: readonly IngestSource[];
  /** Another wiring, and other texts: a copy of the program with something added. */
  readonly createSystem?: typeof createSystem;
  readonly locales?: string;
  /** Where the development issuer keeps its users. Default: in memory. */
  readonly issuer?: IssuerStore;
  /** Other parts than those of a test: for a second process, or one that stands still. */
  readonly replace?: (foundation: Foundation) => Partial<Foundation>;
  /** What stands in DNS. Default: nobody may ask. */
  readonly txtRecords?: TxtRecords;
  /** How webhooks are called. Default: not at all. */
  readonly webhooks?: Poster;
  /** Default: silent. */
  readonly log?: Logger;
  /** Whether every answer is held to its schema. Default true. */
  readonly checkResponses?: boolean;
}

/** The whole application on its own database, with the development issuer and a clock that tests can move. */
export const startApp = async (options: TestAppOptions = {}): Promise<TestApp> => {
  const database = options.database ?? (await cloneDatabase());
  const messages = collectMessages();
  const files = await mkdtemp(join(tmpdir(), 'angelis-files-'));
  let moved: Date | undefined;
  const now = () => moved ?? new Date();
  let handler: RequestListener = (_incoming, response) => void response.writeHead(503).end();
  const server = createServer((incoming, response) => {
    handler(incoming, response);
  });
  const url = await listen(server);
  const issuer = `${url}/realms/angelis`;
  const identityProvider = await createLocalIdentityProvider({
    issuer,
    now,
    environment: { nodeEnv: 'test', appEnv: 'development' },
    redirectUris: [`${url}/callback`, `${url}/angelis/admin/auth/callback`],
    backchannelLogoutUrl: `${url}/angelis/auth/backchannel-logout`,
    store: options.issuer ?? (await issuerMemory()),
  });
  const authentication = createAuthentication({
    url,
    realm: 'angelis',
    issuer,
    audience: 'angelis-api',
    authorizedParties: (azp) => azp.startsWith('angelis-'),
    jwksUri: identityProvider.jwksUri,
    now,
  });
  const keys = { data: randomRing(), lookup: randomRing(), signing: randomRing(), chain: randomRing() };
  const systemPool = database.pool('system', 6);
  const db = database.open({ now, observed: options.observed ?? true });
  const sealer = createSealer({
    system: systemPool,
    keyRing: keys.chain,
    now,
    onError: failLoudly,
    onSealed: () => hub.nudge(),
  });
  const hub = startHub({
    system: systemPool,
    source: createEventSource(db, createSystemQuery(systemPool, 'streams'), now),
    onError: failLoudly,
  });
  const made: Foundation = {
    hub,
    db,
    jobsDb: db,
    system: systemPool,
    keys,
    changed: (companyId: string) => {
      sealer.nudge(companyId);
    },
    identityProvider,
    i18n: options.locales === undefined ? texts() : createI18n({ folder: options.locales }),
    validator,
    log: options.log ?? quietLog(),
    metrics: createMetrics(),
    rates: createRateLimits(options.limits ?? GENEROUS),
    beat: options.beat ?? ((work) => work()),
    outbox: createOutbox(),
    files: await createFolderStore(files),
    mailer: messages.mailer,
    sms: messages.sms,
    txtRecords: options.txtRecords ?? (() => Promise.reject(new Error('nothing is looked up in DNS here'))),
    webhooks: options.webhooks ?? (() => Promise.reject(new Error('no webhooks are called here'))),
    sources: options.sources ?? [],
    now,
    publicUrl: url,
    adminRedirectUris: [`${url}/callback`],
  };
  const foundation = { ...made, ...options.replace?.(made) };
  const surface = {
    authentication,
    health: { checks: [], stopping: new AbortController().signal },
    version: 'test',
    corsOrigins: ['https://app.example.com'],
    trustedProxies: options.trustedProxies ?? ['loopback'],
    besides: { path: '/realms/angelis', router: identityProvider.router },
    checkResponses: options.checkResponses ?? true,
  };
  const system = (options.createSystem ?? createSystem)(foundation, surface);
  handler = system.app;
  const background = options.background ? await startBackground(database, system, sealer) : undefined;
  return {
    ...system,
    database,
    identityProvider,
    clock: {
      now,
      set: (at) => {
        moved = at;
      },
    },
    http: requestsTo(url),
    url,
    folder: files,
    messages,
    sealed: async (companyId) => {
      await sealer.sealCompany(companyId);
      await waitForSeals(system.platform.system, companyId);
    },
    idle: () => waitForJobs(system.platform.system, now),
    close: async () => {
      await background?.stop();
      await hub.stop();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await identityProvider.close();
      await system.platform.db.close();
      await rm(files, { recursive: true, force: true });
      await database.drop();
    },
  };
};
