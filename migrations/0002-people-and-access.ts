import {
  BY_OPERATOR,
  companyIndex,
  companyTable,
  isolate,
  operatorTable,
  OPERATOR_STAMPS,
  part,
  purgeable,
  reference,
  systemMay,
} from '../src/platform/db/ddl.ts';

const ME = `nullif(current_setting('app.person_id', true), '')::uuid`;
const MY_COMPANY = `nullif(current_setting('app.company_id', true), '')::uuid`;

const people = [
  ...operatorTable(
    'person',
    [
      'id uuid not null',
      'keycloak_id uuid',
      'national_id_sealed text',
      'national_id_hash text collate "C"',
      'national_id_mask text',
      'email_sealed text',
      'email_hash text collate "C"',
      'email_mask text',
      'phone_sealed text',
      'phone_hash text collate "C"',
      'phone_mask text',
      'first_name text not null',
      'last_name text not null',
      'locale text not null',
      'status text not null',
      'failed_logins integer not null default 0',
      'locked_until timestamptz(3)',
      'last_login_at timestamptz(3)',
      'data_key text not null',
      `preferences jsonb not null default '{}'`,
      'epoch integer not null default 1',
      ...OPERATOR_STAMPS,
      'constraint person_pkey primary key (id)',
      'constraint person_keycloak_id_key unique (keycloak_id)',
      'constraint person_national_id_hash_key unique (national_id_hash)',
      'constraint person_email_hash_key unique (email_hash)',
      'constraint person_phone_hash_key unique (phone_hash)',
      `constraint person_status_check check (status in ('invited', 'active', 'locked', 'disabled', 'erased'))`,
    ],
    `id = ${ME} or ${BY_OPERATOR}`,
    'select, insert, update',
  ),
  ...systemMay('person', 'select, update'),
  ...operatorTable(
    'operator_user',
    [
      'id uuid not null',
      'person_id uuid not null',
      'role text not null',
      'status text not null',
      ...OPERATOR_STAMPS,
      'constraint operator_user_pkey primary key (id)',
      'constraint operator_user_person_id_key unique (person_id)',
      'constraint operator_user_person_id_fkey foreign key (person_id) references person (id)',
      `constraint operator_user_role_check check (role in ('superadmin', 'support', 'operator_auditor'))`,
      `constraint operator_user_status_check check (status in ('active', 'disabled'))`,
    ],
    BY_OPERATOR,
    'select, insert, update',
  ),
  ...systemMay('operator_user', 'select'),
  ...operatorTable(
    'person_company',
    [
      'person_id uuid not null',
      'company_id uuid not null',
      'profile_id uuid not null',
      'created_at timestamptz(3) not null',
      'constraint person_company_pkey primary key (person_id, company_id)',
      'constraint person_company_person_id_fkey foreign key (person_id) references person (id)',
      'constraint person_company_company_id_fkey foreign key (company_id) references company (id)',
    ],
    `person_id = ${ME} or company_id = ${MY_COMPANY}`,
    'select, insert, delete',
  ),
  `create index person_company_company_id_idx on person_company (company_id, profile_id)`,
  purgeable('person_company'),
  ...systemMay('person_company', 'select'),
];

