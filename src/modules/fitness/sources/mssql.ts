import { Connection, Request, TYPES } from 'tedious';
import type { ConnectionConfiguration } from 'tedious';
import { plainRow } from './raw-row.ts';
import type { RawRow, SourceConnection, SourceConnectionOptions } from './raw-row.ts';
import type { Statement } from './dialects.ts';

/** `strict` is TDS 8.0: TLS before anything else. */
const ENCRYPTION: Readonly<Record<string, boolean | 'strict'>> = { false: false, strict: 'strict' };

/**
 * tedious' configuration of `mssql://user:password@host:1433/database`. `encrypt=false`, `encrypt=strict` and
 * `trustServerCertificate=true` are taken from the query; without them it is encrypted, and the certificate checked.
 */
export const mssqlConfiguration = (url: string, timeout: number): ConnectionConfiguration => {
  const { hostname, port, pathname, username, password, searchParams } = new URL(url);
  return {
    server: hostname,
    authentication: {
      type: 'default',
      options: { userName: decodeURIComponent(username), password: decodeURIComponent(password) },
    },
    options: {
      port: port === '' ? 1433 : Number(port),
      database: decodeURIComponent(pathname.slice(1)),
      encrypt: ENCRYPTION[searchParams.get('encrypt') ?? ''] ?? true,
      trustServerCertificate: searchParams.get('trustServerCertificate') === 'true',
      readOnlyIntent: true,
      useUTC: true,
      appName: 'angelis source',
      connectTimeout: timeout,
      requestTimeout: timeout,
      cancelTimeout: 1_000,
    },
  };
};

/** Whole numbers travel as bigint, which is what ids are; text as nvarchar. */
export const parameterType = (value: string | number) => (typeof value === 'number' ? TYPES.BigInt : TYPES.NVarChar);

interface Column {
  readonly metadata: { readonly colName: string };
  readonly value: unknown;
}

const run = (connection: Connection, { text, values }: Statement): Promise<RawRow[]> =>
  new Promise((resolve, reject) => {
    const rows: RawRow[] = [];
    const request = new Request(text, (error) => {
      if (error) reject(error);
      else resolve(rows);
    });
    for (const [index, value] of values.entries())
      request.addParameter(`p${index + 1}`, parameterType(value), typeof value === 'number' ? String(value) : value);
    request.on('row', (columns: Column[]) => {
      rows.push(plainRow(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value]))));
    });
    connection.execSql(request);
  });

const connect = (options: SourceConnectionOptions, onEnd: (ended: Connection) => void): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const connection = new Connection(mssqlConfiguration(options.url, options.timeout));
    connection.on('error', options.onError);
    connection.on('end', () => {
      onEnd(connection);
    });
    connection.connect((error) => {
      if (error) reject(error);
      else resolve(connection);
    });
  });

/** A source on SQL Server: one connection, made when it is needed and again after it broke; queries wait for each other. */
export const openMssql = (options: SourceConnectionOptions): SourceConnection => {
  let open: Connection | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const forget = (ended: Connection): void => {
    if (open === ended) open = undefined;
  };
  const ask = async (statement: Statement): Promise<RawRow[]> => {
    const connection = open ?? (await connect(options, forget));
    open = connection;
    try {
      return await run(connection, statement);
    } catch (error) {
      // What failed may still be running, or half read: its connection is never used again.
      forget(connection);
      connection.close();
      throw error;
    }
  };
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    dialect: 'mssql',
    query: (statement) => next(() => ask(statement)),
    close: () =>
      next(async () => {
        open?.close();
        open = undefined;
        await Promise.resolve();
      }),
  };
};
