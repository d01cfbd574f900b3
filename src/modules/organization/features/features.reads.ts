import { instant } from '../../../platform/module.ts';
import type { Reader } from '../../../platform/module.ts';
import { shown } from '../../../platform/schema/entity.ts';
import type { FeatureGrantRow } from './grants.repository.ts';
import type { FeatureFacts } from './resolution.ts';

/** All that is known of a feature for a person, or for the company as a whole. */
export interface KnownFeature extends FeatureFacts {
  readonly code: string;
  readonly names: Readonly<Record<string, string>>;
  readonly unit: string | null;
  readonly period: 'day' | 'month' | 'year' | null;
  /** What was used since the present period began; null for what is not counted. */
  readonly used: { readonly startsOn: string; readonly company: number; readonly person: number } | null;
}

/** Roles that the person holds anywhere in the company, and those that these inherit from. */
const HELD = `select a.role_id, a.system_role from role_assignment a
    where a.company_id = $1 and a.profile_id = $2 and a.deleted_at is null and (a.expires_at is null or a.expires_at > $3)
  union
  select r.parent_id, r.system_parent from held h
    join role r on r.company_id = $1 and r.id = h.role_id and r.deleted_at is null`;

/** Whether grant `g` is for the person, `d` its department. */
const IS_THEIRS = `(g.subject = 'company' or g.profile_id = $2
      or (g.subject = 'role' and exists (select 1 from held h where h.role_id = g.role_id or h.system_role = g.system_role))
      or exists (select 1 from profile p join department home on home.company_id = $1 and home.id = p.department_id
        where p.company_id = $1 and p.id = $2 and home.path >= d.path and home.path < d.path || '~'))`;

const PLAN = `select json_build_object('byGrant', i.by_grant, 'quota', i.quota) from company c
  join plan_feature i on i.plan = c.plan and i.feature = f.code and i.deleted_at is null where c.id = $1`;

const SUBSCRIPTIONS = `select json_agg(json_build_object('unit', o.unit,
    'isLive', s.status in ('trial', 'active', 'past_due') and s.starts_on <= ($3::timestamptz at time zone z.timezone)::date,
    'hasSeat', exists (select 1 from license l where l.company_id = $1 and l.profile_id = $2 and l.subscription_id = s.id
      and l.status = 'active' and l.deleted_at is null)))
  from subscription s join offering o on o.code = s.offering join company z on z.id = $1
  where s.company_id = $1 and s.deleted_at is null and f.code = any(o.features)`;

/** A subscription that is over is not changed any more. */
const OVERTAKEN = `select 1 from subscription s join offering o on o.code = s.offering
  where s.company_id = $1 and s.deleted_at is null and f.code = any(o.features)
    and (s.status = 'suspended' or (s.status in ('expired', 'cancelled') and s.updated_at > g.starts_at))`;

const GRANTS = `select json_agg(json_build_object('id', g.id, 'subject', g.subject, 'effect', g.effect, 'quota', g.quota,
    'byOperator', g.by_operator, 'depth', coalesce(d.depth, 0),
    'overtaken', g.by_operator and exists (${OVERTAKEN})))
  from feature_grant g
  left join department d on d.company_id = $1 and d.id = g.department_id and d.deleted_at is null
  where g.company_id = $1 and g.feature = f.code and g.status in ('scheduled', 'active') and g.deleted_at is null
    and g.starts_at <= $3 and (g.ends_at is null or g.ends_at > $3)
    and ${IS_THEIRS}`;

const usedBy = (holder: string): string => `coalesce((select u.used from usage_counter u
  where u.company_id = $1 and u.feature = f.code and u.starts_on = k.day and u.holder_id = ${holder}), 0)`;
const USED = `select json_build_object('startsOn', k.day, 'company', ${usedBy('$1')}, 'person', ${usedBy('$2')})
  from (select date_trunc(f.period, $3::timestamptz at time zone c.timezone)::date as day from company c where c.id = $1) k
  where f.period is not null`;

const FACTS = `with recursive held as (${HELD})
  select f.code, f.names, f.type, f.status, f.on_by_default as "onByDefault", f.unit, f.period,
    (${PLAN}) as plan, coalesce((${SUBSCRIPTIONS}), '[]') as subscriptions, coalesce((${GRANTS}), '[]') as grants, (${USED}) as used
  from feature f
  where f.status <> 'retired' and f.deleted_at is null and ($4::text is null or f.code = $4) order by f.code`;

