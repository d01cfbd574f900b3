import type { Reader } from '../../../platform/db/database.ts';
import { EVERY_ROW } from '../../../platform/db/list.ts';
import type { ReportDefinition, ReportReach, ReportScope } from '../../../platform/render/report.ts';

/** A row that a filter names: `x` of its table, `$2` its id. */
interface Reference {
  readonly table: string;
  /** SQL of how it is called. */
  readonly name: string;
  /** SQL that holds where somebody whom the reader sees has to do with it; `sees` is the SQL of whether they see a profile's id. */
  readonly within: (sees: (idExpression: string) => string) => string;
}

const REFERENCES: Readonly<Record<string, Reference>> = {
  siteId: {
    table: 'site',
    name: 'x.name',
    within: (sees) => `(exists (select 1 from profile f
        where f.company_id = $1 and f.site_id = x.id and f.deleted_at is null and ${sees('f.id')})
      or exists (select 1 from project p
        join work_assignment a on a.company_id = $1 and a.project_id = p.id and a.deleted_at is null
        where p.company_id = $1 and p.site_id = x.id and p.deleted_at is null and ${sees('a.profile_id')}))`,
  },
  projectId: {
    table: 'project',
    name: `x.code || ' · ' || x.name`,
    within: (sees) => `exists (select 1 from work_assignment a
      where a.company_id = $1 and a.project_id = x.id and a.deleted_at is null and ${sees('a.profile_id')})`,
  },
  departmentId: {
    table: 'department',
    name: 'x.name',
    within: (sees) => `exists (select 1 from profile f
      where f.company_id = $1 and f.department_id = x.id and f.deleted_at is null and ${sees('f.id')})`,
  },
  profileId: { table: 'profile', name: `x.first_name || ' ' || x.last_name`, within: (sees) => sees('x.id') },
};

/** Whether a filter of this name is the id of something that has a name. */
export const isReference = (filter: string): boolean => Object.hasOwn(REFERENCES, filter);

/** Which report, for whom. */
export interface Asked {
  readonly report: ReportDefinition;
  readonly visible: ReportReach;
  readonly scope: ReportScope;
}

/**
 * How the row is called that a filter names by `id`. Undefined where there is none, and, in a report of people, where the reader
 * sees nobody who is or was there: what is beyond their reach looks like what does not exist.
 */
export const referenceName = async (
  reader: Reader,
  { report, visible, scope }: Asked,
  filter: string,
  id: unknown,
): Promise<string | undefined> => {
  const { table, name, within } = REFERENCES[filter]!;
  const values: unknown[] = [reader.companyId, id];
  const sees = (idExpression: string) => visible(scope, idExpression, (value) => `$${values.push(value)}`);
  const seesAll = visible(scope, 'x.id', () => '') === EVERY_ROW;
  const isBound = !seesAll && (report.ofPeople === true || filter === 'profileId');
  const rows = await reader.query<{ name: string }>(
    `select ${name} as name from ${table} x
     where x.company_id = $1 and x.id = $2 and x.deleted_at is null${isBound ? ` and ${within(sees)}` : ''}`,
    values,
  );
  return rows[0]?.name;
};
