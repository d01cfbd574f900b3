/** What the table, the messages and the check know of one setting: JSON Schema, and words of our own. */
export interface SettingDeclaration {
  description?: string;
  /** Also read from the file that NAME_FILE names, and never shown. */
  secret?: true;
  /** Shown in the table instead of a default. */
  absent?: string;
  /** It need not be set, and has no default. */
  optional?: true;
  type?: string;
  items?: object;
  enum?: readonly string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  pattern?: string;
  format?: string;
  expected?: string;
}

// Written by hand, not by TypeBox: to load that took a third of the start of a command that needs nothing else of it.
interface Setting<Value> extends SettingDeclaration {
  default?: Value;
}

interface About {
  description: string;
  secret?: true;
  absent?: string;
}

const text = (
  about: About & Pick<Setting<string>, 'default' | 'minLength' | 'pattern' | 'expected'>,
): Setting<string> => ({
  type: 'string',
  ...about,
});
const url = (about: About): Setting<string> => ({ type: 'string', format: 'url', ...about });
const choice = <const Values extends readonly string[]>(
  values: Values,
  about: About & { default: Values[number] },
): Setting<Values[number]> => ({ type: 'string', enum: values, ...about });
const whole = (minimum: number, maximum: number, about: About & { default: number }): Setting<number> => ({
  type: 'integer',
  minimum,
  maximum,
  ...about,
});
const list = (about: About): Setting<string[]> => ({ type: 'array', items: { type: 'string' }, default: [], ...about });
const urls = (about: About): Setting<string[]> => ({
  ...list(about),
  items: { type: 'string', format: 'url' },
  expected: 'URLs with their schemes, apart by commas',
});
const keys = (about: About): Setting<string> =>
  text({
    ...about,
    secret: true,
    absent: 'embedded mode makes its own',
    pattern: '^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/_-]{43}=?(,[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/_-]{43}=?)*$',
    expected: 'one or more keys "id:base64 of 32 bytes", apart by commas, the one to write with first',
  });
const optional = <Value>(setting: Setting<Value>): Setting<Value> & { optional: true } => ({
  ...setting,
  optional: true,
});

const rate = (about: About & { default: string }): Setting<string> =>
  text({
    ...about,
    pattern: '^[1-9][0-9]{0,6}/(s|min|h)$',
    expected: 'how many, and in what time: 50/s, 50/min or 50/h',
  });

