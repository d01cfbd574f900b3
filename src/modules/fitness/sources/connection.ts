import { createPool as createMysqlPool } from 'mysql2';
import pg from 'pg';
import { dialectOf } from './dialects.ts';
import { openMssql } from './mssql.ts';
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
  pool.on('error', onError);
  pool.on('connect', (client) => {
    client.on('error', onError);
  });
  return {
    dialect: 'postgres',
    query: async ({ text, values }) => (await pool.query<object>(text, [...values])).rows.map(plainRow),
    close: () => pool.end(),
  };
};

/** A TIMESTAMP is told in the session's zone. */
const MYSQL_SESSION = ["SET SESSION time_zone = '+00:00'", 'SET SESSION TRANSACTION READ ONLY'];

const openMysql = ({ url, timeout, onError }: SourceConnectionOptions): SourceConnection => {
  const pool = createMysqlPool({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    connectionLimit: MOST_CONNECTIONS,
    charset: 'utf8mb4',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: timeout,
    enableKeepAlive: true,
  });
  pool.on('connection', (connection) => {
    connection.on('error', onError);
    for (const statement of MYSQL_SESSION)
      connection.query(statement, (error) => {
        if (error !== null) connection.destroy();
      });
  });
  return {
    dialect: 'mysql',
    query: async ({ text, values }) => {
      const connection = await pool.promise().getConnection();
      try {
        const [rows] = await connection.query({ sql: text, values: [...values], timeout });
        connection.release();
        return (rows as object[]).map(plainRow);
      } catch (error) {
        // What failed may still be running, or half read: its connection is never used again.
        connection.destroy();
        throw error;
      }
    },
    close: () => pool.promise().end(),
  };
};

const OPENERS = { mssql: openMssql, mysql: openMysql, postgres: openPostgres } as const;

/** Opens a source by its URL; the scheme says which driver. Nothing connects before the first query. */
export const openSource = (options: SourceConnectionOptions): SourceConnection =>
  OPENERS[dialectOf(options.url)](options);
