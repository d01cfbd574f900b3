import { v7 as uuidv7 } from 'uuid';
import { serialize } from '../../../platform/db/serialize.ts';
import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { Context, CrudParts, Tx } from '../../../platform/module.ts';
import { carryBelow, deepestBelow, headcount } from './departments.repository.ts';
import type { DepartmentRow } from './departments.repository.ts';

const MOST_LEVELS = 20;
const TREE = 'department-tree';

const place = (id: string, parent: DepartmentRow | undefined) => ({
  parentId: parent?.id ?? null,
  path: `${parent?.path ?? '/'}${id}/`,
  depth: (parent?.depth ?? 0) + 1,
});

/** Departments: an acyclic tree of at most 20 levels whose paths follow every move, and their headcount limits. */
export const createDepartmentsService = (parts: CrudParts<DepartmentRow>) => {
  const { repository, work } = parts;
  const parentOf = async (tx: Tx, id: string | null | undefined): Promise<DepartmentRow | undefined> => {
    if (id === null || id === undefined) return undefined;
    const parent = await repository.find(tx, id);
    if (parent === undefined) throw invalid('/parentId', 'UNKNOWN_REFERENCE');
    return parent;
  };
  const mustFit = (depth: number): void => {
    if (depth > MOST_LEVELS) throw conflict('DEPARTMENT_TOO_DEEP', { params: { limit: MOST_LEVELS } });
  };
  const crud = createCrud({
    ...parts,
    onCreate: async (tx, body) => {
      await serialize(tx, TREE);
      const id = uuidv7();
      const placed = place(id, await parentOf(tx, body.parentId));
      mustFit(placed.depth);
      return { id, ...placed };
    },
    onEdit: async (tx, row, patch) => {
      const limit = patch.headcountLimit ?? null;
      if (limit !== null && (await headcount(tx, row.id)) > limit)
        throw conflict('HEADCOUNT_LIMIT', { params: { limit } });
    },
    onRemove: true,
  });
  return {
    ...crud,
    /** Puts a department, with all below it, under another; null: at the top. */
    relocate: (context: Context, id: string, parentId: string | null, version: number): Promise<DepartmentRow> =>
      work.write(context, async (tx) => {
        await serialize(tx, TREE);
        const row = await repository.lock(tx, id, version);
        const parent = await parentOf(tx, parentId);
        if (parent?.path.startsWith(row.path) === true) throw conflict('DEPARTMENT_CYCLE');
        const placed = place(id, parent);
        const deeper = placed.depth - row.depth;
        mustFit((await deepestBelow(tx, row.path)) + deeper);
        await repository.references.hold(tx, placed);
        const after = await repository.update(tx, row, placed, { action: 'move' });
        await carryBelow(tx, row.path, placed.path, deeper);
        return after;
      }),
    /** Refuses one more person in a department that is full, or a department that is not there. Locks the department. */
    takeIn: async (tx: Tx, id: string): Promise<void> => {
      if ((await repository.find(tx, id)) === undefined) throw invalid('/departmentId', 'UNKNOWN_REFERENCE');
      const { headcountLimit: limit } = await repository.lock(tx, id);
      if (limit !== null && (await headcount(tx, id)) >= limit)
        throw conflict('HEADCOUNT_LIMIT', { params: { limit } });
    },
  };
};

export type Departments = ReturnType<typeof createDepartmentsService>;