/** Every setting: its name in the environment, type, default, meaning, and whether it is a secret. */
const properties = {
  APP_ENV: choice(['development', 'staging', 'production'], {
    default: 'development',
    description: 'Which environment this is; each has its own database, Redis, realm and container',
  }),
  NODE_ENV: choice(['development', 'test', 'production'], {
    default: 'development',
    description: 'What libraries take as their mode',
  }),
  PROCESS: choice(['web', 'jobs', 'all'], { default: 'all', description: 'What this process does' }),
  PORT: whole(1, 65_535, { default: 3000, description: 'Port of the API' }),
  METRICS_PORT: whole(1, 65_535, { default: 3001, description: 'Port of metrics and detailed health' }),
  METRICS_HOST: text({ default: '127.0.0.1', description: 'Private address on which METRICS_PORT listens' }),
  PUBLIC_URL: optional(
    url({ description: 'Address under which people reach this service', absent: 'http://localhost:PORT' }),
  ),
  CORS_ORIGINS: list({ description: 'Exact origins whose pages may call the API, apart by commas' }),
  TRUSTED_PROXIES: list({
    description: 'Addresses or networks of gateways whose X-Forwarded-For is believed, apart by commas',
  }),
  DATA_DIR: text({
    default: '.angelis',
    minLength: 1,
    description: 'Folder for what embedded mode and local storage keep',
  }),
  DISK_FREE_PERCENT: whole(0, 100, { default: 10, description: 'Least free space on the disk of DATA_DIR, percent' }),
  DRAIN_SECONDS: whole(1, 600, { default: 25, description: 'Time to finish open work when told to stop' }),
  UNREADY_SECONDS: whole(0, 120, {
    default: 5,
    description: 'Part of it during which requests are still taken, so that balancers see that this process leaves',
  }),

  DATABASE_URL: optional(
    url({
      secret: true,
      description: 'PostgreSQL as the user app: all business reads and writes',
      absent: 'embedded PostgreSQL',
    }),
  ),
  DATABASE_OWNER_URL: optional(url({ secret: true, description: 'The same database as its owner: migrations only' })),
  DATABASE_SYSTEM_URL: optional(
    url({ secret: true, description: 'The same database as the user system: relay, sealer, timers' }),
  ),
  DATABASE_REPLICA_URL: optional(url({ secret: true, description: 'A replica for exports and reports' })),
  REPLICA_LAG_SECONDS: whole(1, 86_400, { default: 60, description: 'Most that the replica may lag' }),
  PROCESSES: whole(1, 1_000, {
    default: 1,
    description: 'Processes, web and jobs, that share the database: their pools must fit its max_connections',
  }),
  DATABASE_WRITER_POOL: whole(1, 200, { default: 10, description: 'Most connections of the writer pool' }),
  DATABASE_READER_POOL: whole(1, 200, { default: 10, description: 'Most connections of the reader pool' }),
  DATABASE_JOBS_POOL: whole(1, 50, { default: 4, description: 'Most connections of the job queues' }),
  DATABASE_ACQUIRE_SECONDS: whole(1, 60, { default: 3, description: 'Wait for a free connection before 503' }),
  DATABASE_CONNECTION_SECONDS: whole(60, 86_400, { default: 3600, description: 'Longest life of a connection' }),
  REQUEST_STATEMENT_SECONDS: whole(1, 300, { default: 5, description: 'Longest statement of a request' }),
  JOB_STATEMENT_SECONDS: whole(1, 3600, { default: 300, description: 'Longest statement of a job' }),
  REDIS_URL: optional(
    url({ secret: true, description: 'Redis for queues, rate limits and cache', absent: 'PostgreSQL' }),
  ),

  SAFER_DATABASE_URL: optional(
    url({
      secret: true,
      description: 'SaferApp, read-only (mssql, mysql or postgres)',
      absent: 'a database of the embedded PostgreSQL',
    }),
  ),
  FIT2000_DATABASE_URL: optional(
    url({
      secret: true,
      description: 'Fit2000, read-only (mysql, mssql or postgres)',
      absent: 'a database of the embedded PostgreSQL',
    }),
  ),
  SAFER_MAPPING: optional(
    text({
      minLength: 2,
      description: 'Where SaferApp keeps its rows, as JSON with what differs from the default',
      absent: 'tables and columns as delivered',
    }),
  ),
  FIT2000_MAPPING: optional(
    text({
      minLength: 2,
      description: 'Where Fit2000 keeps its rows, as JSON with what differs from the default',
      absent: 'tables and columns as delivered',
    }),
  ),
  SOURCE_TIMEOUT_SECONDS: whole(1, 300, { default: 15, description: 'Longest query of a source' }),

  KEYCLOAK_URL: optional(url({ description: 'Base address of Keycloak', absent: 'the development issuer' })),
  ADMIN_REDIRECT_URIS: urls({
    description:
      'Exact addresses of the administrators’ front end to which Keycloak’s page may lead back, beside the callback here; `angelis realm apply` tells Keycloak',
  }),
  KEYCLOAK_REALM: text({ default: 'angelis', minLength: 1, description: 'Realm of the persons' }),
  KEYCLOAK_ADMIN_CLIENT_ID: text({
    default: 'angelis-api',
    minLength: 1,
    description: 'Service account that manages users',
  }),
  KEYCLOAK_ADMIN_CLIENT_SECRET: optional(text({ secret: true, minLength: 1, description: 'Its secret' })),
  KEYCLOAK_OTP_KEY: optional(
    text({
      secret: true,
      pattern: '^-----BEGIN PRIVATE KEY-----',
      expected: 'a private ES256 key as PKCS #8 PEM',
      description: 'Signs the assertion of the OTP client; whoever holds it signs anyone in',
    }),
  ),
  RATE_ANONYMOUS: rate({ default: '50/min', description: 'Requests without a session, by address' }),
  RATE_PRINCIPAL: rate({ default: '600/min', description: 'Requests of one person or machine client' }),
  RATE_COMPANY: rate({ default: '6000/min', description: 'Requests of all who are signed in to one company' }),
  RATE_SIGN_IN: rate({
    default: '10/min',
    description: 'Sign-ins that are tried, by account and by address, and begun at the page, by address',
  }),
  RATE_REFRESH: rate({ default: '600/min', description: 'Sessions that are refreshed, by address' }),
  RATE_OTP: rate({ default: '20/min', description: 'One-time codes asked for and tried, by address' }),
  RATE_EXPORT: rate({ default: '30/h', description: 'Exports of one person' }),
  RATE_INVITATION: rate({ default: '100/h', description: 'Invitations that one person sends' }),
  RATE_STREAM: rate({ default: '10/min', description: 'Live streams that one person opens' }),
  RATE_LOOKUP: rate({ default: '30/min', description: 'Look-ups by an identifier of one person' }),
  RATE_BAD_TOKEN: rate({ default: '300/min', description: 'Tokens and stream tickets that are no good, by address' }),

  SIGN_IN_REFUSAL_MS: whole(1, 10_000, {
    default: 1000,
    description:
      'A refused sign-in answers after a multiple of these milliseconds; longer than Keycloak takes for nearly all',
  }),
  KEYCLOAK_BOOTSTRAP_USERNAME: text({
    default: 'admin',
    minLength: 1,
    description: 'Administrator of Keycloak, of its realm master, as whom `angelis realm apply` signs in',
  }),
  KEYCLOAK_BOOTSTRAP_PASSWORD: optional(
    text({
      secret: true,
      minLength: 1,
      absent: 'asked for',
      description: 'Their password, for that command alone: no process needs it',
    }),
  ),

  AZURE_STORAGE_CONNECTION_STRING: optional(
    text({ secret: true, minLength: 1, description: 'Azure Blob storage for files', absent: 'a folder in DATA_DIR' }),
  ),
  SMTP_URL: optional(
    url({ secret: true, description: 'Mail server (smtps, or smtp with ?requireTLS=true)', absent: 'console' }),
  ),
  MAIL_FROM: text({
    default: 'Angelis <no-reply@angelis.localhost>',
    pattern: '^[^\\r\\n]*[^\\s@<>]+@[^\\s@<>]+>?$',
    expected: 'a mail address, with or without a name before it',
    description: 'Sender of mail',
  }),
  TWILIO_ACCOUNT_SID: optional(text({ minLength: 1, description: 'Twilio account for SMS', absent: 'console' })),
  TWILIO_AUTH_TOKEN: optional(text({ secret: true, minLength: 1, description: 'Its token' })),
  TWILIO_FROM: optional(text({ minLength: 1, description: 'Sending number or service of SMS' })),
  DEEPGRAM_API_KEY: optional(
    text({ secret: true, minLength: 1, description: 'Speech to text for dictation', absent: 'no dictation' }),
  ),
  ANTHROPIC_API_KEY: optional(
    text({ secret: true, minLength: 1, description: 'Notes from dictation', absent: 'no notes' }),
  ),

  DATA_KEY: keys({ description: 'Encrypts personal data (AES-256-GCM)' }),
  LOOKUP_KEY: keys({ description: 'Hashes what is encrypted, so that it can be found (HMAC)' }),
  SIGNING_KEY: keys({ description: 'Signs cursors and links (HMAC)' }),
  CHAIN_KEY: keys({ description: 'Seals the change log (HMAC)' }),

  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error'], {
    default: 'info',
    description: 'Least severe lines that are logged',
  }),
  LOG_FILE: optional(
    text({ minLength: 1, description: 'File that also receives the log, rotated', absent: 'standard output only' }),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    url({
      description: 'Collector of traces (OpenTelemetry, OTLP over HTTP), without /v1/traces',
      absent: 'no traces',
    }),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: optional(
    text({ secret: true, minLength: 1, description: 'Headers for it, as key=value, apart by commas' }),
  ),
  ERROR_REPORTER_DSN: optional(
    text({
      secret: true,
      pattern: '^(log|https?://[^@\\s]+@[^\\s]+)$',
      expected: 'the DSN of a service that speaks Sentry\'s protocol, or "log"',
      description: 'Where unexpected errors go: a DSN, or "log"',
      absent: 'the log',
    }),
  ),
};

type Declared = typeof properties;
type ValueOf<Of> = Of extends Setting<infer Value> ? Value : never;
type Optional = { [Name in keyof Declared]: Declared[Name] extends { optional: true } ? Name : never }[keyof Declared];
type Read = { [Name in Exclude<keyof Declared, Optional>]: ValueOf<Declared[Name]> } & {
  [Name in Optional]?: ValueOf<Declared[Name]>;
};

/** The settings of this process, checked and frozen; read once at start and handed on. */
export type Settings = Readonly<Omit<Read, 'PUBLIC_URL'> & { PUBLIC_URL: string }>;

/** All settings by name, in the order of the table. */
export const declarations: ReadonlyMap<string, SettingDeclaration> = new Map(Object.entries(properties));

/** What the environment is held to, as JSON Schema. */
export const settingsSchema = {
  type: 'object',
  required: [...declarations].flatMap(([name, setting]) => (setting.optional === true ? [] : name)),
  properties,
};
