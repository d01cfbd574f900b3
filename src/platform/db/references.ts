import { conflict, Problem } from '../problem.ts';
import { camel } from '../schema/entity.ts';
import type { Reader, Tx } from './database.ts';

/** Rows that refer to each other within a company, by the foreign keys that the catalogue has. */
export interface References {
  /**
   * Keeps what `values` refer to from being deleted until the commit, as a foreign key does: everything else may be written
   * to it meanwhile, also by this unit of work. Throws 422 UNKNOWN_REFERENCE at
   * every field whose row is not there, or is deleted.
   */
  hold(tx: Tx, values: object): Promise<void>;
  /** Throws 409 IN_USE while a live row refers to `id`, save its own parts. The row must have been locked to remove it. */
  mustBeFree(tx: Tx, id: string): Promise<void>;
}

interface ForeignKey {
  readonly source: string;
  readonly column: string;
  readonly target: string;
}

/**
 * Keys from and to a table, of rows that are deleted softly on both ends. `on delete cascade` marks parts: they go with
 * their row and hold nothing.
 */
const KEYS = `select s.relname as source, a.attname as column, t.relname as target
  from pg_constraint k join pg_class s on s.oid = k.conrelid join pg_class t on t.oid = k.confrelid
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[2]
  where k.contype = 'f' and k.conparentid = 0 and array_length(k.conkey, 1) = 2
    and exists (select from pg_attribute d where d.attrelid = t.oid and d.attname = 'deleted_at')
    and ((s.relname = $1) or (t.relname = $1 and k.confdeltype <> 'c'
      and exists (select from pg_attribute d where d.attrelid = s.oid and d.attname = 'deleted_at')))
  order by t.relname, s.relname, a.attname`;

const unknown = (fields: readonly string[]): Problem =>
  new Problem(422, 'UNKNOWN_REFERENCE', {
    errors: fields.map((field) => ({ pointer: `/${field}`, code: 'UNKNOWN_REFERENCE', in: 'body' })),
  });

/** The references of one table. The catalogue is read once, with the first that are asked for. */
export const createReferences = (table: string): References => {
  let known: readonly ForeignKey[] | undefined;
  const keys = async (reader: Reader): Promise<readonly ForeignKey[]> =>
    (known ??= await reader.query<ForeignKey>(KEYS, [table]));

  /** Which of `ids` are live rows of `target`; locked in the order of their ids. */
  const live = async (tx: Tx, target: string, ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const rows = await tx.prepared<{ id: string }>(
      `select r.id from ${target} r where r.company_id = $1 and r.id = any($2::uuid[]) and r.deleted_at is null
       order by r.id for key share`,
      [tx.companyId, ids],
    );
    return new Set(rows.map(({ id }) => id));
  };

  return {
    hold: async (tx, values) => {
      const given = (await keys(tx))
        .filter(({ source }) => source === table)
        .map(({ column, target }) => ({ field: camel(column), target }))
        .flatMap(({ field, target }) => {
          const id = (values as Readonly<Record<string, unknown>>)[field];
          return typeof id === 'string' ? [{ field, target, id }] : [];
        });
      const missing: string[] = [];
      for (const [target, asked] of Map.groupBy(given, (reference) => reference.target)) {
        const found = await live(tx, target, [...new Set(asked.map(({ id }) => id))]);
        missing.push(...asked.filter(({ id }) => !found.has(id)).map(({ field }) => field));
      }
      if (missing.length > 0) throw unknown(missing);
    },
    mustBeFree: async (tx, id) => {
      const users = (await keys(tx)).filter(({ target }) => target === table);
      if (users.length === 0) return;
      const found = await tx.prepared<{ source: string }>(
        users
          .map(
            ({ source, column }) => `select '${source}' as source where exists (
              select 1 from ${source} u where u.company_id = $1 and u.${column} = $2 and u.deleted_at is null)`,
          )
          .join(' union '),
        [tx.companyId, id],
      );
      if (found.length > 0)
        throw conflict('IN_USE', { extra: { usedBy: found.map(({ source }) => source).toSorted() } });
    },
  };
};
