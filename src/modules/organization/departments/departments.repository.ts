import { clears, code, entity, integer, line, listOf, nullable, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import { belowFilter, treeFields } from '../tree.ts';

/** A node of the company's tree of departments. */
export const Department = entity({
  table: 'department',
  fields: {
    code: code(40),
    name: line(200),
    ...treeFields(),
    managerId: nullable(uuid({ description: 'Profile' })),
    costCenter: nullable(code(40)),
    headcountLimit: nullable(integer(0, 100_000, { description: 'Most people who may belong to it' })),
  },
  create: ['code', 'name', 'parentId', 'managerId', 'costCenter', 'headcountLimit'],
  edit: ['code', 'name', 'managerId', 'costCenter', 'headcountLimit'],
  search: ['code', 'name'],
});
export type DepartmentRow = RowOf<typeof Department>;

export const departmentList = listOf(Department, {
  sorts: ['path', 'name', 'code'],
  filters: ['parentId'],
  coarse: { managerId: 'departments are some hundreds', depth: 'the same' },
  also: {
    belowId: belowFilter('department', 't', 'This department and all below it'),
  },
});

/** How many people count against the headcount limit: all but those whose time here has ended. */
export const headcount = async (reader: Reader, id: string): Promise<number> => {
  const [row] = await reader.prepared<{ people: number }>(
    `select count(*)::int as people from profile p
     where p.company_id = $1 and p.department_id = $2 and p.deleted_at is null and p.status <> 'ended'`,
    [reader.companyId, id],
  );
  return row?.people ?? 0;
};

/** Ids of the departments that somebody manages, locked. */
export const managedBy = async (tx: Tx, profileId: string): Promise<string[]> => {
  const rows = await tx.prepared<{ id: string }>(
    `select id from department where company_id = $1 and manager_id = $2 and deleted_at is null
     order by id for no key update`,
    [tx.companyId, profileId],
  );
  return rows.map(({ id }) => id);
};

/** A department whose manager is erased has none. */
export const managerErasure = clears(
  'department',
  'update department set manager_id = null, version = version + 1 where company_id = $1 and manager_id = $2 returning id',
);
