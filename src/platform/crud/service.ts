import type { Reader, Tx } from '../db/database.ts';
import type { Finder, List, ListQuery, Restriction } from '../db/list.ts';
import type { Repository } from '../db/repository.ts';
import type { UnitOfWork } from '../db/unit-of-work.ts';
import type { Context } from '../http/context.ts';
import type { Permission } from '../http/route.ts';
import type { Lifecycle, Stateful } from '../lifecycle/lifecycle.ts';
import type { Action, Mover, Standing } from '../lifecycle/mover.ts';
import { takesIn } from '../access/allowance.ts';
import { changesOf } from '../db/repository.ts';
import { conflict, notFound, Problem, refusalOf } from '../problem.ts';
import { isNullable, valueSchema } from '../schema/entity.ts';
import type { AnyEntity, InsertOf } from '../schema/entity.ts';

/** What the routes of a plain entity call. Every function checks that the caller may see the row: else 404. */
export interface CrudService<Row> {
  /** What its routes are made from. */
  readonly about: { readonly entity: AnyEntity; readonly list: List; readonly lifecycle?: Lifecycle<Row> };
  /** A page as JSON text. */
  list(context: Context, query: ListQuery & object): Promise<string>;
  detail(context: Context, id: string): Promise<{ readonly text: string; readonly version: number }>;
  create(context: Context, body: object): Promise<Row>;
  edit(context: Context, id: string, patch: object, version: number): Promise<Row>;
  remove?(context: Context, id: string, version: number): Promise<void>;
  /** A page of what was deleted and can be brought back, as JSON text. */
  deleted?(context: Context, query: ListQuery & object): Promise<string>;
  /** Brings back what was deleted. 409 where it cannot be as it was any more. */
  restore?(context: Context, id: string, version: number): Promise<Row>;
}

/** What the routes of an entity with a lifecycle call. */
export interface MovingService<Row> {
  move(context: Context, id: string, move: string, input: object, version: number | undefined): Promise<Row>;
  actions(context: Context, id: string): Promise<Action[]>;
}

/** What wiring hands to the service of a plain entity. */
export interface CrudParts<Row> {
  readonly repository: Repository<Row>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly now: () => Date;
  readonly mover?: Mover<Row>;
}

/** The same for an entity with a lifecycle. */
export interface MovingParts<Row> extends CrudParts<Row> {
  readonly mover: Mover<Row>;
}

type Answer<T> = T | void | Promise<T | void>;

interface CrudRules<Row> {
  /** The rows that a caller may see; absent: all of the company. */
  readonly restrict?: (context: Context) => Restriction | undefined;
  /** How the list finds rows by what was typed (`q`) where that is no words, or not only words. */
  readonly find?: (context: Context, q: string) => Promise<Finder | undefined>;
  /** Throws 403 when a row that the caller may see is not theirs to change; asked before every edit, delete and move. */
  readonly mayChange?: (tx: Tx, id: string, context: Context) => Promise<void>;
  /** The caller as they stand to this row, where they reach rows in several ways; the guards of moves are told of them so. */
  readonly toward?: (reader: Reader, context: Context, row: Row) => Promise<Context>;
  /** Values that the caller does not give; what may be null and was left out is null already. Throws a problem when the body cannot be. */
  readonly onCreate?: (tx: Tx, body: InsertOf<Row>, context: Context) => Answer<object>;
  /** Checks a change, and answers what follows from it. */
  readonly onEdit?: (tx: Tx, row: Row, patch: Partial<Row>, context: Context) => Answer<object>;
  /** The entity can be deleted; a function checks whether this row may be. */
  readonly onRemove?: true | ((tx: Tx, row: Row, context: Context) => Answer<undefined>);
  /**
   * What was deleted can be brought back; a function asks what creating it would ask (`mayChange` is not asked: the row is not
   * there yet), and answers what changes by that.
   */
  readonly onRestore?: true | ((tx: Tx, row: Row, context: Context) => Answer<object>);
  /** Profiles whose live stream is told of every change. */
  readonly audience?: (row: InsertOf<Row>) => readonly string[];
}

/** Null for every column that can be null. */
const nullsOf = ({ columns }: AnyEntity): object =>
  Object.fromEntries(Object.entries(columns).flatMap(([name, schema]) => (isNullable(schema) ? [[name, null]] : [])));

/** What a body says, with instants as rows have them: one in another notation is no change. */
const canonical = ({ columns }: AnyEntity, patch: object): object =>
  Object.fromEntries(
    Object.entries(patch).map(([name, value]) => {
      const column = columns[name];
      if (column === undefined || typeof value !== 'string' || valueSchema(column).format !== 'date-time')
        return [name, value];
      const at = new Date(value);
      return [name, Number.isNaN(at.getTime()) ? value : at.toISOString()];
    }),
  );

const ONCE = { once: true } as const;

/** Nobody sent the values of a row that is brought back: what is wrong with them, or with what they refer to, is no fault of a body. */
const asItWas = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 422) throw error;
    const { errors = [] } = error.options;
    throw conflict('NOT_RESTORABLE', {
      cause: error,
      extra: { because: errors.map(({ pointer, code }) => ({ field: pointer.slice(1), code })) },
    });
  }
};

