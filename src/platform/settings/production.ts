import { tmpdir } from 'node:os';
import { isAbsolute, relative, resolve } from 'node:path';
import { connectionFaults, connections } from './connection-rules.ts';
import { isNear, isPrivateAddress, takeInAnyone } from './networks.ts';
import { rateFaults } from './rates.ts';
import { declarations } from './schema.ts';
import type { Settings } from './schema.ts';

const common =
  /^(?:|admin|angelis|app|changeme|default|guest|letmein|owner|pass|password|postgres|root|sa|secret|system|test|test-only)\d*$/iu;
const leastSecret = 16;

// Long enough and not made of a few characters: "aaaa…" is as good as no secret.
const isWeak = (secret: string): boolean =>
  secret.length < leastSecret || common.test(secret) || new Set(secret).size < 8;

const secretFaults = (settings: Settings): string[] => {
  const faults: string[] = [];
  for (const name of connections) {
    const url = settings[name] === undefined ? undefined : new URL(settings[name]);
    if (url !== undefined && url.password !== '' && isWeak(decodeURIComponent(url.password))) {
      faults.push(`${name} has a default or short password: use ${leastSecret} random characters or more`);
    }
  }
  for (const name of ['KEYCLOAK_ADMIN_CLIENT_SECRET', 'TWILIO_AUTH_TOKEN'] as const) {
    const secret = settings[name];
    if (secret !== undefined && isWeak(secret))
      faults.push(`${name} is a default or short: use ${leastSecret} random characters or more`);
  }
  const seen = new Map<string, string>();
  for (const name of ['DATA_KEY', 'LOOKUP_KEY', 'SIGNING_KEY', 'CHAIN_KEY'] as const) {
    for (const key of settings[name].split(',')) {
      const [id = '', encoded = ''] = key.split(':');
      const other = seen.get(encoded);
      if (id === 'dev') faults.push(`${name} holds a development key: make one with "openssl rand -base64 32"`);
      if (new Set(Buffer.from(encoded, 'base64')).size < 16)
        faults.push(`${name} is not random: make it with "openssl rand -base64 32"`);
      if (other !== undefined) faults.push(`${name} and ${other} share a key: give each its own`);
      seen.set(encoded, name);
    }
  }
  return faults;
};

const isWild = (origins: readonly string[]): boolean =>
  origins.some((origin) => origin.includes('*') || origin === 'null');

const isHttpsOrigin = (origin: string): boolean =>
  origin.startsWith('https://') && URL.canParse(origin) && new URL(origin).origin === origin;

/** Servers told of errors, traces and people over the web must be spoken to in secret. */
const webFaults = ({
  ERROR_REPORTER_DSN,
  KEYCLOAK_URL,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
}: Settings): string[] => [
  ...(ERROR_REPORTER_DSN?.startsWith('http://') === true
    ? ['ERROR_REPORTER_DSN is not https: reports would travel in the clear']
    : []),
  ...(KEYCLOAK_URL === undefined || KEYCLOAK_URL.startsWith('https://')
    ? []
    : ['KEYCLOAK_URL is not https: tokens and secrets would travel in the clear']),
  ...(collector === undefined || collector.startsWith('https://') || isNear(new URL(collector).hostname)
    ? []
    : ['OTEL_EXPORTER_OTLP_ENDPOINT is not https: use https, or a collector at a loopback or private address']),
];

const edgeFaults = (settings: Settings): string[] => {
  const faults: string[] = [];
  const plain = settings.CORS_ORIGINS.find((origin) => !isHttpsOrigin(origin));
  if (isWild(settings.CORS_ORIGINS)) {
    faults.push('CORS_ORIGINS holds a wildcard: name each origin, with its scheme');
  } else if (plain !== undefined) {
    faults.push(`CORS_ORIGINS holds ${plain}, which is no origin of https: write https://host, or https://host:port`);
  }
  if (takeInAnyone(settings.TRUSTED_PROXIES)) {
    faults.push('TRUSTED_PROXIES believes any sender: name the addresses of your gateways');
  }
  if (!settings.PUBLIC_URL.startsWith('https://'))
    faults.push('PUBLIC_URL is not https: write the address that people use');
  if (/[@.]localhost>?$/iu.test(settings.MAIL_FROM))
    faults.push('MAIL_FROM is missing or of this machine only: write an address of a domain that may send your mail');
  if (!isPrivateAddress(settings.METRICS_HOST)) {
    faults.push(`METRICS_HOST ${settings.METRICS_HOST} is or may be public: use a loopback or private address`);
  }
  return faults;
};

const isOfThisMachine = (address: string): boolean =>
  ['localhost', '127.0.0.1', '[::1]'].includes(new URL(address).hostname);

