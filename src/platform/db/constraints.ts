import type pg from 'pg';
import { Problem } from '../problem.ts';
import type { Fault } from '../problem.ts';
import { camel } from '../schema/entity.ts';

type Asking = Pick<pg.ClientBase, 'query'>;

/** The columns that a constraint or unique index compares, by its name; those of an index also where they stand in expressions. */
const COLUMNS = `select distinct a.attname::text as name, a.attnum
  from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)
  where k.conname = $1 and k.contype in ('c', 'f') and k.connamespace = 'public'::regnamespace
  union select a.attname::text, a.attnum
  from pg_class c join pg_index x on x.indexrelid = c.oid cross join generate_series(1, x.indnkeyatts) place
  join pg_attribute a on a.attrelid = x.indrelid and a.attnum > 0
    and pg_get_indexdef(c.oid, place, true) ~ ('\\m' || a.attname || '\\M')
  where c.relname = $1 and c.relnamespace = 'public'::regnamespace
  order by attnum`;

/** What is stored sealed is found by its hash: both stand for one field. */
const fieldOf = (column: string): string => camel(column.replace(/_(hash|sealed)$/, ''));

/** The fields that a constraint is about, the company aside; none where the name is not known. */
export const fieldsOf = async (client: Asking, constraint: string): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(COLUMNS, [constraint]);
  return rows.filter(({ name }) => name !== 'company_id').map(({ name }) => fieldOf(name));
};

interface Refusal {
  readonly constraint: string;
  readonly errors: readonly Fault[];
  /** The same, at these pointers. */
  readonly at: (pointers: readonly string[]) => Problem;
}

/** What a constraint refused with faults of the body; undefined for everything else. */
const refusalOf = (error: unknown): Refusal | undefined => {
  if (!(error instanceof Problem)) return undefined;
  const { status, code, options } = error;
  const { constraint, errors = [] } = options;
  const [fault] = errors;
  if (constraint === undefined || fault === undefined) return undefined;
  const at = (pointers: readonly string[]) =>
    new Problem(status, code, { ...options, errors: pointers.map((pointer) => ({ ...fault, pointer })) });
  return { constraint, errors, at };
};

/**
 * A constraint's refusal with one fault for each field that it is about. PostgreSQL keeps these to itself where row level security
 * holds, so the catalogue is asked: on the connection that met it, once its transaction is over. Everything else stays what it was.
 */
export const pointed = async (client: Asking, error: unknown): Promise<unknown> => {
  const refusal = refusalOf(error);
  if (refusal === undefined) return error;
  // A connection that is lost here takes nothing from the refusal.
  const fields = await fieldsOf(client, refusal.constraint).catch(() => []);
  return fields.length === 0 ? error : refusal.at(fields.map((field) => `/${field}`));
};

/** Leaves of a constraint's faults those at what was sent; where nothing of it was, one of the whole body. */
export const ofBody = (error: unknown, body: unknown): unknown => {
  const refusal = refusalOf(error);
  if (refusal === undefined) return error;
  const sent = refusal.errors
    .map(({ pointer }) => pointer)
    .filter((pointer) => Object.hasOwn(Object(body) as object, pointer.slice(1)));
  return refusal.at(sent.length > 0 ? sent : ['']);
};
