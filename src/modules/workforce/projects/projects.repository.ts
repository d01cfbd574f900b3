import Type from 'typebox';
import { code, day, entity, integer, line, listOf, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

export const PROJECT_STATES = ['planning', 'active', 'on_hold', 'completed', 'cancelled'] as const;

const GIVEN = [
  'name',
  'description',
  'departmentId',
  'siteId',
  'ownerId',
  'parentId',
  'startsOn',
  'endsOn',
  'budgetMinor',
  'currency',
] as const;

export const Project = entity({
  table: 'project',
  fields: {
    code: code(40),
    name: line(200),
    description: nullable(text(2_000)),
    departmentId: nullable(uuid()),
    siteId: nullable(uuid()),
    ownerId: nullable(uuid()),
    parentId: nullable(uuid()),
    startsOn: nullable(day()),
    endsOn: nullable(day()),
    budgetMinor: nullable(integer(0, Number.MAX_SAFE_INTEGER, { description: 'Minor units of `currency`' })),
    currency: nullable(Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217', examples: ['CLP'] })),
    status: oneOf(PROJECT_STATES),
  },
  create: ['code', ...GIVEN],
  edit: GIVEN,
  search: ['code', 'name'],
});
export type ProjectRow = RowOf<typeof Project>;

export const projectList = listOf(Project, { sorts: ['code', 'name'], filters: ['status', 'siteId', 'parentId'] });

const MOST_LEVELS = 5;

/** Ids of a project's ancestors, itself first; at most one more than the levels that are allowed. */
export const ancestorsOf = async (reader: Reader, id: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `with recursive up as (
       select p.id, p.parent_id, 1 as level from project p where p.company_id = $1 and p.id = $2 and p.deleted_at is null
       union all
       select p.id, p.parent_id, up.level + 1 from project p join up on p.id = up.parent_id
       where p.company_id = $1 and up.level <= $3)
     select id from up order by level`,
    [reader.companyId, id, MOST_LEVELS],
  );
  return rows.map((row) => row.id);
};

/** How many levels a project has below it, itself included. */
export const heightOf = async (reader: Reader, id: string): Promise<number> => {
  const [row] = await reader.prepared<{ height: number }>(
    `with recursive down as (
       select p.id, 1 as level from project p where p.company_id = $1 and p.id = $2
       union all
       select p.id, down.level + 1 from project p join down on p.parent_id = down.id
       where p.company_id = $1 and p.deleted_at is null and down.level <= $3)
     select max(level) as height from down`,
    [reader.companyId, id, MOST_LEVELS],
  );
  return row?.height ?? 1;
};

export { MOST_LEVELS };
