import { createPool } from 'mysql2';
import { plainRow } from './raw-row.ts';
import type { SourceConnection, SourceConnectionOptions } from './raw-row.ts';

/** Connections to one source at most: its reader asks one question at a time. */
const MOST_CONNECTIONS = 2;

/** A TIMESTAMP is told in the session's zone. */
const MYSQL_SESSION = ["SET SESSION time_zone = '+00:00'", 'SET SESSION TRANSACTION READ ONLY'];

/** Opens a source on MySQL or MariaDB; nothing connects before the first query. */
export const openMysql = ({ url, timeout, onError }: SourceConnectionOptions): SourceConnection => {
  const pool = createPool({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    connectionLimit: MOST_CONNECTIONS,
    charset: 'utf8mb4',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: timeout,
    enableKeepAlive: true,
  });
  pool.on('connection', (connection) => void connection.on('error', onError));
  const prepared = new WeakSet<object>();
  return {
    dialect: 'mysql',
    query: async ({ text, values }) => {
      const connection = await pool.promise().getConnection();
      try {
        // One after the other: a question that waits behind one that fails is never answered once the connection is destroyed.
        if (!prepared.has(connection.connection))
          for (const statement of MYSQL_SESSION) await connection.query({ sql: statement, timeout });
        prepared.add(connection.connection);
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
