import { Sequelize, Transaction } from 'sequelize';
import type pg from 'pg';
import { pointed } from './constraints.ts';
import { connect, entering, rolledBack } from './entering.ts';
import type { Entrance } from './entering.ts';
import { databaseError } from './errors.ts';
import { createOneMessage } from './one-message.ts';
import type { TextRows } from './one-message.ts';
import { createOnceReader, createReader, readAgain, readTransaction } from './reads.ts';
import type { Problem } from '../problem.ts';
import { NO_TRACER } from '../telemetry/tracer.ts';
import type { SpanDetails, Tracer } from '../telemetry/tracer.ts';
import type { Scope } from './scope.ts';

/** How a statement is run. */
export interface StatementOptions {
  /**
   * Whatever its values, the same plan is right for it: a read of one statement then keeps the plan of its first run.
   * PostgreSQL would plan it anew each time where a company is larger than most, which takes longer than a page does.
   */
  readonly onePlan?: boolean;
}

/** What a read model may do: run SQL in a READ ONLY transaction of one company. */
export interface Reader {
  readonly companyId: string;
  /** Runs one statement. Values are parameters `$1…`; rows are plain JSON values (see `createPool`). */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs a statement that the server may keep prepared under its own text. */
  prepared<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same, each row a list of its values as PostgreSQL writes them, text or null: for what makes JSON of them. */
  texts(text: string, values?: readonly unknown[], options?: StatementOptions): Promise<TextRows['rows']>;
  /**
   * Rows of one statement, some hundreds at a time and fetched as they are read: memory stays flat, however many there are. No other statement of this reader runs before the last row was read or the loop was left.
   */
  stream(text: string, values?: readonly unknown[]): AsyncIterable<Rows>;
}

/** Rows as lists of their values, in the order of the statement's columns. */
export type Rows = readonly (readonly unknown[])[];

export interface ReadOptions {
  /** On the replica, where there is one. */
  readonly replica?: boolean;
  /** All statements see the data as it is when the first begins, so that totals fit their rows. */
  readonly snapshot?: boolean;
  /** `work` runs one statement and no other: session and statement travel in one message, which is their transaction. */
  readonly once?: boolean;
  /**
   * `anew`: its statements are planned for their values each time. PostgreSQL would keep a plan made for a company of average
   * size where that looks as cheap, and run it in the largest one, too, where it can take a hundred times as long.
   */
  readonly planned?: 'anew';
  /** Its statements look rows up by their indexes, also where the plan was made when the tables had next to none. */
  readonly byIndex?: boolean;
}

/** A running unit of work. Everything written with it is committed together or not at all. */
export interface Tx extends Reader {
  readonly scope: Scope;
  /** The instant of this unit of work: every time it writes. */
  readonly now: Date;
  /** The same transaction for Sequelize's models. */
  readonly orm: Transaction;
  readonly client: pg.PoolClient;
  /** It will be undone whatever comes of it, and holds nobody off; see rehearse.ts. */
  readonly isRehearsal?: boolean;
  /** Runs `hook` once the work is committed; never when it is rolled back. */
  afterCommit(hook: () => void): void;
}

/**
 * Refuses a unit of work and leaves a record of it: the work is rolled back, then `record` runs in a transaction of its own,
 * for the same scope, and answers the problem that the caller is told.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly record: (tx: Tx) => Promise<Problem>;
  constructor(record: (tx: Tx) => Promise<Problem>) {
    super('refused, with a record of its own');
    this.record = record;
  }
}

export interface Database {
  /** Sequelize without connections of its own: models live here, `tx.orm` carries the connection. */
  readonly sequelize: Sequelize;
  /** Runs a unit of work for `scope`. Throws `StaleSession`, `SessionEnded`, or what the database refuses as problems. */
  write<T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a READ ONLY transaction; a second time, from its beginning, where the connection had lost what it kept
   * prepared, or other work stood in the way, and nothing was streamed yet.
   */
  read<T>(scope: Scope, work: (reader: Reader) => Promise<T>, options?: ReadOptions): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly writer: pg.Pool;
  readonly reader: pg.Pool;
  readonly replica?: pg.Pool;
  readonly now: () => Date;
  /** How many statements a connection keeps prepared, at the most. Default 1,000. */
  readonly mostPrepared?: number;
  /** Measures every transaction. */
  readonly tracer?: Tracer;
  /** Sees every statement (tests hold them to the rules of the house). */
  readonly observe?: (text: string) => void;
}

