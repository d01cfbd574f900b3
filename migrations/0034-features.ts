import {
  catalogueTable,
  companyIndex,
  companyTable,
  isolate,
  OPERATOR_STAMPS,
  part,
  reference,
} from '../src/platform/db/ddl.ts';

const LIVE = { where: 'deleted_at is null' };
const REFERS = 'feature text collate "C" not null';

/** The operator's catalogue: what can be switched on, and what each plan has of it. */
const catalogue = [
  ...catalogueTable('feature', [
    'id uuid not null',
    'code text collate "C" not null',
    'names jsonb not null',
    'type text not null',
    'on_by_default boolean not null',
    'unit text',
    'period text',
    'status text not null',
    ...OPERATOR_STAMPS,
    'constraint feature_pkey primary key (id)',
    'constraint feature_code_key unique (code)',
    `constraint feature_type_check check (type in ('permission', 'release', 'kill_switch'))`,
    `constraint feature_period_check check (period in ('day', 'month', 'year'))`,
    'constraint feature_counted_check check ((unit is null) = (period is null))',
    `constraint feature_status_check check (status in ('active', 'killed', 'retired'))`,
  ]),
  ...catalogueTable('plan', [
    'id uuid not null',
    'code text collate "C" not null',
    'names jsonb not null',
    ...OPERATOR_STAMPS,
    'constraint plan_pkey primary key (id)',
    'constraint plan_code_key unique (code)',
  ]),
  ...catalogueTable('plan_feature', [
    'id uuid not null',
    'plan text collate "C" not null',
    REFERS,
    'by_grant boolean not null',
    'quota bigint',
    ...OPERATOR_STAMPS,
    'constraint plan_feature_pkey primary key (id)',
    'constraint plan_feature_plan_fkey foreign key (plan) references plan (code)',
    'constraint plan_feature_feature_fkey foreign key (feature) references feature (code)',
    'constraint plan_feature_quota_check check (quota > 0)',
  ]),
  'create unique index plan_feature_plan_feature_key on plan_feature (plan, feature) where deleted_at is null',
];

/** The plan that companies are made with; the owner writes past row level security for this one row. */
const standard = [
  'alter table plan no force row level security',
  `insert into plan (id, code, names, created_at, updated_at)
   values ('00000000-0000-7000-8000-000000000001', 'standard', '{"es": "Estándar", "en": "Standard", "fr": "Standard"}',
     '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
  'alter table plan force row level security',
  'alter table company add constraint company_plan_fkey foreign key (plan) references plan (code)',
];

const grants = [
  ...companyTable('feature_grant', [
    REFERS,
    'subject text not null',
    'department_id uuid',
    'role_id uuid',
    'system_role text',
    'profile_id uuid',
    'effect text not null',
    'quota bigint',
    'starts_at timestamptz(3) not null',
    'ends_at timestamptz(3)',
    'reason text not null',
    'by_operator boolean not null',
    'level integer not null',
    'status text not null',
    'constraint feature_grant_feature_fkey foreign key (feature) references feature (code)',
    part('feature_grant', 'department_id', 'department'),
    part('feature_grant', 'role_id', 'role'),
    'constraint feature_grant_system_role_fkey foreign key (system_role) references system_role (code)',
    reference('feature_grant', 'profile_id', 'profile'),
    `constraint feature_grant_subject_check check (subject in ('company', 'department', 'role', 'profile'))`,
    `constraint feature_grant_whom_check check ((department_id is not null) = (subject = 'department')
       and (num_nonnulls(role_id, system_role) = 1) = (subject = 'role') and num_nonnulls(role_id, system_role) < 2
       and (profile_id is not null) = (subject = 'profile'))`,
    `constraint feature_grant_effect_check check (effect in ('allow', 'deny'))`,
    `constraint feature_grant_quota_check check (quota is null or (quota > 0 and effect = 'allow'))`,
    'constraint feature_grant_ends_at_check check (ends_at > starts_at)',
    `constraint feature_grant_status_check check (status in ('scheduled', 'active', 'revoked', 'expired'))`,
  ]),
  companyIndex('feature_grant', 'starts_at, id', LIVE),
  companyIndex('feature_grant', 'feature, starts_at, id', LIVE),
  companyIndex('feature_grant', 'profile_id, starts_at, id', LIVE),
  companyIndex('feature_grant', 'department_id'),
  companyIndex('feature_grant', 'role_id'),
];

/** How much was used in a period: by a profile, and by all of the company under the company's own id. */
const usage = [
  `create table usage_counter (
     company_id uuid not null,
     ${REFERS},
     starts_on date not null,
     holder_id uuid not null,
     used bigint not null,
     updated_at timestamptz(3) not null,
     constraint usage_counter_pkey primary key (company_id, feature, starts_on, holder_id),
     constraint usage_counter_company_id_fkey foreign key (company_id) references company (id),
     constraint usage_counter_feature_fkey foreign key (feature) references feature (code),
     constraint usage_counter_used_check check (used > 0))`,
  ...isolate('usage_counter'),
  companyIndex('usage_counter', 'holder_id'),
  'grant select, insert, update, delete on usage_counter to app',
];

export const up = [...catalogue, ...standard, ...grants, ...usage];

export const down = [
  'alter table company drop constraint company_plan_fkey',
  ...['usage_counter', 'feature_grant', 'plan_feature', 'plan', 'feature'].map((table) => `drop table ${table}`),
];
