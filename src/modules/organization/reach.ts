import { waysOf } from '../../platform/access/decision.ts';
import type { Way } from '../../platform/access/decision.ts';
import type { Bind } from '../../platform/db/list.ts';
import type { Allowance } from '../../platform/access/decision.ts';

/** Whose permission it is: a request's context, or whoever a job works for. */
interface Caller {
  readonly principal: { readonly profileId: string | null };
  readonly allowance: Allowance;
}

/** Profiles of the departments to which the permission is narrowed, and of those below them. */
const withinScopes = ({ scopes }: Way, id: string, bind: Bind): string | undefined => {
  if (scopes.length === 0) return undefined;
  const departments = scopes.filter(({ kind }) => kind === 'department');
  return `exists (select 1 from profile scoped
    join department inner_department on inner_department.company_id = $1 and inner_department.id = scoped.department_id
    join department outer_department on outer_department.company_id = $1
      and inner_department.path >= outer_department.path and inner_department.path < outer_department.path || '~'
    where scoped.company_id = $1 and scoped.id = ${id}
      and outer_department.id = any(${bind(departments.map((scope) => scope.id))}::uuid[]))`;
};

const withinReach = ({ principal: { profileId } }: Caller, { reach }: Way, id: string, bind: Bind): string => {
  if (reach === 'company' || reach === 'operator') return 'true';
  if (profileId === null) return 'false';
  const me = bind(profileId);
  if (reach === 'self') return `${id} = ${me}`;
  const depth = reach === 'reports' ? ' and below_me.depth = 1' : '';
  return `(${id} = ${me} or exists (select 1 from reporting_closure below_me
    where below_me.company_id = $1 and below_me.superior_id = ${me} and below_me.subordinate_id = ${id}${depth}))`;
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
 * company, and only those in the departments it is narrowed to. `idExpression` is the SQL of a profile's id, `$1` the
 * company's id. Own rows are within every reach.
 */
export const visibleProfiles = (context: Caller, idExpression: string, bind: Bind): string =>
  `(${waysOf(context.allowance)
    .map((way) => withinWay(context, way, idExpression, bind))
    .join(' or ')})`;
