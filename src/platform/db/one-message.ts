import type { Duplex } from 'node:stream';
import type pg from 'pg';
import utils from 'pg/lib/utils.js';

/** A statement; with a name, connections keep it prepared. */
export interface Statement {
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Rows as PostgreSQL writes their values: text or null, in the order of the columns. */
export interface TextRows {
  readonly fields: readonly pg.FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What of pg's connection makes messages: each is handed to `_send`. */
interface Wire {
  readonly stream: Duplex;
  bind(this: Sender, config: { statement: string; values: readonly unknown[] }): void;
  execute(this: Sender, config: null): void;
  sync(this: Sender): void;
}

interface Sender {
  _send(message: Buffer): void;
}

/** pg's client where a statement need not wait for the answer of the one before it. */
interface Pipelined {
  pipeline: boolean;
  readonly connection: { readonly stream: Duplex };
}

const BEGIN: Statement = { text: 'begin', values: [] };
/** Ends the transaction, whatever of it failed. */
const COMMIT: Statement = { text: 'commit', values: [] };
const AS_TEXT = { getTypeParser: () => (value: string) => value };

/** Values as pg sends them: one that cannot be written is refused before anything is under way. */
export const written = (values: readonly unknown[]): unknown[] => values.map((value) => utils.prepareValue(value));

/** A statement whose rows come as text. */
export const asText = ({ name, text, values }: Statement): pg.QueryArrayConfig => ({
  ...(name !== undefined && { name }),
  text,
  values: [...values],
  rowMode: 'array',
  types: AS_TEXT,
});

/**
 * Runs two statements that this connection keeps prepared, in one message and for one answer, which makes them one transaction: PostgreSQL ends
 * what no BEGIN began at the Sync (documentation of its protocol, "Pipelining"). Tells the rows of the second.
 */
const runPrepared = (client: pg.PoolClient, statements: readonly Statement[]): Promise<TextRows['rows']> =>
  new Promise((resolve, reject) => {
    const rows: (string | null)[][] = [];
    let done = 0;
    client.query({
      submit: (connection: unknown) => {
        const wire = connection as Wire;
        // Written as one buffer: a dozen small ones take the system and Node longer than all else that is done here.
        const messages: Buffer[] = [];
        const sender: Sender = { _send: (message) => void messages.push(message) };
        for (const { name, values } of statements) {
          wire.bind.call(sender, { statement: name!, values });
          wire.execute.call(sender, null);
        }
        wire.sync.call(sender);
        wire.stream.write(Buffer.concat(messages));
      },
      handleDataRow: ({ fields }: { fields: (string | null)[] }) => {
        if (done === 1) rows.push(fields);
      },
      handleCommandComplete: () => {
        done += 1;
      },
      handleError: reject,
      handleReadyForQuery: () => resolve(rows),
    } as pg.Submittable);
  });

/** Runs both between BEGIN and COMMIT, waiting for none, so that the connection prepares those that have a name. */
const runBehind = async (client: pg.PoolClient, statements: readonly Statement[]): Promise<TextRows> => {
  const wire = client as unknown as Pipelined;
  const { stream } = wire.connection;
  wire.pipeline = true;
  stream.cork();
  const sent = [BEGIN, ...statements, COMMIT].map((statement) => client.query<(string | null)[]>(asText(statement)));
  stream.uncork();
  const answers = await Promise.allSettled(sent);
  wire.pipeline = false;
  const refused = answers.find((answer) => answer.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
  return (answers[2] as PromiseFulfilledResult<pg.QueryArrayResult<(string | null)[]>>).value;
};

/**
 * Runs a statement behind the one that enters its company, in a transaction of both. Once a connection has prepared them they
 * travel to it as one message, and it answers once: waits, system calls and the parsing of its columns' descriptions less. The
 * second does not run where the first fails.
 */
export const createOneMessage = () => {
  const prepared = new WeakMap<pg.PoolClient, Map<string, readonly pg.FieldDef[]>>();
  return async (
    client: pg.PoolClient,
    ...asked: readonly [enter: Statement, statement: Statement]
  ): Promise<TextRows> => {
    const statements = asked.map((statement) => ({ ...statement, values: written(statement.values) }));
    const known = prepared.get(client) ?? new Map<string, readonly pg.FieldDef[]>();
    prepared.set(client, known);
    const names = statements.map(({ name }) => name);
    const key = names.includes(undefined) ? undefined : names.join(' ');
    const fields = key === undefined ? undefined : known.get(key);
    if (fields !== undefined) return { fields, rows: await runPrepared(client, statements) };
    const answer = await runBehind(client, statements);
    if (key !== undefined) known.set(key, answer.fields);
    return answer;
  };
};
