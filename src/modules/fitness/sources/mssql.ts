import { Connection, Request, TYPES } from 'tedious';
import type { ConnectionConfiguration } from 'tedious';
import { plainRow } from './raw-row.ts';
import type { RawRow, SourceConnection, SourceConnectionOptions } from './raw-row.ts';
import type { Statement } from './dialects.ts';

/**
 * tedious' configuration of `mssql://user:password@host:1433/database`. `encrypt=false` and `trustServerCertificate=true`
 * are taken from the query; both are off unless said.
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
      encrypt: searchParams.get('encrypt') !== 'false',
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

const connect = (options: SourceConnectionOptions, onEnd: () => void): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const connection = new Connection(mssqlConfiguration(options.url, options.timeout));
    connection.on('error', options.onError);
    connection.on('end', onEnd);
    connection.connect((error) => {
      if (error) reject(error);
      else resolve(connection);
    });
  });

/** A source on SQL Server: one connection, made when it is needed and again after it broke; queries wait for each other. */
export const openMssql = (options: SourceConnectionOptions): SourceConnection => {
  let open: Promise<Connection> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const connection = (): Promise<Connection> => {
    open ??= connect(options, () => {
      open = undefined;
    }).catch((error: unknown) => {
      open = undefined;
      throw error;
    });
    return open;
  };
  return {
    dialect: 'mssql',
    query: (statement) => {
      const rows = last.then(async () => run(await connection(), statement));
      last = rows.catch(() => undefined);
      return rows;
    },
    close: async () => {
      await last;
      const current = await open?.catch(() => undefined);
      current?.close();
    },
  };
};