const organization = [
  ...companyTable('site', [
    'code text not null',
    'name text not null',
    'parent_id uuid',
    'path text collate "C" not null',
    'depth integer not null',
    'timezone text not null',
    'altitude_m integer not null default 0',
    'latitude double precision',
    'longitude double precision',
    reference('site', 'parent_id', 'site'),
  ]),
  companyIndex('site', 'code', { unique: true, where: 'deleted_at is null' }),
  companyIndex('site', 'path, id', { where: 'deleted_at is null' }),
  companyIndex('site', 'parent_id'),
  companyIndex('site', 'name, id', { where: 'deleted_at is null' }),
  ...companyTable('department', [
    'code text not null',
    'name text not null',
    'parent_id uuid',
    'path text collate "C" not null',
    'depth integer not null',
    'manager_id uuid',
    'cost_center text',
    'headcount_limit integer',
    reference('department', 'parent_id', 'department'),
  ]),
  companyIndex('department', 'code', { unique: true, where: 'deleted_at is null' }),
  companyIndex('department', 'path, id', { where: 'deleted_at is null' }),
  companyIndex('department', 'parent_id'),
  companyIndex('department', 'name, id', { where: 'deleted_at is null' }),
  ...companyTable('profile', [
    'person_id uuid',
    'first_name text not null',
    'last_name text not null',
    'national_id_kind text not null',
    'national_id_sealed text',
    'national_id_hash text collate "C"',
    'national_id_mask text',
    'contact_email text collate "C"',
    'contact_phone text collate "C"',
    'photo_id uuid',
    'employee_number text',
    'kind text not null',
    'department_id uuid',
    'site_id uuid',
    'risk_group_id uuid',
    'expires_at timestamptz(3)',
    'status text not null',
    `attributes jsonb not null default '{}'`,
    'erased_at timestamptz(3)',
    'epoch integer not null default 1',
    reference('profile', 'department_id', 'department'),
    reference('profile', 'site_id', 'site'),
    `constraint profile_kind_check check (kind in ('employee', 'contractor', 'guest', 'temporary'))`,
    `constraint profile_status_check check (status in ('draft', 'invited', 'active', 'suspended', 'ended'))`,
    `constraint profile_national_id_kind_check check (national_id_kind in ('RUT', 'PASSPORT', 'OTHER'))`,
  ]),
  companyIndex('profile', 'national_id_hash', {
    unique: true,
    where: 'national_id_hash is not null and deleted_at is null',
  }),
  companyIndex('profile', 'employee_number', {
    unique: true,
    where: 'employee_number is not null and deleted_at is null',
  }),
  companyIndex('profile', 'person_id', { unique: true, where: 'person_id is not null and deleted_at is null' }),
  companyIndex('profile', 'last_name, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'created_at, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'department_id, last_name, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'site_id, last_name, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'status, last_name, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'kind, last_name, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'risk_group_id, last_name, id', { where: 'deleted_at is null' }),
  companyIndex('profile', 'contact_email', { where: 'contact_email is not null and deleted_at is null' }),
  companyIndex('profile', 'contact_phone', { where: 'contact_phone is not null and deleted_at is null' }),
  ...systemMay('profile', 'select'),
  `alter table department add ${reference('department', 'manager_id', 'profile')}`,
  ...companyTable('reporting_line', [
    'subordinate_id uuid not null',
    'superior_id uuid not null',
    'starts_on date not null',
    'ends_on date',
    part('reporting_line', 'subordinate_id', 'profile'),
    reference('reporting_line', 'superior_id', 'profile'),
    'constraint reporting_line_self_check check (subordinate_id <> superior_id)',
  ]),
  companyIndex('reporting_line', 'subordinate_id', { unique: true, where: 'ends_on is null and deleted_at is null' }),
  companyIndex('reporting_line', 'superior_id, subordinate_id'),
  `create table reporting_closure (
     company_id uuid not null,
     superior_id uuid not null,
     subordinate_id uuid not null,
     depth integer not null,
     constraint reporting_closure_pkey primary key (company_id, superior_id, subordinate_id),
     ${reference('reporting_closure', 'superior_id', 'profile')},
     ${reference('reporting_closure', 'subordinate_id', 'profile')})`,
  ...isolate('reporting_closure'),
  companyIndex('reporting_closure', 'subordinate_id, superior_id'),
  `grant select, insert, delete on reporting_closure to app`,
  ...companyTable('system_link', [
    'system text not null',
    'external_id text not null',
    'profile_id uuid not null',
    part('system_link', 'profile_id', 'profile'),
    `constraint system_link_system_check check (system in ('ANGELIS', 'SAFER', 'FIT2000', 'CHECKINGMATE'))`,
  ]),
  companyIndex('system_link', 'system, external_id', { unique: true, where: 'deleted_at is null' }),
  companyIndex('system_link', 'profile_id'),
];

