import { v7 as uuidv7 } from 'uuid';
import type { ChangeRecorder, ChangeNote } from '../change/recorder.ts';
import { snake } from '../schema/entity.ts';
import type { AnyEntity, InsertOf, RowOf } from '../schema/entity.ts';
import { once } from '../once.ts';
import { notFound, Problem } from '../problem.ts';
import type { Database, Reader, Tx } from './database.ts';
import { defineModel } from './model.ts';
import { createReferences } from './references.ts';
import type { References } from './references.ts';
import { writeSearchTokens } from './search.ts';

/** What a write says about itself in the change log; `action` defaults to create, update or delete. */
export type Note = Partial<ChangeNote>;

/** The only way to write an entity's table: every write leaves its row in the change log, in the same transaction. */
export interface Repository<Row> {
  readonly entity: AnyEntity;
  readonly references: References;
  insert(tx: Tx, values: InsertOf<Row>, note?: Note): Promise<Row>;
  /** The live row, or undefined. */
  find(reader: Reader, id: string): Promise<Row | undefined>;
  /** The live row, or 404. */
  get(reader: Reader, id: string): Promise<Row>;
  /** Locks the live row for this unit of work, not against rows that refer to it (keys never change). 404 without it; 412 when `version` is given and another. */
  lock(tx: Tx, id: string, version?: number): Promise<Row>;
  /**
   * Locks the live row to delete it, against rows that refer to it as well (`references.hold`). Never after `lock`: whoever
   * raises a lock while somebody else waits with theirs locks both for good.
   */
  lockToRemove(tx: Tx, id: string, version?: number): Promise<Row>;
  /** Writes what differs; nothing when nothing does. The row must have been locked. */
  update(tx: Tx, row: Row, patch: Partial<Row>, note?: Note): Promise<Row>;
  /** Deletes softly. */
  remove(tx: Tx, row: Row, note?: Note): Promise<void>;
  /** The row that was deleted softly. 404 without it; 412 when `version` is another. */
  getDeleted(reader: Reader, id: string, version: number): Promise<Row>;
  /** Brings back a row that was deleted softly, with what else changes by that. 412 when somebody else did meanwhile. */
  restore(tx: Tx, row: Row, patch: Partial<Row>, note?: Note): Promise<Row>;
}

/** A row as it is written. */
export interface Loose {
  readonly id: string;
  readonly version: number;
  readonly [key: string]: unknown;
}

/** Where rows of an entity stand, and how they are written; the repository does the rest. */
export interface Table {
  /** SQL that holds for the row that `place` names, live or deleted. */
  readonly where: string;
  place(reader: Reader, id: string): readonly unknown[];
  insert(tx: Tx, row: Loose): Promise<void>;
  /** Writes `patch` where `row` still has its version; answers how many rows that were. */
  patch(tx: Tx, row: Loose, patch: object): Promise<number>;
}

const equal = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** What `patch` says otherwise than `row`. */
export const changesOf = (row: object, patch: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(patch).filter(
      ([key, value]) => value !== undefined && !equal((row as Readonly<Record<string, unknown>>)[key], value),
    ),
  );

const raise = (error: Error): never => {
  throw error;
};

const mismatch = (version?: number): Problem =>
  new Problem(412, 'VERSION_MISMATCH', version === undefined ? {} : { extra: { version } });

