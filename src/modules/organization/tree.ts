import { v7 as uuidv7 } from 'uuid';
import type { Bind } from '../../platform/db/list.ts';
import { serialize } from '../../platform/db/serialize.ts';
import { BY_ID, conflict, exact, integer, invalid, line, nullable, okRow, route, uuid } from '../../platform/module.ts';
import type { Context, CrudParts, Reader, Route, Tx } from '../../platform/module.ts';
import type { AnyEntity } from '../../platform/schema/entity.ts';

/** What a row of a tree holds of its place: whom it stands below, and the ids from the root to itself, `/root/…/own/`. */
export type Node = {
  readonly id: string;
  readonly version: number;
  readonly parentId: string | null;
  readonly path: string;
  readonly depth: number;
};
type Table = 'department' | 'site';

const MOST_LEVELS = 20;

/** The columns of a tree's table; the caller gives `parentId` only. */
export const treeFields = () => ({
  parentId: nullable(uuid()),
  path: line(1_000, { description: 'Ids from the root to itself, each between slashes' }),
  depth: integer(1, MOST_LEVELS),
});

/** A filter of a list: rows whose node, named `node` in the query, is the given one or stands below it. */
export const belowFilter = (table: Table, node: string, description: string) => ({
  schema: uuid({ description }),
  sql: (bind: Bind, value: unknown): string => `exists (select 1 from ${table} above where above.company_id = $1
    and above.id = ${bind(value)} and ${node}.path >= above.path and ${node}.path < above.path || '~')`,
});

/** Depth of the deepest node at or below `path`. */
const deepestBelow = async (reader: Reader, table: Table, path: string): Promise<number> => {
  const [row] = await reader.prepared<{ depth: number }>(
    `select max(d.depth) as depth from ${table} d
     where d.company_id = $1 and d.deleted_at is null and d.path >= $2 and d.path < $2 || '~'`,
    [reader.companyId, path],
  );
  return row?.depth ?? 0;
};

/** Carries everything below `from` over to `to`: paths and depths follow from the move, which is what the log shows. */
const carryBelow = async (tx: Tx, table: Table, from: string, to: string, deeper: number): Promise<void> => {
  await tx.prepared(
    `update ${table} set path = $3::text || substr(path, length($2) + 1), depth = depth + $4
     where company_id = $1 and path > $2 and path < $2 || '~'`,
    [tx.companyId, from, to, deeper],
  );
};

const placeBelow = (id: string, parent: Node | undefined) => ({
  parentId: parent?.id ?? null,
  path: `${parent?.path ?? '/'}${id}/`,
  depth: (parent?.depth ?? 0) + 1,
});

/** Throws where the caller may not move a node, which is locked, from its place to another. */
export type MayMove = (tx: Tx, context: Context, from: Node, to: Pick<Node, 'id' | 'path'>) => Promise<void>;

/** An acyclic tree of at most 20 levels whose paths follow every move. Whatever changes it, in one company, comes one after the other. */
export const createTree = <Row extends Node>(
  table: Table,
  { repository, work }: Pick<CrudParts<Row>, 'repository' | 'work'>,
  mayMove?: MayMove,
) => {
  const parentOf = async (tx: Tx, id: string | null | undefined): Promise<Row | undefined> => {
    if (id === null || id === undefined) return undefined;
    const parent = await repository.find(tx, id);
    if (parent === undefined) throw invalid('/parentId', 'UNKNOWN_REFERENCE');
    return parent;
  };
  const mustFit = (depth: number): void => {
    if (depth > MOST_LEVELS) throw conflict('TREE_TOO_DEEP', { params: { limit: MOST_LEVELS } });
  };
  return {
    /** Id and place of a new node. */
    place: async (tx: Tx, { parentId }: { readonly parentId?: string | null }) => {
      await serialize(tx, `${table}-tree`);
      const id = uuidv7();
      const placed = placeBelow(id, await parentOf(tx, parentId));
      mustFit(placed.depth);
      return { id, ...placed };
    },
    /** The place of a node that is brought back: below the parent that it had. */
    replace: async (tx: Tx, { id, parentId }: Row) => {
      await serialize(tx, `${table}-tree`);
      const placed = placeBelow(id, await parentOf(tx, parentId));
      mustFit(placed.depth);
      return placed;
    },
    /** Puts a node, with all below it, under another; null: at the top. */
    relocate: (context: Context, id: string, parentId: string | null, version: number): Promise<Row> =>
      work.write(context, async (tx) => {
        await serialize(tx, `${table}-tree`);
        const row = await repository.lock(tx, id, version);
        const parent = await parentOf(tx, parentId);
        if (parent?.path.startsWith(row.path) === true) throw conflict('TREE_CYCLE');
        const placed = placeBelow(id, parent);
        const deeper = placed.depth - row.depth;
        mustFit((await deepestBelow(tx, table, row.path)) + deeper);
        await mayMove?.(tx, context, row, { id, ...placed });
        await repository.references.hold(tx, placed);
        const after = await repository.update(tx, row, placed as Partial<Row>, { action: 'move' });
        await carryBelow(tx, table, row.path, placed.path, deeper);
        return after;
      }),
  };
};

interface Relocating {
  relocate(context: Context, id: string, parentId: string | null, version: number): Promise<Node>;
}

/** POST …/:id/move */
export const relocationRoute = (
  name: string,
  { view }: Pick<AnyEntity, 'view'>,
  service: Relocating,
  description?: string,
): Route =>
  route(
    {
      method: 'post',
      path: '/:id/move',
      id: `move${name}`,
      summary: `Put a ${name.toLowerCase()}, with all below it, under another or at the top`,
      ...(description !== undefined && { description }),
      permission: `organization:${name.toLowerCase()}:write`,
      params: BY_ID,
      body: exact({ parentId: nullable(uuid()) }),
      ifMatch: true,
      idempotency: 'accepted',
      responses: { 200: view },
    },
    async ({ params, body, version }, context) =>
      okRow(await service.relocate(context, params.id, body.parentId, version)),
  );
