import { code, entity, integer, listOf, nullable, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

/** A node of the company's tree. `path` holds the ids from the root to itself: `/root/…/own/`. */
export const Department = entity({
  table: 'department',
  fields: {
    code: code(40),
    name: text(200),
    parentId: nullable(uuid()),
    path: text(1_000, { description: 'Ids from the root to itself, each between slashes' }),
    depth: integer(1, 20),
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
    belowId: {
      schema: uuid({ description: 'This department and all below it' }),
      sql: (bind, value) => `exists (select 1 from department above where above.company_id = $1
        and above.id = ${bind(value)} and t.path >= above.path and t.path < above.path || '~')`,
    },
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

/** Depth of the deepest department at or below `path`. */
export const deepestBelow = async (reader: Reader, path: string): Promise<number> => {
  const [row] = await reader.prepared<{ depth: number }>(
    `select max(d.depth) as depth from department d
     where d.company_id = $1 and d.deleted_at is null and d.path >= $2 and d.path < $2 || '~'`,
    [reader.companyId, path],
  );
  return row?.depth ?? 0;
};

/** Carries everything below `from` over to `to`: paths and depths follow from the move, which is what the log shows. */
export const carryBelow = async (tx: Tx, from: string, to: string, deeper: number): Promise<void> => {
  await tx.prepared(
    `update department set path = $3::text || substr(path, length($2) + 1), depth = depth + $4
     where company_id = $1 and path > $2 and path < $2 || '~'`,
    [tx.companyId, from, to, deeper],
  );
};
