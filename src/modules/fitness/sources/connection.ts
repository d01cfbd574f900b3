import { hearErrors } from '../../../platform/db/pool.ts';
import { loadInTurn } from '../../../platform/process/load-in-turn.ts';
import pg from 'pg';
import { dialectOf } from './dialects.ts';
import { plainRow } from './raw-row.ts';
import type { SourceConnection, SourceConnectionOptions } from './raw-row.ts';

const MOST_CONNECTIONS = 2;

/** Days and times without a zone are UTC, wherever this process runs. */
const UTC_PARSERS: ReadonlyMap<number, (text: string) => Date> = new Map([
  [pg.types.builtins.TIMESTAMP, (text) => new Date(`${text.replace(' ', 'T')}Z`)],
  [pg.types.builtins.DATE, (text) => new Date(`${text}T00:00:00Z`)],
]);
const parser = (oid: number, format?: 'text' | 'binary'): unknown =>
  (format === 'binary' ? undefined : UTC_PARSERS.get(oid)) ?? pg.types.getTypeParser(oid, format);

const openPostgres = ({ url, timeout, onError }: SourceConnectionOptions): SourceConnection => {
  const pool = new pg.Pool({
    connectionString: url,
    max: MOST_CONNECTIONS,
    application_name: 'angelis source',
    connectionTimeoutMillis: timeout,
    statement_timeout: timeout,
    query_timeout: timeout,
    options: '-c default_transaction_read_only=on',
    types: { getTypeParser: parser as typeof pg.types.getTypeParser },
  });
  hearErrors(pool, onError);
  return {
    dialect: 'postgres',
    query: async ({ text, values }) => (await pool.query<object>(text, [...values])).rows.map(plainRow),
    close: () => pool.end(),
  };
};

/** Loads the driver with the first query: most processes never ask that database. */
const openLater = (dialect: SourceConnection['dialect'], open: () => Promise<SourceConnection>): SourceConnection => {
  let opened: Promise<SourceConnection> | undefined;
  return {
    dialect,
    query: async (statement) => {
      opened ??= open();
      return (await opened).query(statement);
    },
    close: async () => {
      await (await opened)?.close();
    },
  };
};

const OPENERS = {
  mssql: (options: SourceConnectionOptions) =>
    openLater('mssql', async () => (await loadInTurn(() => import('./mssql.ts'))).openMssql(options)),
  mysql: (options: SourceConnectionOptions) =>
    openLater('mysql', async () => (await loadInTurn(() => import('./mysql.ts'))).openMysql(options)),
  postgres: openPostgres,
} as const;

/** Opens a source by its URL; the scheme says which driver. Nothing connects before the first query. */
export const openSource = (options: SourceConnectionOptions): SourceConnection =>
  OPENERS[dialectOf(options.url)](options);