interface Asked {
  /** Null: the company as a whole. */
  readonly profileId: string | null;
  readonly at: Date;
  /** Only this one. */
  readonly feature?: string;
}

/** What decides about every feature, or about one, as it stands at an instant. */
export const featureFacts = (reader: Reader, { profileId, at, feature }: Asked): Promise<KnownFeature[]> =>
  reader.prepared<KnownFeature>(FACTS, [reader.companyId, profileId, at, feature ?? null]);

const CHANGES = `with recursive held as (${HELD}), theirs as (
    select g.starts_at, g.ends_at from feature_grant g
    left join department d on d.company_id = $1 and d.id = g.department_id and d.deleted_at is null
    where g.company_id = $1 and g.feature = $4 and g.status in ('scheduled', 'active') and g.deleted_at is null and ${IS_THEIRS})
  select distinct t.at from (select starts_at as at from theirs union all select ends_at from theirs
    union all select a.expires_at from role_assignment a where a.company_id = $1 and a.profile_id = $2 and a.deleted_at is null) t
  where t.at > $3 and ($5::timestamptz is null or t.at < $5) order by t.at`;

/** When, after an instant and before `until` (null: ever), a grant of somebody begins or ends, or a role by which it is theirs. */
export const changesAfter = async (
  reader: Reader,
  {
    profileId,
    at,
    feature,
    until,
  }: { readonly profileId: string; readonly at: Date; readonly feature: string; readonly until: string | null },
): Promise<Date[]> => {
  const values = [reader.companyId, profileId, at, feature, until];
  return (await reader.prepared<{ at: string }>(CHANGES, values)).map((row) => new Date(row.at));
};

type Given = Pick<FeatureGrantRow, 'subject' | 'departmentId' | 'roleId' | 'systemRole' | 'profileId'>;

const DEPTH = `with recursive held as (${HELD})
  select coalesce(d.depth, 0) as depth from (select $4::text as subject, $5::uuid as department_id, $6::uuid as role_id,
      $7::text as system_role, $8::uuid as profile_id) g
  left join department d on d.company_id = $1 and d.id = g.department_id and d.deleted_at is null
  where ${IS_THEIRS}`;

/** How deep the department lies that a grant which is not written yet is for; 0: it is for none. Undefined: it is not for this person. */
export const depthFor = async (
  reader: Reader,
  { profileId: personId, at }: { readonly profileId: string; readonly at: Date },
  { subject, departmentId, roleId, systemRole, profileId }: Given,
): Promise<number | undefined> => {
  const values = [reader.companyId, personId, at, subject, departmentId, roleId, systemRole, profileId];
  return (await reader.prepared<{ depth: number }>(DEPTH, values))[0]?.depth;
};

/** A grant to a department, in force or to come. */
export type DepartmentGrant = Pick<
  FeatureGrantRow,
  'id' | 'feature' | 'effect' | 'quota' | 'byOperator' | 'startsAt' | 'endsAt' | 'level'
> & { readonly departmentId: string };

/** What these departments are given and denied at `at` or later, of what is not retired. */
export const departmentGrants = (
  reader: Reader,
  departmentIds: readonly string[],
  at: Date,
): Promise<DepartmentGrant[]> =>
  reader.prepared<DepartmentGrant>(
    `select g.id, g.department_id as "departmentId", g.feature, g.effect, g.quota, g.by_operator as "byOperator",
       g.level, ${shown('g.starts_at', instant())} as "startsAt", ${shown('g.ends_at', instant())} as "endsAt"
     from feature_grant g join feature f on f.code = g.feature and f.status <> 'retired' and f.deleted_at is null
     where g.company_id = $1 and g.department_id = any($2) and g.status in ('scheduled', 'active') and g.deleted_at is null
       and (g.ends_at is null or g.ends_at > $3) order by g.id`,
    [reader.companyId, departmentIds, at],
  );

/** Whether anybody who has not left belongs to a department or one below it. */
export const hasPeople = async (reader: Reader, departmentId: string): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from department d
     join department home on home.company_id = $1 and home.path >= d.path and home.path < d.path || '~'
     join profile p on p.company_id = $1 and p.department_id = home.id and p.status <> 'ended' and p.deleted_at is null
     where d.company_id = $1 and d.id = $2 limit 1`,
    [reader.companyId, departmentId],
  );
  return rows.length > 0;
};
