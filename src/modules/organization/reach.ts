import { waysOf } from '../../platform/access/allowance.ts';
import type { Allowance, Way } from '../../platform/access/allowance.ts';
import { REACHES } from '../../platform/access/principal.ts';
import type { GrantScope } from '../../platform/access/principal.ts';
import { EVERY_ROW } from '../../platform/db/list.ts';
import type { Bind } from '../../platform/db/list.ts';
import type { Reader } from '../../platform/module.ts';

/** Whose permission it is: a request's context, or whoever a job works for. */
interface Caller {
  readonly principal: { readonly profileId: string | null };
  readonly allowance: Allowance;
}

const idsOf = (scopes: readonly GrantScope[], wanted: GrantScope['kind']): string[] =>
  scopes.filter(({ kind }) => kind === wanted).map(({ id }) => id);

/** SQL that holds for a department's `path` at or below one of the departments `ids`, by the name `as`, where `and` holds too. */
const within = (path: string, ids: readonly string[], as: string, bind: Bind, and = ''): string =>
  `exists (select 1 from department ${as} where ${as}.company_id = $1 and ${as}.id = any(${bind(ids)}::uuid[])
    and ${path} >= ${as}.path and ${path} < ${as}.path || '~'${and})`;

/** Within departments that are granted, unless one that is denied lies between, or is the same. */
const withinGranted = (path: string, granted: readonly string[], denied: readonly string[], bind: Bind): string => {
  const isNearer = ' and denied.path >= granted.path';
  const and = denied.length === 0 ? '' : ` and not ${within(path, denied, 'denied', bind, isNearer)}`;
  return within(path, granted, 'granted', bind, and);
};

/** SQL that holds for a profile whose department's path `holds`. */
const livesWhere = (id: string, holds: string): string =>
  `exists (select 1 from profile scoped
    join department home on home.company_id = $1 and home.id = scoped.department_id
    where scoped.company_id = $1 and scoped.id = ${id} and ${holds})`;

const worksIn = (id: string, projects: readonly string[], bind: Bind): string =>
  `exists (select 1 from work_assignment assigned
    where assigned.company_id = $1 and assigned.profile_id = ${id} and assigned.status = 'active'
      and assigned.deleted_at is null and assigned.project_id = any(${bind(projects)}::uuid[]))`;

/** SQL of an array: a person and their direct reports. */
const andReports = (me: string): string =>
  `array(select below_me.subordinate_id from reporting_closure below_me
      where below_me.company_id = $1 and below_me.superior_id = ${me} and below_me.depth = 1 union all select ${me}::uuid)`;

const withinReach = ({ principal: { profileId } }: Caller, { reach }: Way, id: string, bind: Bind): string => {
  if (reach === 'company' || reach === 'operator') return EVERY_ROW;
  if (profileId === null) return 'false';
  const me = bind(profileId);
  if (reach === 'self') return `${id} = ${me}`;
  // Direct reports are few: as an array they are looked up, where a condition would be asked of everybody in the company.
  if (reach === 'reports') return `${id} = any(${andReports(me)})`;
  return `(${id} = ${me} or exists (select 1 from reporting_closure below_me
    where below_me.company_id = $1 and below_me.superior_id = ${me} and below_me.subordinate_id = ${id}))`;
};

/** All of `parts`, of which those that always hold say nothing. */
const every = (...parts: readonly string[]): string => {
  const said = parts.filter((part) => part !== EVERY_ROW);
  return said.length > 1 ? `(${said.join(' and ')})` : (said[0] ?? EVERY_ROW);
};

const withinWay = (caller: Caller, way: Way, id: string, bind: Bind): string => {
  const { scopes } = way;
  const denied = idsOf(caller.allowance.except ?? [], 'department');
  const isOpen = (): string =>
    denied.length === 0 ? EVERY_ROW : `not ${livesWhere(id, within('home.path', denied, 'denied', bind))}`;
  const reach = (): string => withinReach(caller, way, id, bind);
  if (scopes.length === 0) return every(reach(), isOpen());
  const [departments, projects] = [idsOf(scopes, 'department'), idsOf(scopes, 'project')];
  const { profileId } = caller.principal;
  const parts = [
    ...(profileId === null ? [] : [every(`${id} = ${bind(profileId)}`, isOpen())]),
    ...(departments.length === 0
      ? []
      : [every(reach(), livesWhere(id, withinGranted('home.path', departments, denied, bind)))]),
    ...(projects.length === 0 ? [] : [every(reach(), worksIn(id, projects, bind), isOpen())]),
  ];
  return `(${parts.join(' or ')})`;
};

/**
 * SQL that holds for the profiles which the caller's permission reaches: self, direct reports, everyone below, or the
 * company, and only those in the departments, or at work in the projects, it is narrowed to. `idExpression` is the SQL of a profile's id, `$1` the
 * company's id. Own rows are within every reach; `EVERY_ROW` where all are. Denied scopes are taken out, oneself included: a
 * department where nothing nearer grants it, a project always.
 */
