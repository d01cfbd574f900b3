import Type from 'typebox';
import type { GrantScope, Reach } from '../../../platform/access/principal.ts';
import {
  clears,
  code,
  entity,
  exact,
  instant,
  integer,
  line,
  listOf,
  nullable,
  oneOf,
  shows,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Reader, RowOf, Tx } from '../../../platform/module.ts';
import { shown } from '../../../platform/schema/entity.ts';
import type { Holding, RoleParts } from './authority.ts';

const PATTERN = '^([a-z][a-z-]*|\\*):([a-z][a-z-]*|\\*):([a-z][a-z-]*|\\*)$';
const patterns = (description: string) =>
  Type.Array(Type.String({ pattern: PATTERN, maxLength: 100, examples: ['workforce:shift:read'] }), {
    maxItems: 200,
    uniqueItems: true,
    description,
  });

const GIVEN = ['name', 'description', 'parentId', 'systemParent', 'reach', 'grants', 'denies', 'maxUsers'] as const;

/** A role that a company made itself. */
export const Role = entity({
  table: 'role',
  fields: {
    code: code(40),
    name: line(100),
    description: nullable(text(500)),
    parentId: nullable(uuid({ description: 'Own role it inherits from' })),
    systemParent: nullable(Type.String({ maxLength: 40, description: 'System role it inherits from' })),
    reach: oneOf(['self', 'reports', 'hierarchy', 'company']),
    grants: patterns('Permissions given; any part may be *'),
    denies: patterns(
      'Permissions taken away: for good where it is held for the company, else in its scope but for what is granted nearer',
    ),
    maxUsers: nullable(
      integer(1, 100_000, {
        description: 'Most people who hold it, or a role that inherits from it; whoever left is not counted',
      }),
    ),
  },
  create: ['code', ...GIVEN],
  edit: GIVEN,
  search: ['code', 'name'],
});
export type RoleRow = RowOf<typeof Role>;

export const roleList = listOf(Role, { sorts: ['code', 'name'], filters: ['parentId'] });

export const SCOPE_KINDS = ['department', 'project'] as const;

/** That a person holds a role: in the whole company or one scope, for good or until an instant. */
export const RoleAssignment = entity({
  table: 'role_assignment',
  fields: {
    profileId: uuid(),
    roleId: nullable(uuid({ description: 'Own role; either this or systemRole' })),
    systemRole: nullable(Type.String({ maxLength: 40, examples: ['supervisor'] })),
    scopeKind: nullable(oneOf(SCOPE_KINDS)),
    scopeId: nullable(uuid({ description: 'Department (with all below it) or project' })),
    expiresAt: nullable(instant()),
  },
  create: ['profileId', 'roleId', 'systemRole', 'scopeKind', 'scopeId', 'expiresAt'],
  edit: [],
});
export type RoleAssignmentRow = RowOf<typeof RoleAssignment>;

export const RoleAssignmentItem = exact(
  { ...RoleAssignment.view.properties, roleCode: Type.String() },
  { 'x-component': 'role_assignment_item' },
);

export const assignmentList = listOf(RoleAssignment, {
  sorts: ['id'],
  filters: ['profileId', 'roleId', 'systemRole'],
  join: 'left join role r on r.company_id = $1 and r.id = t.role_id',
  extra: { roleCode: 'coalesce(t.system_role, r.code)' },
});

