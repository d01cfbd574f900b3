import type { ChangeRecorder } from '../change/recorder.ts';
import { Problem } from '../problem.ts';
import { snake } from '../schema/entity.ts';
import type { AnyEntity, RowOf } from '../schema/entity.ts';
import type { Tx } from './database.ts';
import { changesOf } from './repository.ts';
import type { Note } from './repository.ts';

export interface Patched<Row> {
  readonly row: Row;
  readonly patch: Partial<Row>;
  readonly note?: Note;
}

/** Writes of many rows of a company's entity: as those of its repository, in as many statements as one of them takes. */
export interface Bulk<Row> {
  /** The live rows of these ids, locked in the order of their ids. Those that are not there are left out. */
  lockMany(tx: Tx, ids: readonly string[]): Promise<Row[]>;
  /** Writes what differs in each row, which must have been locked. Answers the rows as they are then, in their order. */
  updateMany(tx: Tx, patched: readonly Patched<Row>[]): Promise<Row[]>;
}

interface Loose {
  readonly id: string;
  readonly version: number;
}

const STAMPS = ['version', 'updatedAt', 'updatedBy'];

/** The bulk writes of an entity without search words. Its columns are typed by its table, so that no schema is written twice. */
export const createBulk = <E extends AnyEntity>(entity: E, changes: ChangeRecorder): Bulk<RowOf<E>> => {
  if (entity.search !== undefined) throw new Error(`${entity.table} has search words: write its rows one by one`);
  const { table } = entity;
  const columns = Object.keys(entity.columns).map((name) => `${snake(name)} as "${name}"`);
  const lock = `select ${columns.join(', ')} from ${table}
    where company_id = $1 and id = any($2) and deleted_at is null order by id for no key update`;
  const update = (names: readonly string[]): string => `update ${table} t
    set ${names.map((name) => `${snake(name)} = n.${snake(name)}`).join(', ')}
    from jsonb_populate_recordset(null::${table}, $2) n
    where t.company_id = $1 and t.id = n.id and t.version = n.version - 1 returning t.id`;
  const inColumns = (row: Readonly<Record<string, unknown>>, names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [snake(name), row[name]]));

  return {
    lockMany: (tx, ids) => tx.prepared<RowOf<E> & object>(lock, [tx.companyId, [...new Set(ids)]]),
    updateMany: async (tx, patched) => {
      const updatedAt = tx.now.toISOString();
      const all = patched.map(({ row, patch, note = {} }) => {
        const before = row as RowOf<E> & Loose;
        const changed = changesOf(before, patch);
        const isWritten = Object.keys(changed).length > 0 || note.action !== undefined;
        const after = isWritten ? { ...before, ...changed, version: before.version + 1, updatedAt } : before;
        return { before, after, changed, isWritten, note: { action: 'update', ...note } };
      });
      const written = all.filter(({ isWritten }) => isWritten);
      if (written.length > 0) {
        const changed = new Set(written.flatMap((one) => Object.keys(one.changed)));
        const names = [...[...changed].toSorted(), ...STAMPS];
        const updatedBy = tx.scope.actor.id;
        const rows = written.map(({ after }) => inColumns({ ...after, updatedBy }, ['id', ...names]));
        const done = await tx.prepared(update(names), [tx.companyId, JSON.stringify(rows)]);
        if (done.length !== written.length) throw new Problem(412, 'VERSION_MISMATCH');
        await changes.records(tx, entity, written);
      }
      return all.map(({ after }) => after);
    },
  };
};
