import { v7 as uuidv7 } from 'uuid';
import type { ChangeRecorder } from '../change/recorder.ts';
import { notFound, Problem } from '../problem.ts';
import { snake, valueSchema } from '../schema/entity.ts';
import type { AnyEntity, RowOf } from '../schema/entity.ts';
import type { Reader, Tx } from './database.ts';
import type { Repository } from './repository.ts';

type Values = Readonly<Record<string, unknown>>;
type Loose = Values & { readonly id: string; readonly version: number };

/** The driver writes arrays as PostgreSQL's: those of objects are JSON. */
const encode = (schema: object | undefined, value: unknown): unknown => {
  const items = schema === undefined ? undefined : valueSchema(schema).items;
  return Array.isArray(value) && items !== undefined && valueSchema(items).type === 'object'
    ? JSON.stringify(value)
    : value;
};

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * The repository of an entity of the operator: a table without a company, written in transactions of the operator's
 * company, whose change log keeps what was done.
 */
export const createOperatorRepository = <E extends AnyEntity>(
  entity: E,
  changes: ChangeRecorder,
): Repository<RowOf<E>> => {
  const { table } = entity;
  const names = Object.keys(entity.columns);
  const columns = names.map((name) => `${snake(name)} as "${name}"`).join(', ');
  const live = `select ${columns} from ${table} where id = $1 and deleted_at is null`;

  const find = async (reader: Reader, id: string): Promise<RowOf<E> | undefined> =>
    (await reader.prepared<RowOf<E> & object>(live, [id]))[0];
  const need = (row: RowOf<E> | undefined): RowOf<E> => {
    if (row === undefined) throw notFound();
    return row;
  };
  const write = async (tx: Tx, row: Loose, patch: Values): Promise<void> => {
    const stamps = { version: row.version + 1, updatedAt: tx.now, updatedBy: tx.scope.actor.id };
    const entries = Object.entries({ ...patch, ...stamps });
    const sets = entries.map(([name], index) => `${snake(name)} = $${index + 3}`);
    const rows = await tx.prepared(
      `update ${table} set ${sets.join(', ')} where id = $1 and version = $2 returning id`,
      [row.id, row.version, ...entries.map(([name, value]) => encode(entity.columns[name], value))],
    );
    if (rows.length !== 1) throw new Problem(412, 'VERSION_MISMATCH');
  };

  return {
    entity,
    find,
    get: async (reader, id) => need(await find(reader, id)),
    lock: async (tx, id, version) => {
      const row = need((await tx.prepared<RowOf<E> & object>(`${live} for no key update`, [id]))[0]);
      const current = (row as Loose).version;
      if (version !== undefined && current !== version)
        throw new Problem(412, 'VERSION_MISMATCH', { extra: { version: current } });
      return row;
    },
    insert: async (tx, values, note = {}) => {
      const at = tx.now.toISOString();
      const row: Loose = { id: uuidv7(), ...values, version: 1, createdAt: at, updatedAt: at };
      const who = { createdBy: tx.scope.actor.id, updatedBy: tx.scope.actor.id };
      const entries = Object.entries({ ...row, ...who });
      await tx.prepared(
        `insert into ${table} (${entries.map(([name]) => snake(name)).join(', ')})
         values (${entries.map((_entry, index) => `$${index + 1}`).join(', ')})`,
        entries.map(([name, value]) => encode(entity.columns[name], value)),
      );
      await changes.record(tx, entity, { action: 'create', ...note }, undefined, row);
      return row as RowOf<E>;
    },
    update: async (tx, row, patch, note = {}) => {
      const before = row as Loose;
      const changed = Object.fromEntries(
        Object.entries(patch).filter(([name, value]) => value !== undefined && !isSame(before[name], value)),
      );
      if (Object.keys(changed).length === 0 && note.action === undefined) return row;
      await write(tx, before, changed);
      const after = { ...before, ...changed, version: before.version + 1, updatedAt: tx.now.toISOString() };
      await changes.record(tx, entity, { action: 'update', ...note }, before, after);
      return after as RowOf<E>;
    },
    remove: async (tx, row, note = {}) => {
      const before = row as Loose;
      await write(tx, before, { deletedAt: tx.now });
      await changes.record(tx, entity, { action: 'delete', ...note }, before, undefined);
    },
  };
};