/** Ids of a profile's assignments, of every role or of one system role. */
export const assignmentsOf = async (reader: Reader, profileId: string, systemRole?: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from role_assignment where company_id = $1 and profile_id = $2
       and ($3::text is null or system_role = $3) and deleted_at is null order by id`,
    [reader.companyId, profileId, systemRole ?? null],
  );
  return rows.map(({ id }) => id);
};

/** All own roles of the company, by id. */
export const rolesOf = async (reader: Reader): Promise<ReadonlyMap<string, RoleParts>> => {
  const rows = await reader.prepared<RoleParts>(
    `select id, code, parent_id as "parentId", system_parent as "systemParent", reach, grants, denies
     from role where company_id = $1 and deleted_at is null`,
    [reader.companyId],
  );
  return new Map(rows.map((role) => [role.id, role]));
};

/** Whether a profile is a person's; null: nobody's. */
export const isOfPerson = async (reader: Reader, profileId: string, personId: string | null): Promise<boolean> => {
  const rows = await reader.prepared('select 1 from profile where company_id = $1 and id = $2 and person_id = $3', [
    reader.companyId,
    profileId,
    personId,
  ]);
  return rows.length > 0;
};

/** What somebody holds, and until when; null: for good. */
export type Held = Holding & { readonly expiresAt: string | null };

/** What a profile holds at `at`, each until it ends or, by this SQL, the profile does. */
const heldUntil = (end: string): string => `select a.system_role as "systemRole", a.role_id as "roleId",
    least(a.expires_at, ${end}) as "expiresAt",
    case when a.scope_id is null then null else json_build_object('kind', a.scope_kind, 'id', a.scope_id) end as scope
  from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
  where a.company_id = $1 and a.profile_id = $2 and a.deleted_at is null and (a.expires_at is null or a.expires_at > $3)
  order by a.id`;

/** What a profile holds at `at`, until each ends, or they leave. */
export const holdingsOf = (reader: Reader, profileId: string, at: Date): Promise<Held[]> =>
  reader.prepared(heldUntil('p.expires_at'), [reader.companyId, profileId, at]);

/** The same, were the profile to end at `end`; null: never. */
export const holdingsUntil = (reader: Reader, profileId: string, at: Date, end: string | null): Promise<Held[]> =>
  reader.prepared(heldUntil('$4::timestamptz'), [reader.companyId, profileId, at, end]);

/** Until when somebody holds one of these own roles at the latest, null: for good; undefined: nobody does. Whoever left does not. */
export const lastHeld = async (
  reader: Reader,
  roleIds: readonly string[],
  at: Date,
): Promise<string | null | undefined> => {
  const [row] = await reader.prepared<{ end: string | null }>(
    `select least(a.expires_at, p.expires_at) as "end"
     from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
     where a.company_id = $1 and a.role_id = any($2) and a.deleted_at is null
       and (a.expires_at is null or a.expires_at > $3) and p.status <> 'ended' and p.deleted_at is null
     order by 1 desc nulls first limit 1`,
    [reader.companyId, roleIds, at],
  );
  return row?.end;
};

/** How many people beside `exceptId` hold one of these own roles at `at`; whoever left does not. */
export const countPeople = async (
  reader: Reader,
  roleIds: readonly string[],
  at: Date,
  exceptId: string | null,
): Promise<number> => {
  const [row] = await reader.prepared<{ people: number }>(
    `select count(distinct p.id)::int as people
     from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
     where a.company_id = $1 and a.role_id = any($2) and a.deleted_at is null
       and (a.expires_at is null or a.expires_at > $3)
       and p.id is distinct from $4 and p.status <> 'ended' and p.deleted_at is null`,
    [reader.companyId, roleIds, at, exceptId],
  );
  return row?.people ?? 0;
};

/** Own roles that few may hold, with how many. */
export const limitedRoles = async (reader: Reader): Promise<ReadonlyMap<string, number>> => {
  const rows = await reader.prepared<{ id: string; most: number }>(
    `select id, max_users as most from role
     where company_id = $1 and max_users is not null and deleted_at is null`,
    [reader.companyId],
  );
  return new Map(rows.map(({ id, most }) => [id, most]));
};

/** Ids of the assignments of an own role to people who left. */
export const assignmentsOfLeavers = async (reader: Reader, roleId: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select a.id from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
     where a.company_id = $1 and a.role_id = $2 and a.deleted_at is null and p.status = 'ended' order by a.id`,
    [reader.companyId, roleId],
  );
  return rows.map(({ id }) => id);
};

/** A profile with all that it holds. */
export interface Holder {
  readonly profileId: string;
  readonly held: readonly Holding[];
}

const HOLDERS = `select a.profile_id as "profileId", json_agg(json_build_object('systemRole', a.system_role, 'roleId', a.role_id,
    'scope', case when a.scope_id is null then null else json_build_object('kind', a.scope_kind, 'id', a.scope_id) end)
    order by a.system_role, a.role_id, a.scope_id) as held
  from role_assignment a
  where a.company_id = $1 and a.deleted_at is null and (a.expires_at is null or a.expires_at > $2)`;

