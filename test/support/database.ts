import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase } from '../../src/platform/db/database.ts';
import type { Database } from '../../src/platform/db/database.ts';
import { createPool, hearErrors } from '../../src/platform/db/pool.ts';
import type { Role } from '../../src/platform/db/roles.ts';
import { recordStatement } from './statements.ts';
import { roleUrl, superuserUrl, templateName } from './template.ts';

export interface TestDatabase {
  readonly name: string;
  readonly url: (role: Role) => string;
  /** A pool of user `role`. */
  readonly pool: (role: Role, max?: number) => pg.Pool;
  /**
   * The two data paths as user `app`; `now` defaults to the real clock. `observed: false` for statements that break the
   * rules of the house on purpose.
   */
  readonly open: (options?: { now?: () => Date; max?: number; observed?: boolean }) => Database;
  /** One statement past row level security; its rows. */
  readonly sql: <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
  /** A client that passes row level security: for looking, and for breaking things on purpose. */
  readonly superuser: () => Promise<pg.Client>;
  readonly drop: () => Promise<void>;
}

const failLoudly = (error: Error): void => {
  if (!/terminating connection|Connection terminated|ECONNRESET/.test(error.message)) throw error;
};

let admin: pg.Pool | undefined;
/** Files come and go: the connection that makes and drops their databases stays. */
const makeAdmin = (): pg.Pool => {
  const made = new pg.Pool({
    connectionString: superuserUrl('postgres'),
    max: 1,
    idleTimeoutMillis: 60_000,
    allowExitOnIdle: true,
  });
  hearErrors(made, failLoudly);
  return made;
};

const asAdmin = async (...statements: readonly string[]): Promise<void> => {
  admin ??= makeAdmin();
  for (const text of statements) await admin.query(text);
};

/** A fresh copy of the migrated template database. Call `drop` when the file is done. */
export const cloneDatabase = async (): Promise<TestDatabase> => {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(
    `create database ${name} template ${templateName()} owner owner strategy file_copy`,
    `grant connect on database ${name} to app, system`,
  );
  return openDatabase(name);
};

/** A database of the test server that is there already. */
export const openDatabase = (name: string): TestDatabase => {
  const url = (role: Role) => roleUrl(role, name);
  const closing: (() => Promise<unknown>)[] = [];
  const pool = (role: Role, max = 10) => {
    const made = createPool({
      url: url(role),
      max,
      applicationName: 'test',
      statementTimeout: 30_000,
      onError: failLoudly,
    });
    closing.push(() => (made.ended ? Promise.resolve() : made.end()));
    return made;
  };
  let shared: pg.Pool | undefined;
  /** Hundreds of statements of a file set its stage: a connection each would cost more than all they do. */
  const share = (): pg.Pool => {
    const made = new pg.Pool({ connectionString: superuserUrl(name), max: 2, idleTimeoutMillis: 2_000 });
    hearErrors(made, failLoudly);
    closing.push(() => made.end());
    return made;
  };
  return {
    name,
    url,
    pool,
    sql: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await (shared ??= share()).query<Row>(text, [...values])).rows,
    open: ({ now = () => new Date(), max = 10, observed = true } = {}) =>
      createDatabase({
        writer: pool('app', max),
        reader: pool('app', max),
        now,
        ...(observed && { observe: recordStatement }),
      }),
    superuser: async () => {
      const client = new pg.Client({ connectionString: superuserUrl(name) });
      await client.connect();
      closing.push(() => client.end());
      return client;
    },
    drop: async () => {
      await Promise.all(closing.map((close) => close()));
      await asAdmin(`drop database ${name} with (force)`);
    },
  };
};