/** The service of a plain entity: list, detail, create, edit, delete, and the moves of its lifecycle. */
export const createCrud = <Row extends Stateful>(
  options: CrudParts<Row> & CrudRules<Row>,
): CrudService<Row> & MovingService<Row> => {
  const { repository, list, work, mover, onRemove, onRestore } = options;
  const { entity } = repository;
  const lifecycle = mover?.lifecycle;
  const fresh = { ...nullsOf(entity), ...(lifecycle && { [lifecycle.field]: lifecycle.initial }) };
  const noteFor = (row: InsertOf<Row>) => (options.audience === undefined ? {} : { audience: options.audience(row) });
  const read = async (context: Context, id: string) => {
    const found = await work.read(context, (reader) => list.one(reader, id, options.restrict?.(context)), ONCE);
    if (found === undefined) throw notFound();
    return found;
  };
  const reaches = async (tx: Tx, id: string, context: Context): Promise<boolean> => {
    const restriction = options.restrict?.(context);
    return restriction === undefined || (await list.one(tx, id, restriction)) !== undefined;
  };
  const mustReach = async (tx: Tx, id: string, context: Context): Promise<void> => {
    if (!(await reaches(tx, id, context))) throw notFound();
    await options.mayChange?.(tx, id, context);
  };
  const standing = async (tx: Tx, row: Row, context: Context): Promise<Standing> => ({
    refusal: await refusalOf(options.mayChange?.(tx, row.id, context)),
    caller: (await options.toward?.(tx, context, row)) ?? context,
  });
  const remove = (context: Context, id: string, version: number) =>
    work.write(context, async (tx) => {
      await mustReach(tx, id, context);
      const row = await repository.lockToRemove(tx, id, version);
      if (typeof onRemove === 'function') await onRemove(tx, row, context);
      await repository.references.mustBeFree(tx, id);
      await repository.remove(tx, row, noteFor(row));
    });
  const bringBack = (bin: List): Pick<Required<CrudService<Row>>, 'deleted' | 'restore'> => ({
    deleted: (context, query) =>
      work.read(context, (reader) => bin.page(reader, query, options.restrict?.(context)), ONCE),
    restore: (context, id, version) =>
      work.write(context, async (tx) => {
        if ((await bin.one(tx, id, options.restrict?.(context))) === undefined) throw notFound();
        // Not locked: nobody writes it, and rules take their locks in the order in which creating does.
        const row = await repository.getDeleted(tx, id, version);
        const changes = await asItWas(async () => {
          const found = typeof onRestore === 'function' ? await onRestore(tx, row, context) : undefined;
          await repository.references.hold(tx, { ...row, ...found });
          return { ...found };
        });
        const after = await repository.restore(tx, row, changes, noteFor(row));
        await mover?.schedule(tx, after);
        return entity.show(after) as Row;
      }),
  });
  return {
    about: { entity, list, ...(lifecycle && { lifecycle }) },
    list: async (context, query) => {
      const find = query.q === undefined ? undefined : await options.find?.(context, query.q);
      return work.read(context, (reader) => list.page(reader, query, options.restrict?.(context), find), ONCE);
    },
    detail: read,
    create: (context, body) =>
      work.write(context, async (tx) => {
        const given = { ...fresh, ...body } as InsertOf<Row>;
        const values = { ...given, ...(await options.onCreate?.(tx, given, context)) };
        await repository.references.hold(tx, values);
        const row = await repository.insert(tx, values, noteFor(values));
        await mover?.schedule(tx, row);
        return entity.show(row) as Row;
      }),
    edit: (context, id, patch, version) =>
      work.write(context, async (tx) => {
        await mustReach(tx, id, context);
        const row = await repository.lock(tx, id, version);
        const said = changesOf(row, canonical(entity, patch)) as Partial<Row>;
        const values = { ...said, ...(await options.onEdit?.(tx, row, said, context)) };
        await repository.references.hold(tx, changesOf(row, values));
        const after = await repository.update(tx, row, values, noteFor(row));
        await mover?.schedule(tx, after);
        return entity.show(after) as Row;
      }),
    ...(onRemove !== undefined && { remove }),
    ...(onRestore !== undefined && list.deleted !== undefined && bringBack(list.deleted)),
    move: async (context, id, move, input, version) => {
      if (mover === undefined) throw notFound();
      const row = await mover.move(context, id, move, input as never, version, async (tx, locked) => {
        await mustReach(tx, id, context);
        return options.toward?.(tx, context, locked);
      });
      return entity.show(row) as Row;
    },
    actions: async (context, id) => {
      await read(context, id);
      if (mover === undefined) return [];
      return work.write(context, async (tx) => {
        const row = await repository.get(tx, id);
        const standings = new Map<Permission, Standing>();
        for (const [permission, caller] of mover.callersOf(context))
          if (takesIn(caller.allowance, context.allowance) || (await reaches(tx, id, caller)))
            standings.set(permission, await standing(tx, row, caller));
        return mover.actions(row, options.now(), standings);
      });
    },
  };
};