/** Profiles that hold one of the own roles at `at`. */
export const holdersOf = (reader: Reader, roleIds: readonly string[], at: Date): Promise<Holder[]> =>
  reader.prepared<Holder>(
    `${HOLDERS} and exists (select 1 from role_assignment h
       where h.company_id = $1 and h.role_id = any($3) and h.profile_id = a.profile_id and h.deleted_at is null
         and (h.expires_at is null or h.expires_at > $2))
     group by a.profile_id`,
    [reader.companyId, at, roleIds],
  );

/** Profiles that hold a role within one of these departments at `at`; whoever left does not. */
export const holdersWithin = (reader: Reader, departmentIds: readonly string[], at: Date): Promise<Holder[]> =>
  reader.prepared<Holder>(
    `${HOLDERS} and exists (select 1 from role_assignment h join profile p on p.company_id = $1 and p.id = h.profile_id
       where h.company_id = $1 and h.scope_kind = 'department' and h.scope_id = any($3) and h.profile_id = a.profile_id
         and h.deleted_at is null and (h.expires_at is null or h.expires_at > $2)
         and p.status <> 'ended' and p.deleted_at is null)
     group by a.profile_id`,
    [reader.companyId, at, departmentIds],
  );

/** The department that a profile belongs to. */
export const departmentOf = async (reader: Reader, profileId: string): Promise<string | null> => {
  const [row] = await reader.prepared<{ id: string | null }>(
    'select department_id as id from profile where company_id = $1 and id = $2',
    [reader.companyId, profileId],
  );
  return row?.id ?? null;
};

/** Work in a project that is in force; `endsAt` null: open. */
export interface Work {
  readonly id: string;
  readonly projectId: string;
  readonly endsAt: string | null;
}

/** Where somebody stands to a caller. */
export interface Stands {
  readonly departmentId: string | null;
  /** The least reach of the caller that takes them in. */
  readonly nearest: Reach;
  readonly works: readonly Work[];
}

/** Where somebody stands to `me`. */
export const standOf = async (reader: Reader, me: string, profileId: string): Promise<Stands> => {
  const [row] = await reader.prepared<Stands>(
    `select p.department_id as "departmentId",
       case when p.id = $2 then 'self' when c.depth = 1 then 'reports' when c.depth is not null then 'hierarchy' else 'company' end as nearest,
       (select coalesce(json_agg(json_build_object('id', a.id, 'projectId', a.project_id, 'endsAt', ${shown('a.ends_at', instant())})), '[]')
        from work_assignment a
        where a.company_id = $1 and a.profile_id = p.id and a.status = 'active' and a.deleted_at is null) as works
     from profile p
     left join reporting_closure c on c.company_id = $1 and c.superior_id = $2 and c.subordinate_id = p.id
     where p.company_id = $1 and p.id = $3`,
    [reader.companyId, me, profileId],
  );
  return row ?? { departmentId: null, nearest: 'company', works: [] };
};

/** Some of a company's people: of a department and all below it, holders of a role, or all of them. */
interface Circle {
  readonly departmentId: string | null;
  /** Who holds one of these, system roles by their codes; null: whatever they hold. */
  readonly roles: { readonly own: readonly string[]; readonly system: readonly string[] } | null;
}

const SCOPE = `case when a.scope_id is null then null else json_build_object('kind', a.scope_kind, 'id', a.scope_id) end`;

/** What people of a circle hold at `at`, each once; what `exceptId` holds is not counted, nor that of whoever left. */
export const heldAmong = (
  reader: Reader,
  { departmentId, roles }: Circle,
  exceptId: string | null,
  at: Date,
): Promise<Holding[]> =>
  reader.prepared(
    `select a.system_role as "systemRole", a.role_id as "roleId", ${SCOPE} as scope
     from role_assignment a
     join profile p on p.company_id = $1 and p.id = a.profile_id and p.status <> 'ended' and p.deleted_at is null
     where a.company_id = $1 and a.deleted_at is null and (a.expires_at is null or a.expires_at > $2)
       and p.id is distinct from $3
       and ($4::uuid is null or exists (select 1 from department d
         join department home on home.company_id = $1 and home.id = p.department_id
         where d.company_id = $1 and d.id = $4 and home.path >= d.path and home.path < d.path || '~'))
       and ($5::uuid[] is null or exists (select 1 from role_assignment h
         where h.company_id = $1 and h.profile_id = a.profile_id and h.deleted_at is null
           and (h.expires_at is null or h.expires_at > $2) and (h.role_id = any($5) or h.system_role = any($6::text[]))))
     group by a.system_role, a.role_id, a.scope_kind, a.scope_id`,
    [reader.companyId, at, exceptId, departmentId, roles?.own ?? null, roles?.system ?? null],
  );

