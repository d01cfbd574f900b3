import type pg from 'pg';

interface Table {
  readonly name: string;
  /** Rows are deleted softly first. */
  readonly softly: boolean;
  /** Tables that it refers to. */
  readonly targets: readonly string[];
}

/** Tables of which all goes together: one, or several that refer to each other. */
interface Group {
  readonly tables: readonly string[];
  /** Rows refer to rows of the group: only all at once can go. */
  readonly whole: boolean;
}

const SLICE = 5_000;
/** Longest statement, in ms: a group that goes whole has no slices. */
const LONGEST = 1_800_000;

/** What may be purged says so by its policy; see ddl.ts. */
const TABLES = `select c.relname as name,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'deleted_at') as softly,
    array(select distinct t.relname::text from pg_constraint k join pg_class t on t.oid = k.confrelid
      where k.contype = 'f' and k.conrelid = c.oid) as targets
  from pg_class c join pg_policies p on p.schemaname = 'public' and p.tablename = c.relname and p.policyname = c.relname || '_purge'
  where c.relnamespace = 'public'::regnamespace order by 1`;

/** All that a table refers to, directly or not; itself only when it refers to itself. */
const reachOf = (name: string, tables: ReadonlyMap<string, Table>): ReadonlySet<string> => {
  const reached = new Set<string>();
  const visit = (from: string): void => {
    for (const target of tables.get(from)?.targets ?? [])
      if (tables.has(target) && !reached.has(target)) {
        reached.add(target);
        visit(target);
      }
  };
  visit(name);
  return reached;
};

/** In the order in which rows can go: what refers before what is referred to. */
const groupsOf = (rows: readonly Table[]): Group[] => {
  const tables = new Map(rows.map((table) => [table.name, table]));
  const reach = new Map(rows.map(({ name }) => [name, reachOf(name, tables)]));
  const isMutual = (a: string, b: string): boolean => a === b || (reach.get(a)!.has(b) && reach.get(b)!.has(a));
  // Whoever refers to a group reaches all that it reaches, and is more itself.
  const sizeOf = (name: string): number => new Set([name, ...reach.get(name)!]).size;
  const groups = rows.flatMap(({ name }): Group[] => {
    const together = rows.map((row) => row.name).filter((other) => isMutual(name, other));
    return together[0] === name ? [{ tables: together, whole: reach.get(name)!.has(name) }] : [];
  });
  return groups.toSorted((a, b) => sizeOf(b.tables[0]!) - sizeOf(a.tables[0]!));
};

/** Deletes rows for good, as user `system` through functions that see to it that their time has come. */
export interface RowPurge {
  /** Every row of a company whose purge has come to its rows, but its chain of changes. Answers how many. */
  all(companyId: string, signal: AbortSignal): Promise<number>;
  /** The rows of a company that were deleted softly before an instant, as far as nothing refers to them. Answers how many. */
  deleted(companyId: string, before: Date, signal: AbortSignal): Promise<number>;
}

/** `system`: a pool of user `system`; `slice`: rows of one statement, where rows can go one by one. */
export const createRowPurge = (system: pg.Pool, slice = SLICE): RowPurge => {
  let known: Promise<Table[]> | undefined;
  const tables = (): Promise<Table[]> =>
    (known ??= system.query<Table>(TABLES).then(
      ({ rows }) => rows,
      (error: unknown) => {
        known = undefined;
        throw error;
      },
    ));

  const removeOf = async (companyId: string, { tables: names, whole }: Group): Promise<number> => {
    const client = await system.connect();
    try {
      await client.query(`begin; set local statement_timeout = ${LONGEST}`);
      const { rows } = await client.query<{ removed: number }>('select app.purge_rows($1, $2, $3) as removed', [
        companyId,
        names,
        whole ? null : slice,
      ]);
      await client.query('commit');
      client.release();
      return Number(rows[0]!.removed);
    } catch (error) {
      client.release(true);
      throw error;
    }
  };

  const drain = async (step: () => Promise<number>, isLast: (removed: number) => boolean, signal: AbortSignal) => {
    let total = 0;
    for (;;) {
      signal.throwIfAborted();
      const removed = await step();
      total += removed;
      if (isLast(removed)) return total;
    }
  };

  return {
    all: async (companyId, signal) => {
      const groups = groupsOf(await tables());
      let total = 0;
      for (const group of groups)
        total += await drain(
          () => removeOf(companyId, group),
          (removed) => group.whole || removed < slice,
          signal,
        );
      return total;
    },
    deleted: async (companyId, before, signal) => {
      const softly = new Set((await tables()).filter((table) => table.softly).map(({ name }) => name));
      let total = 0;
      for (const name of groupsOf(await tables()).flatMap((group) => group.tables))
        if (softly.has(name))
          total += await drain(
            async () => {
              const { rows } = await system.query<{ removed: number }>(
                'select app.forget_rows($1, $2, $3, $4) as removed',
                [companyId, name, before, slice],
              );
              return Number(rows[0]!.removed);
            },
            (removed) => removed < slice,
            signal,
          );
      return total;
    },
  };
};
