import { serialize } from '../../../platform/db/serialize.ts';
import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { Context, CrudParts, Reader, Repository, Tx } from '../../../platform/module.ts';
import { createTree } from '../tree.ts';
import type { MayMove } from '../tree.ts';
import { headcount, managedBy } from './departments.repository.ts';
import type { DepartmentRow } from './departments.repository.ts';

interface DepartmentsDependencies extends CrudParts<DepartmentRow> {
  /** Whether somebody's time in the company is over. */
  readonly hasLeft: (reader: Reader, profileId: string) => Promise<boolean>;
  /** Throws 403 for a move by which somebody would be allowed more, or less, or have more or less of a feature, than the caller may give or take. */
  readonly mayMove: MayMove;
  /** Takes what nobody holds any more of the roles within a department. */
  readonly endLapsed: (tx: Tx, id: string) => Promise<void>;
}

/** Comes before the locks of departments: whoever leaves holds their profile, so that nobody can wait for that. */
const naming = (tx: Tx): Promise<void> => serialize(tx, 'department-managers');

/** Edits that name a manager come one after the other, and see whether that one left. */
const lockedToName = (rows: Repository<DepartmentRow>): Repository<DepartmentRow> => ({
  ...rows,
  lock: async (tx, id, version) => {
    await naming(tx);
    return rows.lock(tx, id, version);
  },
});

/** Departments: a tree, their headcount limits, and their managers, of whom none has left. */
export const createDepartmentsService = ({ hasLeft, mayMove, endLapsed, ...parts }: DepartmentsDependencies) => {
  const { repository } = parts;
  const tree = createTree('department', parts, mayMove);
  const isGone = async (tx: Tx, managerId: string | null | undefined): Promise<boolean> =>
    typeof managerId === 'string' && hasLeft(tx, managerId);
  const mustBeHere = async (tx: Tx, managerId: string | null | undefined): Promise<void> => {
    if (await isGone(tx, managerId)) throw conflict('PROFILE_ENDED');
  };
  const crudOver = (rows: Repository<DepartmentRow>) =>
    createCrud({
      ...parts,
      repository: rows,
      onCreate: async (tx, body) => {
        const placed = await tree.place(tx, body);
        if (body.managerId !== null) await naming(tx);
        await mustBeHere(tx, body.managerId);
        return placed;
      },
      onEdit: async (tx, row, patch) => {
        if (patch.managerId !== row.managerId) await mustBeHere(tx, patch.managerId);
        const limit = patch.headcountLimit ?? null;
        if (limit !== null && (await headcount(tx, row.id)) > limit)
          throw conflict('HEADCOUNT_LIMIT', { params: { limit } });
      },
      onRemove: (tx, { id }) => endLapsed(tx, id),
      onRestore: async (tx, row) => {
        const placed = await tree.replace(tx, row);
        await naming(tx);
        return { ...placed, ...((await isGone(tx, row.managerId)) && { managerId: null }) };
      },
    });
  const [crud, named] = [crudOver(repository), crudOver(lockedToName(repository))];
  return {
    ...crud,
    edit: (context: Context, id: string, patch: Partial<DepartmentRow>, version: number): Promise<DepartmentRow> =>
      (typeof patch.managerId === 'string' ? named : crud).edit(context, id, patch, version),
    relocate: tree.relocate,
    /** Refuses one more person in a department that is full, or a department that is not there. Locks the department. */
    takeIn: async (tx: Tx, id: string): Promise<void> => {
      if ((await repository.find(tx, id)) === undefined) throw invalid('/departmentId', 'UNKNOWN_REFERENCE');
      const { headcountLimit: limit } = await repository.lock(tx, id);
      if (limit !== null && (await headcount(tx, id)) >= limit)
        throw conflict('HEADCOUNT_LIMIT', { params: { limit } });
    },
    /** Somebody left, whose profile is locked: departments that they managed have no manager any more. */
    leave: async (tx: Tx, profileId: string): Promise<void> => {
      await naming(tx);
      for (const id of await managedBy(tx, profileId))
        await repository.update(tx, await repository.get(tx, id), { managerId: null });
    },
  };
};

export type Departments = ReturnType<typeof createDepartmentsService>;