/** Profiles that own the company for good: active, without an end of their own or of the role. */
export const steadyOwners = (reader: Reader, at: Date): Promise<Holder[]> =>
  reader.prepared<Holder>(
    `${HOLDERS} and exists (select 1 from role_assignment o join profile p on p.company_id = $1 and p.id = o.profile_id
       where o.company_id = $1 and o.profile_id = a.profile_id and o.system_role = 'owner' and o.scope_id is null
         and o.expires_at is null and o.deleted_at is null
         and p.status = 'active' and p.expires_at is null and p.deleted_at is null)
     group by a.profile_id`,
    [reader.companyId, at],
  );

/** Profiles in one of these states that own the company, or would. */
export const ownersIn = async (reader: Reader, states: readonly string[]): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select distinct p.id from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
     where a.company_id = $1 and a.system_role = 'owner' and a.deleted_at is null
       and p.status = any($2) and p.deleted_at is null order by p.id`,
    [reader.companyId, states],
  );
  return rows.map(({ id }) => id);
};

/** The active profiles that look after the whole company: its owners and admins. */
export const caretakersOf = async (reader: Reader, at: Date): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select distinct p.id from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
     where a.company_id = $1 and a.system_role in ('owner', 'admin') and a.scope_id is null and a.deleted_at is null
       and (a.expires_at is null or a.expires_at > $2) and p.status = 'active' and p.deleted_at is null order by p.id`,
    [reader.companyId, at],
  );
  return rows.map(({ id }) => id);
};

/** Assignments whose time is over at `at`, a batch. */
export const expiredAssignments = (reader: Reader, at: Date): Promise<{ id: string; profileId: string }[]> =>
  reader.prepared(
    `select id, profile_id as "profileId" from role_assignment
     where company_id = $1 and deleted_at is null and expires_at <= $2 order by profile_id, id limit 500`,
    [reader.companyId, at],
  );

/** Assignments within a scope of whoever left, or whose time is over at `at`: nobody holds anything by them. */
export const lapsedWithin = async (reader: Reader, { kind, id }: GrantScope, at: Date): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select a.id from role_assignment a join profile p on p.company_id = $1 and p.id = a.profile_id
     where a.company_id = $1 and a.scope_${kind}_id = $2 and a.deleted_at is null
       and (p.status = 'ended' or a.expires_at <= $3) order by a.id`,
    [reader.companyId, id, at],
  );
  return rows.map((row) => row.id);
};

/** Keeps a scope from being deleted until the commit; false: it is not there. */
export const holdScope = async (tx: Tx, { kind, id }: GrantScope): Promise<boolean> => {
  const rows = await tx.prepared(
    `select 1 from ${kind} where company_id = $1 and id = $2 and deleted_at is null for key share`,
    [tx.companyId, id],
  );
  return rows.length > 0;
};

/** For each scope that is there: the departments at and above it, or the project itself. */
export const scopesAround = async (
  reader: Reader,
  scopes: readonly GrantScope[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const ids = (wanted: GrantScope['kind']) => [
    ...new Set(scopes.filter(({ kind }) => kind === wanted).map(({ id }) => id)),
  ];
  const find = (kind: GrantScope['kind'], path: string) =>
    reader.prepared<{ id: string; path: string }>(
      `select id, ${path} as path from ${kind} where company_id = $1 and id = any($2) and deleted_at is null`,
      [reader.companyId, ids(kind)],
    );
  const departments = ids('department').length > 0 ? await find('department', 'path') : [];
  const projects = ids('project').length > 0 ? await find('project', 'id') : [];
  return new Map([...departments, ...projects].map(({ id, path }) => [id, new Set(path.split('/'))]));
};

/** Whoever is erased holds nothing. */
export const roleErasure: Erasure = {
  ...clears(
    'role_assignment',
    `update role_assignment set deleted_at = $3, version = version + 1
     where company_id = $1 and profile_id = $2 and deleted_at is null returning id`,
    (_profile, { now }) => [now],
  ),
  ...shows(RoleAssignment),
};