const access = [
  ...operatorTable(
    'system_role',
    [
      'code text not null',
      'reach text not null',
      'rank integer not null',
      'scope text not null',
      'grants text[] not null',
      'denies text[] not null',
      'assignable boolean not null',
      'constraint system_role_pkey primary key (code)',
      `constraint system_role_reach_check check (reach in ('self', 'reports', 'hierarchy', 'company', 'operator'))`,
    ],
    'true',
    'select',
  ),
  ...systemMay('system_role', 'select, insert, update, delete'),
  ...companyTable('role', [
    'code text not null',
    'name text not null',
    'description text',
    'parent_id uuid',
    'system_parent text',
    'reach text not null',
    'grants text[] not null',
    'denies text[] not null',
    'max_users integer',
    reference('role', 'parent_id', 'role'),
    'constraint role_system_parent_fkey foreign key (system_parent) references system_role (code)',
    `constraint role_reach_check check (reach in ('self', 'reports', 'hierarchy', 'company'))`,
  ]),
  companyIndex('role', 'code', { unique: true, where: 'deleted_at is null' }),
  companyIndex('role', 'name, id', { where: 'deleted_at is null' }),
  companyIndex('role', 'parent_id'),
  ...systemMay('role', 'select'),
  ...companyTable('role_assignment', [
    'profile_id uuid not null',
    'role_id uuid',
    'system_role text',
    'scope_kind text',
    'scope_id uuid',
    'expires_at timestamptz(3)',
    reference('role_assignment', 'profile_id', 'profile'),
    reference('role_assignment', 'role_id', 'role'),
    'constraint role_assignment_system_role_fkey foreign key (system_role) references system_role (code)',
    'constraint role_assignment_one_check check ((role_id is null) <> (system_role is null))',
    `constraint role_assignment_scope_check check ((scope_kind is null) = (scope_id is null) and scope_kind in ('department', 'project'))`,
  ]),
  companyIndex('role_assignment', 'profile_id'),
  companyIndex('role_assignment', 'role_id'),
  companyIndex('role_assignment', 'system_role, profile_id'),
  `create index role_assignment_expires_at_idx on role_assignment (expires_at) where expires_at is not null and deleted_at is null`,
  ...systemMay('role_assignment', 'select'),
  ...companyTable('session', [
    'person_id uuid',
    'profile_id uuid',
    'kind text not null',
    'client text not null',
    'sid text collate "C" not null',
    'epoch integer not null default 1',
    'device text',
    'address text',
    'agent text',
    'reason text',
    'last_seen_at timestamptz(3) not null',
    'expires_at timestamptz(3) not null',
    'revoked_at timestamptz(3)',
    'revoked_because text',
    'constraint session_person_id_fkey foreign key (person_id) references person (id)',
    reference('session', 'profile_id', 'profile'),
    `constraint session_kind_check check (kind in ('member', 'support', 'operator', 'machine'))`,
    `constraint session_client_check check (client in ('worker', 'admin', 'machine'))`,
    `constraint session_person_check check ((kind = 'machine') = (person_id is null))`,
  ]),
  companyIndex('session', 'sid', { unique: true, where: 'revoked_at is null' }),
  companyIndex('session', 'person_id, last_seen_at', { where: 'revoked_at is null' }),
  companyIndex('session', 'profile_id', { where: 'revoked_at is null' }),
  companyIndex('session', 'created_at, id', { where: `kind = 'support'` }),
  `create index session_sid_idx on session (sid, company_id) where revoked_at is null`,
  `create index session_person_idx on session (person_id) where revoked_at is null`,
  `create index session_expires_at_idx on session (expires_at) where revoked_at is null`,
  ...systemMay('session', 'select, update'),
];

/**
 * Binds the transaction to a company and compares what the caller cached with what is true now. The epoch is the sum of
 * counters that only grow (session, person, profile, the company's roles): any change of one makes another sum.
 * AN001: another epoch, load again. AN002: revoked, expired at `at`, or not allowed to act any more. A locked person cannot sign
 * in; the sessions they have go on, else whoever guesses at an account could throw its owner out.
 */