/** Codes of administrators go there: to no address that somebody else may have, or read along. */
const redirectFaults = ({ ADMIN_REDIRECT_URIS: addresses }: Settings): string[] => {
  const wild = addresses.find((address) => address.includes('*'));
  const plain = addresses.find(
    (address) => !(address.startsWith('https://') || (address.startsWith('http://') && isOfThisMachine(address))),
  );
  const part = addresses.find((address) => address.includes('#'));
  return [
    ...(wild === undefined ? [] : [`ADMIN_REDIRECT_URIS holds ${wild}, a wildcard: write each address whole`]),
    ...(plain === undefined
      ? []
      : [`ADMIN_REDIRECT_URIS holds ${plain}, which is neither https nor this machine’s: use https`]),
    ...(part === undefined
      ? []
      : [`ADMIN_REDIRECT_URIS holds ${part}: leave out what begins with #, no code comes back with it`]),
  ];
};

const storageFault = (settings: Settings): string[] => {
  const connection = settings.AZURE_STORAGE_CONNECTION_STRING;
  if (connection !== undefined) {
    const plain = /UseDevelopmentStorage=true|DefaultEndpointsProtocol=http(?:;|$)|BlobEndpoint=http:/iu.test(
      connection,
    );
    return plain ? ['AZURE_STORAGE_CONNECTION_STRING connects without TLS: use DefaultEndpointsProtocol=https'] : [];
  }
  const inside = ['/tmp', '/var/tmp', '/dev/shm', tmpdir()].some((folder) => {
    const path = relative(folder, resolve(settings.DATA_DIR));
    return !path.startsWith('..') && !isAbsolute(path);
  });
  return inside ? ['DATA_DIR is a temporary folder: set AZURE_STORAGE_CONNECTION_STRING, or a folder that lasts'] : [];
};

const missing = (settings: Settings): string[] => {
  const needed = [
    ['DATABASE_URL', 'the embedded PostgreSQL is for development'],
    ['REDIS_URL', 'queues, rate limits and cache need Redis here'],
    ['KEYCLOAK_URL', 'the development issuer refuses production'],
    ['SMTP_URL', 'codes and alerts must reach people, not the console'],
    ['ERROR_REPORTER_DSN', 'decide where errors go: a DSN, or "log"'],
  ] as const;
  return needed.flatMap(([name, reason]) => (settings[name] === undefined ? [`${name} is missing: ${reason}`] : []));
};

const userFaults = ({ DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SYSTEM_URL }: Settings): string[] => {
  const users = [DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SYSTEM_URL].flatMap((url) =>
    url === undefined ? [] : new URL(url).username,
  );
  return new Set(users).size === users.length
    ? []
    : ['DATABASE_URL, DATABASE_OWNER_URL and DATABASE_SYSTEM_URL share a user: each needs its own'];
};

/**
 * All that production refuses in the settings alone, one line each with what to do; empty when they are fit for it.
 * `env` is that of the process: Node itself obeys some of it.
 * What only the running services can tell (rights, migrations, eviction, demo data) is asked elsewhere.
 */
export const productionFaults = (settings: Settings, env: Readonly<Record<string, string | undefined>>): string[] => [
  ...missing(settings),
  ...connectionFaults(settings),
  ...webFaults(settings),
  ...(env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
    ? [
        'NODE_TLS_REJECT_UNAUTHORIZED=0 believes any certificate: take it out, and name your authority in NODE_EXTRA_CA_CERTS',
      ]
    : []),
  ...userFaults(settings),
  ...secretFaults(settings),
  ...edgeFaults(settings),
  ...redirectFaults(settings),
  ...rateFaults(settings),
  ...storageFault(settings),
  ...(['trace', 'debug'].includes(settings.LOG_LEVEL)
    ? [`LOG_LEVEL ${settings.LOG_LEVEL} tells too much: use info or above`]
    : []),
  ...(settings.NODE_ENV === 'production' ? [] : ['NODE_ENV is not production: set NODE_ENV=production']),
];

const environments = declarations.get('APP_ENV')?.enum ?? [];

const resources = (settings: Settings): [name: string, value: string][] => [
  ...connections.flatMap((name): [string, string][] =>
    settings[name] === undefined ? [] : [[name, new URL(settings[name]).pathname]],
  ),
  ['KEYCLOAK_REALM', settings.KEYCLOAK_REALM],
  [
    'AZURE_STORAGE_CONNECTION_STRING',
    /AccountName=([^;]*)/u.exec(settings.AZURE_STORAGE_CONNECTION_STRING ?? '')?.[1] ?? '',
  ],
];

/** Databases, realms and accounts whose name says that they belong to another environment than APP_ENV. */
export const environmentFaults = (settings: Settings): string[] => [
  ...(settings.UNREADY_SECONDS < settings.DRAIN_SECONDS
    ? []
    : ['UNREADY_SECONDS leaves no time to finish open work: set it below DRAIN_SECONDS']),
  ...resources(settings).flatMap(([name, value]) => {
    const other = environments.find(
      (environment) => environment !== settings.APP_ENV && value.toLowerCase().includes(environment),
    );
    return other === undefined
      ? []
      : [`${name} names ${other}, but APP_ENV is ${settings.APP_ENV}: correct one of them`];
  }),
];