/** The repository of an entity over its table. */
export const createRepositoryOver = <E extends AnyEntity>(
  entity: E,
  table: Table,
  changes: ChangeRecorder,
): Repository<RowOf<E>> => {
  const columns = Object.keys(entity.columns).map((name) => `${snake(name)} as "${name}"`);
  const rows = `select ${columns.join(', ')} from ${entity.table} where ${table.where}`;
  const live = `${rows} and deleted_at is null`;
  const asSeen = (row: (RowOf<E> & Loose) | undefined, version?: number): RowOf<E> => {
    if (row === undefined) throw notFound();
    if (version !== undefined && row.version !== version) throw mismatch(row.version);
    return row;
  };
  const find = async (reader: Reader, id: string): Promise<RowOf<E> | undefined> =>
    (await reader.prepared<RowOf<E> & object>(live, table.place(reader, id)))[0];
  const locked =
    (strength: 'update' | 'no key update') =>
    async (tx: Tx, id: string, version?: number): Promise<RowOf<E>> => {
      const text = tx.isRehearsal ? live : `${live} for ${strength}`;
      const [row] = await tx.prepared<RowOf<E> & Loose>(text, table.place(tx, id));
      return asSeen(row, version);
    };
  const write = async (tx: Tx, row: Loose, patch: object): Promise<number> => {
    const version = row.version + 1;
    const stamp = { version, updatedAt: tx.now.toISOString(), updatedBy: tx.scope.actor.id };
    if ((await table.patch(tx, row, { ...patch, ...stamp })) !== 1) throw mismatch();
    return version;
  };
  return {
    entity,
    references: createReferences(entity.table),
    find,
    get: async (reader, id) => (await find(reader, id)) ?? raise(notFound()),
    lock: locked('no key update'),
    lockToRemove: locked('update'),
    insert: async (tx, values, note = {}) => {
      const at = tx.now.toISOString();
      const row: Loose = { id: uuidv7(), ...values, version: 1, createdAt: at, updatedAt: at };
      const by = tx.scope.actor.id;
      await table.insert(tx, { ...row, createdBy: by, updatedBy: by });
      await writeSearchTokens(tx, entity, row);
      await changes.record(tx, entity, { action: 'create', ...note }, undefined, row);
      return row as RowOf<E>;
    },
    update: async (tx, row, patch, note = {}) => {
      const before = row as Loose;
      const changed = changesOf(before, patch);
      if (Object.keys(changed).length === 0 && note.action === undefined) return row;
      const version = await write(tx, before, changed);
      const after: Loose = { ...before, ...changed, version, updatedAt: tx.now.toISOString() };
      await writeSearchTokens(tx, entity, after, before);
      await changes.record(tx, entity, { action: 'update', ...note }, before, after);
      return after as RowOf<E>;
    },
    remove: async (tx, row, note = {}) => {
      const before = row as Loose;
      await write(tx, before, { deletedAt: tx.now.toISOString() });
      await writeSearchTokens(tx, entity, undefined, before);
      await changes.record(tx, entity, { action: 'delete', ...note }, before, undefined);
    },
    getDeleted: async (reader, id, version) => {
      const deleted = `${rows} and deleted_at is not null`;
      const [row] = await reader.prepared<RowOf<E> & Loose>(deleted, table.place(reader, id));
      return asSeen(row, version);
    },
    restore: async (tx, row, patch, note = {}) => {
      const before = row as Loose;
      const changed = changesOf(before, patch);
      const version = await write(tx, before, { ...changed, deletedAt: null });
      const after: Loose = { ...before, ...changed, version, updatedAt: tx.now.toISOString() };
      await writeSearchTokens(tx, entity, after);
      await changes.record(tx, entity, { action: 'restore', ...note }, undefined, after);
      return after as RowOf<E>;
    },
  };
};

/** The repository of a company's entity. Modules wrap it where they need more than these writes. */
export const createRepository = <E extends AnyEntity>(
  entity: E,
  db: Database,
  changes: ChangeRecorder,
): Repository<RowOf<E>> => {
  // A process writes few of its entities at once: all models together are a third of what wiring it costs.
  const model = once(() => defineModel(db.sequelize, entity));
  const table: Table = {
    where: 'company_id = $1 and id = $2',
    place: ({ companyId }, id) => [companyId, id],
    insert: async (tx, row) => {
      await model().create({ ...row, companyId: tx.companyId }, { transaction: tx.orm, returning: false });
    },
    // Not by the model: its statements are parsed, planned and built anew each time.
    patch: async (tx, { id, version }, patch) => {
      const names = Object.keys(patch).map(snake).toSorted();
      const values = Object.fromEntries(Object.entries(patch).map(([name, value]) => [snake(name), value]));
      const rows = await tx.prepared(
        `update ${entity.table} t set ${names.map((name) => `${name} = n.${name}`).join(', ')}
         from jsonb_populate_record(null::${entity.table}, $4) n
         where t.company_id = $1 and t.id = $2 and t.version = $3 returning t.id`,
        [tx.companyId, id, version, JSON.stringify(values)],
      );
      return rows.length;
    },
  };
  return createRepositoryOver(entity, table, changes);
};
