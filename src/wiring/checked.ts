import type pg from 'pg';
import { startFaults } from '../platform/checks/check.ts';
import type { Ask } from '../platform/checks/database.ts';
import { SettingsError } from '../platform/settings/settings.ts';
import { declareChecks } from './checks.ts';
import type { CheckedParts } from './checks.ts';
import type { Connections } from './connections.ts';

const askOf =
  (pool: pg.Pool): Ask =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await pool.query<Row>(text, [...values])).rows;

const userOf = (url: string): string => decodeURIComponent(new URL(url).username);

/** What there is to check of the database; `others` are asked too whether it answers. */
export const databaseParts = (
  { system, replica, urls }: Pick<Connections, 'system' | 'replica' | 'urls'>,
  others: readonly pg.Pool[] = [],
): NonNullable<CheckedParts['database']> => ({
  users: [system, ...others].map(askOf),
  system: askOf(system),
  ...(replica && { replica: askOf(replica) }),
  names: { app: userOf(urls.app), system: userOf(urls.system) },
});

/** Longest that production waits for a part before it starts, in ms. */
const PATIENCE = 10_000;

/** In production: throws a SettingsError with all that is unsafe about the running services. */
export const refuseWhatIsUnsafe = async (parts: CheckedParts): Promise<void> => {
  if (parts.settings.APP_ENV !== 'production') return;
  const faults = await startFaults(declareChecks(parts), PATIENCE);
  if (faults.length > 0) throw new SettingsError(faults);
};
