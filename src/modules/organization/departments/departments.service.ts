import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts, Tx } from '../../../platform/module.ts';
import { createTree } from '../tree.ts';
import { headcount } from './departments.repository.ts';
import type { DepartmentRow } from './departments.repository.ts';

/** Departments: a tree, and their headcount limits. */
export const createDepartmentsService = (parts: CrudParts<DepartmentRow>) => {
  const { repository } = parts;
  const tree = createTree('department', parts);
  const crud = createCrud({
    ...parts,
    onCreate: (tx, body) => tree.place(tx, body),
    onEdit: async (tx, row, patch) => {
      const limit = patch.headcountLimit ?? null;
      if (limit !== null && (await headcount(tx, row.id)) > limit)
        throw conflict('HEADCOUNT_LIMIT', { params: { limit } });
    },
    onRemove: true,
    onRestore: tree.replace,
  });
  return {
    ...crud,
    relocate: tree.relocate,
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
