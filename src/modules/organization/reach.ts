import { waysOf } from '../../platform/access/decision.ts';
import type { Way } from '../../platform/access/decision.ts';
import type { GrantScope } from '../../platform/access/principal.ts';
import { EVERY_ROW } from '../../platform/db/list.ts';
import type { Bind } from '../../platform/db/list.ts';
import type { Allowance } from '../../platform/access/decision.ts';

/** Whose permission it is: a request's context, or whoever a job works for. */
interface Caller {
  readonly principal: { readonly profileId: string | null };
  readonly allowance: Allowance;
}

const idsOf = (scopes: readonly GrantScope[], wanted: GrantScope['kind']): string[] =>
  scopes.filter(({ kind }) => kind === wanted).map(({ id }) => id);

/** Profiles of the departments to which the permission is narrowed, with those below them, and of the projects. */
const withinScopes = ({ scopes }: Way, id: string, bind: Bind): string | undefined => {
  if (scopes.length === 0) return undefined;
  const departments = idsOf(scopes, 'department');
  const projects = idsOf(scopes, 'project');
  const inDepartments = () => `exists (select 1 from profile scoped
    join department inner_department on inner_department.company_id = $1 and inner_department.id = scoped.department_id
    join department outer_department on outer_department.company_id = $1
      and inner_department.path >= outer_department.path and inner_department.path < outer_department.path || '~'
    where scoped.company_id = $1 and scoped.id = ${id} and outer_department.id = any(${bind(departments)}::uuid[]))`;
  const inProjects = () => `exists (select 1 from work_assignment assigned
    where assigned.company_id = $1 and assigned.profile_id = ${id} and assigned.status = 'active'
      and assigned.deleted_at is null and assigned.project_id = any(${bind(projects)}::uuid[]))`;
  const parts = [departments.length > 0 ? inDepartments() : '', projects.length > 0 ? inProjects() : ''];
  return `(${parts.filter((part) => part !== '').join(' or ')})`;
};

const withinReach = ({ principal: { profileId } }: Caller, { reach }: Way, id: string, bind: Bind): string => {
  if (reach === 'company' || reach === 'operator') return EVERY_ROW;
  if (profileId === null) return 'false';
  const me = bind(profileId);
  if (reach === 'self') return `${id} = ${me}`;
  // Direct reports are few: as an array they are looked up, where a condition would be asked of everybody in the company.
  if (reach === 'reports')
    return `${id} = any(array(select below_me.subordinate_id from reporting_closure below_me
      where below_me.company_id = $1 and below_me.superior_id = ${me} and below_me.depth = 1 union all select ${me}::uuid))`;
  return `(${id} = ${me} or exists (select 1 from reporting_closure below_me
    where below_me.company_id = $1 and below_me.superior_id = ${me} and below_me.subordinate_id = ${id}))`;
};

const withinWay = (context: Caller, way: Way, id: string, bind: Bind): string => {
  const reach = withinReach(context, way, id, bind);
  const scopes = withinScopes(way, id, bind);
  if (scopes === undefined) return reach;
  const own = context.principal.profileId === null ? 'false' : `${id} = ${bind(context.principal.profileId)}`;
  return `(${own} or (${reach} and ${scopes}))`;
};

/**
 * SQL that holds for the profiles which the caller's permission reaches: self, direct reports, everyone below, or the
 * company, and only those in the departments, or at work in the projects, it is narrowed to. `idExpression` is the SQL of a profile's id, `$1` the
 * company's id. Own rows are within every reach; `EVERY_ROW` where all are.
 */
export const visibleProfiles = (context: Caller, idExpression: string, bind: Bind): string => {
  const ways = waysOf(context.allowance).map((way) => withinWay(context, way, idExpression, bind));
  return ways[0] === EVERY_ROW ? EVERY_ROW : `(${ways.join(' or ')})`;
};
