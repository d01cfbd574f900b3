import { createPool as createMysqlPool } from 'mysql2';
import pg from 'pg';
import { dialectOf } from './dialects.ts';
import { openMssql } from './mssql.ts';
import { plainRow } from './raw-row.ts';
import type { SourceConnection, SourceConnectionOptions } from './raw-row.ts';

const MOST_CONNECTIONS = 2;

const TIMESTAMP = 1114;
/** Times without a zone are UTC, wherever this process runs. */
const parser = (oid: number, format?: 'text' | 'binary'): unknown =>
  oid === TIMESTAMP && format !== 'binary'
    ? (text: string) => new Date(`${text.replace(' ', 'T')}Z`)
    : pg.types.getTypeParser(oid, format);

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
    connection.query('SET SESSION TRANSACTION READ ONLY');
    connection.on('error', onError);
  });
  return {
    dialect: 'mysql',
    query: async ({ text, values }) => {
      const [rows] = await pool.promise().query({ sql: text, values: [...values], timeout });
      return (rows as object[]).map(plainRow);
    },
    close: () => pool.promise().end(),
  };
};

const OPENERS = { mssql: openMssql, mysql: openMysql, postgres: openPostgres } as const;

/** Opens a source by its URL; the scheme says which driver. Nothing connects before the first query. */
export const openSource = (options: SourceConnectionOptions): SourceConnection =>
  OPENERS[dialectOf(options.url)](options);
