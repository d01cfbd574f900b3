import type { Settings } from './schema.ts';

/** The settings that are URLs of servers, with user and password. */
export const connections = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'DATABASE_SYSTEM_URL',
  'DATABASE_REPLICA_URL',
  'SAFER_DATABASE_URL',
  'FIT2000_DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
] as const;

type Holds = (value: string) => boolean;

/** What the URL of a scheme may carry in its query: drivers take switches there that turn TLS or its checks off. */
interface Rule {
  readonly advice: string;
  /** Must be there, so that there is TLS. */
  readonly needed?: string;
  readonly parameters: Readonly<Record<string, Holds>>;
}

const exactly =
  (...values: readonly string[]): Holds =>
  (value) =>
    values.includes(value);
const some: Holds = (value) => value !== '';

/** What `ssl` of a MySQL URL may hold; false whatever else it holds. The driver checks no name unless it is told to. */
const mysqlSwitches: Readonly<Record<string, (value: unknown) => boolean>> = {
  rejectUnauthorized: (value) => value === true,
  verifyIdentity: (value) => value === true,
  minVersion: (value) => value === 'TLSv1.2' || value === 'TLSv1.3',
};

const verifiesMysql: Holds = (value) => {
  try {
    const ssl: unknown = JSON.parse(value);
    if (typeof ssl !== 'object' || ssl === null) return false;
    if (!('rejectUnauthorized' in ssl && 'verifyIdentity' in ssl)) return false;
    return Object.entries(ssl).every(([name, held]) => mysqlSwitches[name]?.(held) === true);
  } catch {
    return false;
  }
};

const mail = { requireTLS: exactly('true'), name: some, 'tls.servername': some };

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    'postgres',
    {
      advice: 'add ?sslmode=verify-full',
      needed: 'sslmode',
      parameters: {
        // With this driver all three verify certificate and name; in libpq, and its next release, only the last does.
        sslmode: exactly('require', 'verify-ca', 'verify-full'),
        sslrootcert: some,
        sslcert: some,
        sslkey: some,
        application_name: some,
      },
    },
  ],
  [
    'mysql',
    {
      advice: 'add ?ssl={"rejectUnauthorized":true,"verifyIdentity":true}',
      needed: 'ssl',
      parameters: { ssl: verifiesMysql },
    },
  ],
  [
    'mssql',
    {
      advice: 'add ?encrypt=true and leave trustServerCertificate out',
      needed: 'encrypt',
      parameters: { encrypt: exactly('true', 'strict'), trustServerCertificate: exactly('false') },
    },
  ],
  ['rediss', { advice: '', parameters: { family: exactly('0', '4', '6') } }],
  ['smtp', { advice: 'use smtps:// or add ?requireTLS=true', needed: 'requireTLS', parameters: mail }],
  ['smtps', { advice: 'leave requireTLS out', parameters: mail }],
]);
const sameScheme: Readonly<Record<string, string>> = { postgresql: 'postgres', mariadb: 'mysql', sqlserver: 'mssql' };

const faultOf = (name: string, { protocol, searchParams }: URL): string | undefined => {
  const scheme = protocol.slice(0, -1);
  if (scheme === 'redis') return `${name} connects without TLS: use rediss://`;
  const rule = rules.get(sameScheme[scheme] ?? scheme);
  if (rule === undefined) return `${name}: the scheme ${scheme} is not known here: see the table of settings`;
  const { advice, needed, parameters } = rule;
  const carried = [...searchParams.keys()];
  const twice = carried.find((one, at) => carried.indexOf(one) !== at);
  if (twice !== undefined) return `${name} has ${twice} twice: keep one`;
  const unknown = carried.find((one) => !Object.hasOwn(parameters, one));
  if (unknown !== undefined)
    return `${name} has the parameter ${unknown}, which production does not take: take it out (it takes ${Object.keys(parameters).join(', ')})`;
  if (needed !== undefined && !searchParams.has(needed)) return `${name} connects without TLS: ${advice}`;
  const isLoose = carried.some((one) => parameters[one]?.(searchParams.get(one)!) !== true);
  return isLoose ? `${name} connects without TLS, or verifies no certificate: ${advice}` : undefined;
};

/** URLs that connect without TLS, do not verify the certificate, or carry what might make it so; one line each. */
export const connectionFaults = (settings: Settings): string[] =>
  connections.flatMap((name) => {
    const value = settings[name];
    return value === undefined ? [] : (faultOf(name, new URL(value)) ?? []);
  });
