import type { Duplex } from 'node:stream';
import type pg from 'pg';
import type { Reader, ReadOptions, Rows, StatementOptions } from './database.ts';
import { connect, endedBy, entering, entry, rolledBack } from './entering.ts';
import type { Entrance } from './entering.ts';
import { databaseError, isCollision, isPlanLost } from './errors.ts';
import { asText, written } from './one-message.ts';
import type { createOneMessage, Statement, TextRows } from './one-message.ts';
import { RowStream } from './row-stream.ts';

/** What of a client its statements travel through. */
interface Wire {
  /** Whether a statement is sent before the one before it was answered. */
  pipeline: boolean;
  readonly connection: { readonly stream: Duplex };
}

async function* streamRows(client: pg.PoolClient, text: string, values: readonly unknown[]): AsyncGenerator<Rows> {
  // Rows in parts go back and forth between others: nothing may travel behind them.
  const wire: Wire = client;
  wire.pipeline = false;
  try {
    yield* client.query(new RowStream(text, values)) as AsyncIterable<Rows>;
  } catch (error) {
    throw databaseError(error);
  }
}

export interface ReaderOptions {
  readonly nameOf: (text: string) => string | undefined;
  readonly observe?: ((text: string) => void) | undefined;
}

/** What runs the statements of a transaction that has entered its company. */
export const createReader = (client: pg.PoolClient, companyId: string, { nameOf, observe }: ReaderOptions): Reader => {
  const run = async <Row>(query: pg.QueryConfig): Promise<Row[]> => {
    observe?.(query.text);
    try {
      return (await client.query({ ...query, values: written(query.values ?? []) })).rows as Row[];
    } catch (error) {
      throw databaseError(error);
    }
  };
  return {
    companyId,
    query: (text, values = []) => run({ text, values: [...values] }),
    prepared: (text, values = []) => {
      const name = nameOf(text);
      return run({ ...(name !== undefined && { name }), text, values: [...values] });
    },
    texts: (text, values = []) => run(asText({ name: nameOf(text), text, values })),
    stream: (text, values = []) => {
      observe?.(text);
      return streamRows(client, text, values);
    },
  };
};

/**
 * A read transaction that waits for the database as seldom as it can: BEGIN and the company travel with the first statement, and
 * nobody waits for the COMMIT of what wrote nothing. A session that may not enter aborts the transaction, so that the
 * database refuses the statement behind it; nothing is answered before the session has entered.
 */
export const readTransaction = async <T>(
  pool: pg.Pool,
  { snapshot, planned, byIndex }: ReadOptions,
  scope: Entrance,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const enter = [
    snapshot ? 'begin isolation level repeatable read read only' : 'begin read only',
    ...(planned === 'anew' ? ['set local plan_cache_mode = force_custom_plan'] : []),
    ...(byIndex ? ['set local enable_seqscan = off'] : []),
    entering(scope),
  ].join('; ');
  const client = await connect(pool);
  const wire: Wire = client;
  const { stream } = wire.connection;
  const release = (broken?: Error): void => {
    wire.pipeline = false;
    client.release(broken);
  };
  wire.pipeline = true;
  stream.cork();
  const entered = client.query(enter);
  const worked = (async () => work(client))();
  stream.uncork();
  const [session, done] = await Promise.allSettled([entered, worked]);
  if (session.status === 'fulfilled' && done.status === 'fulfilled') {
    client.query('commit').then(() => release(), release);
    return done.value;
  }
  const error: unknown = session.status === 'rejected' ? session.reason : (done as PromiseRejectedResult).reason;
  release(await rolledBack(pool, client, error));
  throw databaseError(error);
};

/**
 * Reads once more where `read` failed for a lost plan, then on a connection without plans of before, or stood in the way of
 * other work; and where it may be repeated.
 */
export const readAgain = async <T>(read: () => Promise<T>, mayRepeat = () => true): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if ((isPlanLost(error) || isCollision(error)) && mayRepeat()) return read();
    throw error;
  }
};

type RunInOneMessage = ReturnType<typeof createOneMessage>;

/** One statement in a read transaction of its own, sent in one message with all of it. */
const readStatement = async (
  pool: pg.Pool,
  scope: Entrance,
  statement: Statement,
  { onePlan = false }: StatementOptions,
  run: RunInOneMessage,
): Promise<TextRows & { readonly client: pg.PoolClient }> => {
  const client = await connect(pool);
  try {
    const answer = await run(client, entry(scope, onePlan), statement);
    client.release();
    return { ...answer, client };
  } catch (error) {
    client.release(await endedBy(pool, client, error));
    throw databaseError(error);
  }
};

/** A reader of one statement, which is a transaction; throws when it is asked for a second. `asked`: what became of it. */
export const createOnceReader = (
  pool: pg.Pool,
  scope: Entrance,
  run: RunInOneMessage,
  { nameOf, observe }: ReaderOptions,
): Reader & { readonly asked: () => Promise<unknown> | undefined } => {
  let asked: ReturnType<typeof readStatement> | undefined;
  const read = (statement: Statement, how: StatementOptions = {}) => {
    if (asked !== undefined) throw new Error('a read of one statement cannot run a second');
    observe?.(statement.text);
    asked = readAgain(() => readStatement(pool, scope, statement, how, run));
    return asked;
  };
  const parsed = async <Row>(statement: Statement): Promise<Row[]> => {
    const { fields, rows, client } = await read(statement);
    const columns = fields.map(({ name, dataTypeID }) => ({ name, parse: client.getTypeParser(dataTypeID, 'text') }));
    return rows.map(
      (row) =>
        Object.fromEntries(
          columns.map(({ name, parse }, at) => [name, row[at] === null ? null : (parse(row[at]!) as unknown)]),
        ) as Row,
    );
  };
  return {
    companyId: scope.companyId,
    asked: () => asked,
    query: (text, values = []) => parsed({ text, values }),
    prepared: (text, values = []) => parsed({ name: nameOf(text), text, values }),
    texts: async (text, values = [], how) => (await read({ name: nameOf(text), text, values }, how)).rows,
    stream: () => {
      throw new Error('a read of one statement cannot stream');
    },
  };
};