const enter = `create function app.enter(company uuid, session_id uuid, known_epoch bigint, at timestamptz) returns void language plpgsql as $$
declare s record; person_epoch bigint := 0; person_status text := 'active'; profile_epoch bigint := 0; profile_status text := 'active';
  company_epoch bigint; company_status text;
begin
  execute format('set local app.company_id = %L', company);
  select x.person_id, x.profile_id, x.kind, x.epoch, x.expires_at into s
    from session x where x.company_id = company and x.id = session_id and x.revoked_at is null;
  if not found or s.expires_at <= at then raise exception 'session ended' using errcode = 'AN002'; end if;
  execute format('set local app.person_id = %L', coalesce(s.person_id::text, ''));
  execute format('set local app.operator = %L', case when s.kind = 'operator' then 'on' else 'off' end);
  if s.person_id is not null then
    select p.epoch, p.status into person_epoch, person_status from person p where p.id = s.person_id;
  end if;
  if s.profile_id is not null then
    select p.epoch, p.status into profile_epoch, profile_status
      from profile p where p.company_id = company and p.id = s.profile_id and p.deleted_at is null;
  end if;
  select c.access_epoch, c.status into company_epoch, company_status from company c where c.id = company;
  if person_status is null or person_status not in ('active', 'locked') or profile_status is distinct from 'active'
     or company_status is null or company_status in ('archived', 'purged') then
    raise exception 'session ended' using errcode = 'AN002';
  end if;
  if s.epoch + person_epoch + profile_epoch + company_epoch <> known_epoch then
    raise exception 'session changed' using errcode = 'AN001';
  end if;
end $$`;

/** The numbers, from 1, of those sessions that may still enter as they are known: one statement for all whom a process serves live. */
const holding = `create function app.holding(company uuid, sessions uuid[], epochs bigint[], at timestamptz) returns setof integer language plpgsql as $$
begin
  for i in 1 .. cardinality(sessions) loop
    begin
      perform app.enter(company, sessions[i], epochs[i], at);
      return next i;
    exception when sqlstate 'AN001' or sqlstate 'AN002' then null;
    end;
  end loop;
end $$`;

const seeds = [
  `create table seed_set (
     name text not null,
     version integer not null,
     applied_at timestamptz(3) not null,
     constraint seed_set_pkey primary key (name))`,
  `alter table seed_set enable row level security`,
  `alter table seed_set force row level security`,
  ...systemMay('seed_set', 'select, insert, update'),
];

export const up = [
  ...seeds,
  ...people,
  ...organization,
  ...access,
  enter,
  `revoke all on function app.enter(uuid, uuid, bigint, timestamptz) from public`,
  `grant execute on function app.enter(uuid, uuid, bigint, timestamptz) to app`,
  holding,
  `revoke all on function app.holding(uuid, uuid[], bigint[], timestamptz) from public`,
  `grant execute on function app.holding(uuid, uuid[], bigint[], timestamptz) to app`,
  `create function app.enter_person(person uuid) returns void language plpgsql as $$
   begin execute format('set local app.person_id = %L', person); end $$`,
  `revoke all on function app.enter_person(uuid) from public`,
  `grant execute on function app.enter_person(uuid) to app`,
];

export const down = [
  'alter table department drop constraint department_manager_id_fkey',
  'drop function app.enter_person(uuid)',
  'drop function app.holding(uuid, uuid[], bigint[], timestamptz)',
  'drop function app.enter(uuid, uuid, bigint, timestamptz)',
  ...[
    ['session', 'role_assignment', 'role', 'system_role', 'seed_set', 'system_link', 'reporting_closure'],
    ['reporting_line', 'profile', 'department', 'site', 'person_company', 'operator_user', 'person'],
  ]
    .flat()
    .map((table) => `drop table ${table}`),
];
