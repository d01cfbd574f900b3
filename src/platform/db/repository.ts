import type { Model, ModelStatic } from 'sequelize';
import { v7 as uuidv7 } from 'uuid';
import type { ChangeRecorder, ChangeNote } from '../change/recorder.ts';
import { snake } from '../schema/entity.ts';
import type { AnyEntity, InsertOf, RowOf } from '../schema/entity.ts';
import { notFound, Problem } from '../problem.ts';
import type { Database, Reader, Tx } from './database.ts';
import { defineModel } from './model.ts';
import { writeSearchTokens } from './search.ts';

/** What a write says about itself in the change log; `action` defaults to create, update or delete. */
export type Note = Partial<ChangeNote>;

/** The only way to write an entity's table: every write leaves its row in the change log, in the same transaction. */
export interface Repository<Row> {
  readonly entity: AnyEntity;
  insert(tx: Tx, values: InsertOf<Row>, note?: Note): Promise<Row>;
  /** The live row, or undefined. */
  find(reader: Reader, id: string): Promise<Row | undefined>;
  /** The live row, or 404. */
  get(reader: Reader, id: string): Promise<Row>;
  /** Locks the live row for this unit of work, not against rows that refer to it (keys never change). 404 without it; 412 when `version` is given and another. */
  lock(tx: Tx, id: string, version?: number): Promise<Row>;
  /** Writes what differs; nothing when nothing does. The row must have been locked. */
  update(tx: Tx, row: Row, patch: Partial<Row>, note?: Note): Promise<Row>;
  /** Deletes softly. */
  remove(tx: Tx, row: Row, note?: Note): Promise<void>;
}

interface Loose {
  readonly id: string;
  readonly version: number;
  readonly [key: string]: unknown;
}

const equal = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

const actorId = (tx: Tx): string | null => tx.scope.actor.id;

/** `select` list that names columns as the entity does. */
const columnList = (entity: Pick<AnyEntity, 'columns'>): string =>
  Object.keys(entity.columns)
    .map((name) => `${snake(name)} as "${name}"`)
    .join(', ');

const withStandard = (tx: Tx, values: object): Loose => ({
  id: uuidv7(),
  ...values,
  version: 1,
  createdAt: tx.now.toISOString(),
  updatedAt: tx.now.toISOString(),
});

const writeRow = async (model: ModelStatic<Model>, tx: Tx, row: Loose): Promise<void> => {
  const who = { createdBy: actorId(tx), updatedBy: actorId(tx) };
  await model.create({ ...row, ...who, companyId: tx.companyId }, { transaction: tx.orm, returning: false });
};

const writePatch = async (model: ModelStatic<Model>, tx: Tx, row: Loose, patch: object): Promise<number> => {
  const version = row.version + 1;
  const stamp = { version, updatedAt: tx.now.toISOString(), updatedBy: actorId(tx) };
  const [count] = await model.update(
    { ...patch, ...stamp },
    { where: { companyId: tx.companyId, id: row.id, version: row.version }, transaction: tx.orm },
  );
  if (count !== 1) throw new Problem(412, 'VERSION_MISMATCH');
  return version;
};

const differences = (row: Loose, patch: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(patch).filter(([key, value]) => value !== undefined && !equal(row[key], value)));

/** The repository of an entity. Modules wrap it where they need more than these writes. */
export const createRepository = <E extends AnyEntity>(
  entity: E,
  db: Database,
  changes: ChangeRecorder,
): Repository<RowOf<E>> => {
  const model = defineModel(db.sequelize, entity);
  const columns = columnList(entity);
  const live = `select ${columns} from ${entity.table} where company_id = $1 and id = $2 and deleted_at is null`;
  const find = async (reader: Reader, id: string): Promise<RowOf<E> | undefined> =>
    (await reader.prepared<RowOf<E> & object>(live, [reader.companyId, id]))[0];
  return {
    entity,
    find,
    get: async (reader, id) => (await find(reader, id)) ?? raise(notFound()),
    lock: async (tx, id, version) => {
      const [row] = await tx.prepared<RowOf<E> & Loose>(`${live} for no key update`, [tx.companyId, id]);
      if (row === undefined) throw notFound();
      if (version !== undefined && row.version !== version)
        throw new Problem(412, 'VERSION_MISMATCH', { extra: { version: row.version } });
      return row;
    },
    insert: async (tx, values, note = {}) => {
      const row = withStandard(tx, values);
      await writeRow(model, tx, row);
      await writeSearchTokens(tx, entity, row);
      await changes.record(tx, entity, { action: 'create', ...note }, undefined, row);
      return row as RowOf<E>;
    },
    update: async (tx, row, patch, note = {}) => {
      const before = row as Loose;
      const changed = differences(before, patch);
      if (Object.keys(changed).length === 0 && note.action === undefined) return row;
      const version = await writePatch(model, tx, before, changed);
      const after: Loose = { ...before, ...changed, version, updatedAt: tx.now.toISOString() };
      await writeSearchTokens(tx, entity, after, before);
      await changes.record(tx, entity, { action: 'update', ...note }, before, after);
      return after as RowOf<E>;
    },
    remove: async (tx, row, note = {}) => {
      const before = row as Loose;
      await writePatch(model, tx, before, { deletedAt: tx.now.toISOString() });
      await writeSearchTokens(tx, entity, undefined, before);
      await changes.record(tx, entity, { action: 'delete', ...note }, before, undefined);
    },
  };
};

const raise = (error: Error): never => {
  throw error;
};
