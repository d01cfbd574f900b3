import type pg from 'pg';
import { startFaults } from '../platform/checks/check.ts';
import type { Ask } from '../platform/checks/database.ts';
import { createPool } from '../platform/db/pool.ts';
import { SettingsError } from '../platform/settings/settings.ts';
import { declareChecks } from './checks.ts';
import type { CheckedParts } from './checks.ts';
import type { Connections } from './connections.ts';

const askOf =
  (pool: pg.Pool): Ask =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await pool.query<Row>(text, [...values])).rows;

const userOf = (url: string): string => decodeURIComponent(new URL(url).username);

/** What there is to check of the database in a process that runs. */
export const databaseParts = ({
  system,
  checks,
  replica,
  urls,
}: Pick<Connections, 'system' | 'checks' | 'replica' | 'urls'>): NonNullable<CheckedParts['database']> => ({
  users: [
    { setting: 'DATABASE_SYSTEM_URL', ask: askOf(system) },
    { setting: 'DATABASE_URL', ask: askOf(checks) },
  ],
  system: askOf(system),
  ...(replica && { replica: askOf(replica) }),
  names: { app: userOf(urls.app), system: userOf(urls.system) },
});

/** The same with the owner, to whom one connection is opened until `close`. `timeout` in ms. */
export const withOwner = (parts: CheckedParts, url: string, timeout: number) => {
  const pool = createPool({
    url,
    max: 1,
    applicationName: 'angelis checks owner',
    statementTimeout: timeout,
    acquireTimeout: timeout,
    onError: () => undefined,
  });
  const owner = { setting: 'DATABASE_OWNER_URL', ask: askOf(pool) };
  return {
    parts: { ...parts, ...(parts.database && { database: { ...parts.database, owner } }) },
    close: () => pool.end(),
  };
};

/** Longest that production waits for a part before it starts, in ms. */
const PATIENCE = 10_000;

/** In production: throws a SettingsError with all that is unsafe about the running services. */
export const refuseWhatIsUnsafe = async (checked: CheckedParts, ownerUrl: string): Promise<void> => {
  if (checked.settings.APP_ENV !== 'production') return;
  // An owner who does not answer must not keep the others' answers back.
  const { parts, close } = withOwner(checked, ownerUrl, PATIENCE / 2);
  try {
    const faults = await startFaults(declareChecks(parts), PATIENCE);
    if (faults.length > 0) throw new SettingsError(faults);
  } finally {
    await close();
  }
};