/**
 * Names for statements that come again, `most` of them: every connection keeps what has a name, and lists have as many texts
 * as their filters combine. A text gets one when it is run for the second time, and was not forgotten since the first. A
 * running number, since PostgreSQL keeps 63 bytes of a name.
 */
const createNames = (most: number): ((text: string) => string | undefined) => {
  const names = new Map<string, string>();
  const once = new Set<string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= most) return known;
    if (once.delete(text)) {
      const name = `read_${names.size}`;
      names.set(text, name);
      return name;
    }
    once.add(text);
    if (once.size > most) once.delete(once.values().next().value!);
    return undefined;
  };
};

/** Runs `work` between BEGIN and COMMIT; a connection that broke leaves the pool. */
const transaction = async <T>(
  pool: pg.Pool,
  begin: string,
  scope: Entrance,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await connect(pool);
  let broken: Error | undefined;
  try {
    await client.query(`${begin}; ${entering(scope)}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = await rolledBack(pool, client, error);
    const refused = databaseError(error);
    throw broken === undefined ? await pointed(client, refused) : refused;
  } finally {
    client.release(broken);
  }
};

const WRITE: SpanDetails = {
  name: 'postgresql write',
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'write' },
};
const READ: SpanDetails = {
  ...WRITE,
  name: 'postgresql read',
  attributes: { ...WRITE.attributes, 'db.operation.name': 'read' },
};

/** The two data paths over the pools of users `app`: units of work and read models. See docs/architecture.md. */
export const createDatabase = (parts: DatabaseOptions): Database => {
  const { writer, reader, replica, now, observe, mostPrepared = 1_000, tracer = NO_TRACER } = parts;
  const sequelize = new Sequelize({
    dialect: 'postgres',
    logging: observe === undefined ? false : (text) => observe(text.replace(/^Executing \([^)]*\): /, '')),
    define: { underscored: true, timestamps: false, freezeTableName: true },
  });
  const enter = (scope: Scope): Entrance => ({ ...scope, now: now() });
  const commit = async <T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> => {
    const hooks: (() => void)[] = [];
    const result = await tracer.span(WRITE, () =>
      transaction(writer, 'begin', enter(scope), async (client) => {
        const orm = Object.assign(new Transaction(sequelize, {}), { connection: client });
        const afterCommit = (hook: () => void) => void hooks.push(hook);
        return work({ ...createReader(client, scope.companyId, options), scope, now: now(), orm, client, afterCommit });
      }),
    );
    for (const hook of hooks) hook();
    return result;
  };
  const options = { nameOf: createNames(mostPrepared), observe };
  const run = createOneMessage();
  const readOnce = async <T>(pool: pg.Pool, scope: Scope, work: (reader: Reader) => Promise<T>): Promise<T> => {
    const once = createOnceReader(pool, enter(scope), run, options);
    const [worked] = await Promise.allSettled([(async () => work(once))()]);
    const told = () => (worked.status === 'fulfilled' ? Promise.resolve(worked.value) : Promise.reject(worked.reason));
    const asked = once.asked();
    if (asked === undefined) return readTransaction(pool, {}, enter(scope), told);
    // Nothing is answered, nor refused, before the session has entered: what the statement was refused stands.
    await asked;
    return told();
  };
  return {
    sequelize,
    write: async (scope, work) => {
      try {
        return await commit(scope, work);
      } catch (error) {
        throw error instanceof Refusal ? await commit(scope, error.record) : error;
      }
    },
    read: (scope, work, wanted = {}) =>
      tracer.span(READ, () => {
        const pool = (wanted.replica && replica) || reader;
        if (wanted.once) return readOnce(pool, scope, work);
        let hasStreamed = false;
        const transact = () =>
          readTransaction(pool, wanted, enter(scope), (client) => {
            const inner = createReader(client, scope.companyId, options);
            return work({
              ...inner,
              stream: (text, values) => {
                hasStreamed = true;
                return inner.stream(text, values);
              },
            });
          });
        return readAgain(transact, () => !hasStreamed);
      }),
    close: async () => {
      await Promise.all([writer.end(), reader.end(), replica?.end()]);
      await sequelize.close();
    },
  };
};