export const visibleProfiles = (context: Caller, idExpression: string, bind: Bind): string => {
  const denied = idsOf(context.allowance.except ?? [], 'project');
  const [first, ...others] = waysOf(context.allowance);
  const widest = withinWay(context, first, idExpression, bind);
  const further = widest === EVERY_ROW ? [] : others.map((way) => withinWay(context, way, idExpression, bind));
  const reached = further.length === 0 ? widest : `(${[widest, ...further].join(' or ')})`;
  return every(reached, denied.length === 0 ? EVERY_ROW : `not ${worksIn(idExpression, denied, bind)}`);
};

/** Whether a profile is there, live, and within reach of the caller's permission. */
export const reaches = async (reader: Reader, caller: Caller, profileId: string): Promise<boolean> => {
  const values: unknown[] = [reader.companyId, profileId];
  const reach = visibleProfiles(caller, 'p.id', (value) => `$${values.push(value)}`);
  const rows = await reader.prepared(
    `select 1 from profile p where p.company_id = $1 and p.id = $2 and p.deleted_at is null and ${reach}`,
    values,
  );
  return rows.length > 0;
};

/** Those of `profileIds` that are within reach of the caller's permission. */
export const visibleAmong = async (
  reader: Reader,
  caller: Caller,
  profileIds: readonly string[],
): Promise<ReadonlySet<string>> => {
  const values: unknown[] = [reader.companyId, profileIds];
  const reach = visibleProfiles(caller, 'p.id', (value) => `$${values.push(value)}`);
  const rows = await reader.prepared<{ id: string }>(
    `select p.id from profile p where p.company_id = $1 and p.id = any($2::uuid[]) and p.deleted_at is null and ${reach}`,
    values,
  );
  return new Set(rows.map(({ id }) => id));
};

const byDistance = (a: Way, b: Way): number => REACHES.indexOf(b.reach) - REACHES.indexOf(a.reach);

/** The caller by each of their ways alone, the furthest first. */
const byWay = <C extends Caller>(caller: C): C[] => {
  const { allowance } = caller;
  const { except = [] } = allowance;
  return waysOf(allowance)
    .toSorted(byDistance)
    .map((way): C => ({ ...caller, allowance: { ...way, except } }));
};

/**
 * The caller as they stand to each of `profileIds`: allowed what the furthest of the ways allows that takes the profile in;
 * undefined to those whom no way does.
 */
export const standingTo = async <C extends Caller>(
  reader: Reader,
  caller: C,
  profileIds: readonly string[],
): Promise<(profileId: string) => C | undefined> => {
  const callers = byWay(caller);
  const values: unknown[] = [reader.companyId, profileIds];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const cases = callers.map((each, n) => `when ${visibleProfiles(each, 'p.id', bind)} then ${n}`);
  const rows = await reader.prepared<{ id: string; way: number | null }>(
    `select p.id, case ${cases.join(' ')} end as way from profile p where p.company_id = $1 and p.id = any($2::uuid[])`,
    values,
  );
  const found = new Map(rows.map(({ id, way }) => [id, way === null ? undefined : callers[way]]));
  return (profileId) => found.get(profileId);
};

/**
 * The same for profiles that the caller reaches. A manager here may be a supervisor there. Only of several ways the database
 * is asked.
 */
export const toward = async <C extends Caller>(
  reader: Reader,
  caller: C,
  profileIds: readonly string[],
): Promise<(profileId: string) => C> => {
  const callers = byWay(caller);
  if (callers.length === 1) return () => caller;
  const standing = await standingTo(reader, caller, profileIds);
  return (profileId) => standing(profileId) ?? callers.at(-1)!;
};

/** The same for the one whom a row is about. */
export const towardRow = async <C extends Caller>(
  reader: Reader,
  caller: C,
  { profileId }: { readonly profileId: string },
): Promise<C> => (await toward(reader, caller, [profileId]))(profileId);

/** Whether a permission reaches all who belong to a department; null: those who belong to none. */
export const reachesDepartment = async (
  reader: Reader,
  allowance: Allowance,
  departmentId: string | null,
): Promise<boolean> => {
  const wide = waysOf(allowance).filter(({ reach }) => reach === 'company');
  const isWide = wide.some(({ scopes }) => scopes.length === 0);
  const denied = idsOf(allowance.except ?? [], 'department');
  if (departmentId === null || (isWide && denied.length === 0)) return isWide;
  const granted = wide.flatMap(({ scopes }) => idsOf(scopes, 'department'));
  const values: unknown[] = [reader.companyId, departmentId];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const isOpen = isWide ? ` or not ${within('home.path', denied, 'denied', bind)}` : '';
  const rows = await reader.prepared(
    `select 1 from department home where home.company_id = $1 and home.id = $2
       and (${withinGranted('home.path', granted, denied, bind)}${isOpen})`,
    values,
  );
  return rows.length > 0;
};
