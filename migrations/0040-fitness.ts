import {
  companyIndex,
  companyTable,
  isolate,
  OPERATOR_STAMPS,
  part,
  purgeable,
  reference,
  systemMay,
} from '../src/platform/db/ddl.ts';

const OPERATOR = `current_setting('app.operator', true) = 'on'`;
const MY_COMPANY = `nullif(current_setting('app.company_id', true), '')::uuid`;

/** A table of the operator: `app` sees the rows that `visible` allows. */
const operatorTable = (name: string, columns: readonly string[], visible: string, grants: string): string[] => [
  `create table ${name} (${columns.join(', ')})`,
  `alter table ${name} enable row level security`,
  `alter table ${name} force row level security`,
  `create policy ${name}_app on ${name} to app using (${visible}) with check (${visible})`,
  ...(grants === '' ? [] : [`grant ${grants} on ${name} to app`]),
];

const SOURCES = `('SAFER', 'FIT2000', 'CHECKLIST', 'SELF_REPORT', 'MANUAL', 'SIGNAL')`;
const LEVELS = `('green', 'yellow', 'orange', 'red', 'invalid', 'none')`;

/** What can be taken, the same for every company; the seed set `test-definitions` fills it. */
const definitions = [
  ...operatorTable(
    'test_definition',
    [
      'code text not null',
      'version integer not null',
      'source text not null',
      'protocol text not null',
      'duration_ms integer',
      'metrics jsonb not null',
      'bias_ms double precision not null',
      'sd_ms double precision not null',
      'current boolean not null',
      'constraint test_definition_pkey primary key (code, version)',
      `constraint test_definition_source_check check (source in ${SOURCES})`,
    ],
    'true',
    'select',
  ),
  `create unique index test_definition_current_key on test_definition (code) where current`,
  ...systemMay('test_definition', 'select, insert, update'),
];

const devices = [
  ...companyTable('device', [
    'serial text collate "C" not null',
    'model text not null',
    'kind text not null',
    'site_id uuid',
    'bias_ms double precision',
    'sd_ms double precision',
    'measured_on date',
    'calibration_due_at timestamptz(3)',
    'last_seen_at timestamptz(3)',
    'out_since timestamptz(3)',
    'calibration_told_at timestamptz(3)',
    'status text not null',
    reference('device', 'site_id', 'site'),
    `constraint device_kind_check check (kind in ('kiosk', 'phone', 'FIT2000'))`,
    `constraint device_status_check check (status in ('active', 'out_of_service', 'retired'))`,
    `constraint device_out_since_check check ((out_since is null) = (status <> 'out_of_service'))`,
    'constraint device_measured_check check ((bias_ms is null) = (sd_ms is null) and sd_ms >= 0)',
  ]),
  companyIndex('device', 'serial', { unique: true, where: 'deleted_at is null' }),
  companyIndex('device', 'serial, id', { where: 'deleted_at is null' }),
  companyIndex('device', 'calibration_due_at', { where: `deleted_at is null and status = 'active'` }),
];

/** One row a version; without a risk group it is the company's own default. Only `status` changes afterwards. */
const policies = [
  ...companyTable('fitness_policy', [
    'risk_group_id uuid',
    'revision integer not null',
    'policy jsonb not null',
    'status text not null',
    'reason text',
    'superseded_at timestamptz(3)',
    part('fitness_policy', 'risk_group_id', 'risk_group'),
    `constraint fitness_policy_status_check check (status in ('active', 'superseded'))`,
    "constraint fitness_policy_superseded_at_check check ((superseded_at is null) = (status = 'active'))",
  ]),
  `create unique index fitness_policy_active_key on fitness_policy
     (company_id, coalesce(risk_group_id, '00000000-0000-0000-0000-000000000000'::uuid)) where status = 'active'`,
  `create unique index fitness_policy_revision_key on fitness_policy
     (company_id, coalesce(risk_group_id, '00000000-0000-0000-0000-000000000000'::uuid), revision)`,
  companyIndex('fitness_policy', 'created_at, id', { where: 'deleted_at is null' }),
];

/**
 * Results are never changed: a correction, or the same test judged again, is a row of its own that names the one it
 * `supersedes`; `test_result_key` says which row stands. Retention drops whole months, so nothing refers to these rows by
 * foreign key.
 */
const results = [
  ...companyTable(
    'test_result',
    [
      'profile_id uuid not null',
      'shift_id uuid',
      'source text not null',
      'external_id text collate "C" not null',
      'definition_code text not null',
      'definition_version integer not null',
      'started_at timestamptz(3)',
      'taken_at timestamptz(3) not null',
      'received_at timestamptz(3) not null',
      'device_id uuid',
      'device_state text not null',
      'metrics_sealed text not null',
      'quality_flags text[] not null',
      'arrival_flags text[] not null',
      'requirement_id uuid',
      'case_id uuid',
      'supervised boolean not null',
      'practice boolean not null',
      'attempt text not null',
      'attempt_no integer not null',
      'retest_of uuid',
      'baseline_version integer',
      'deviation double precision',
      'level text not null',
      'action text not null',
      'opens_case boolean not null',
      'escalates boolean not null',
      'high_risk boolean not null',
      'policy_id uuid',
      'rule_version text not null',
      'reasons text[] not null',
      'supersedes uuid',
      'superseding text',
      reference('test_result', 'profile_id', 'profile'),
      reference('test_result', 'device_id', 'device'),
      reference('test_result', 'policy_id', 'fitness_policy'),
      `constraint test_result_definition_fkey foreign key (definition_code, definition_version)
         references test_definition (code, version)`,
      `constraint test_result_source_check check (source in ${SOURCES})`,
      `constraint test_result_level_check check (level in ${LEVELS})`,
      `constraint test_result_device_state_check check (device_state in ('qualified', 'unqualified', 'refused'))`,
      `constraint test_result_attempt_check check (attempt in ('first', 'repeat', 'retake', 'retest'))`,
      `constraint test_result_supersedes_check check ((supersedes is null) = (superseding is null)
         and superseding in ('correction', 'reevaluation'))`,
    ],
    { allow: [], mutable: false, partitioned: true },
  ),
  companyIndex('test_result', 'profile_id, taken_at, id'),
  companyIndex('test_result', 'taken_at, id'),
  companyIndex('test_result', 'requirement_id, id', { where: 'requirement_id is not null' }),
  companyIndex('test_result', 'shift_id', { where: 'shift_id is not null' }),
  companyIndex('test_result', 'supersedes', { where: 'supersedes is not null' }),
  `create table test_result_key (
     company_id uuid not null,
     source text not null,
     external_id text collate "C" not null,
     content_hash bytea not null,
     is_duplicate boolean not null,
     result_id uuid not null,
     profile_id uuid not null,
     constraint test_result_key_pkey primary key (company_id, source, external_id),
     constraint test_result_key_company_id_fkey foreign key (company_id) references company (id))`,
  ...isolate('test_result_key'),
  `grant select, insert, update on test_result_key to app`,
  companyIndex('test_result_key', 'source, content_hash', { unique: true, where: 'not is_duplicate' }),
  companyIndex('test_result_key', 'result_id'),
];

const baselines = [
  ...companyTable('baseline', [
    'profile_id uuid not null',
    'definition_code text not null',
    'revision integer not null',
    'status text not null',
    'provisional boolean not null',
    'n integer not null',
    'values_sealed text not null',
    'from_on date',
    'capped boolean not null',
    'superseded_by uuid',
    'reason text',
    reference('baseline', 'profile_id', 'profile'),
    reference('baseline', 'superseded_by', 'baseline'),
    `constraint baseline_status_check check (status in ('collecting', 'active', 'stale', 'superseded'))`,
  ]),
  companyIndex('baseline', 'profile_id, definition_code, revision', { unique: true }),
  companyIndex('baseline', 'profile_id, definition_code', {
    unique: true,
    where: `status <> 'superseded' and deleted_at is null`,
  }),
  companyIndex('baseline', 'created_at, id', { where: 'deleted_at is null' }),
];

/** The deviation of whole groups, from nightly runs: served where a person's own is not known yet. */
const groupDeviations = [
  ...companyTable('group_deviation', [
    'risk_group_id uuid',
    'definition_code text not null',
    'pooled_sd double precision',
    'people integer not null',
    part('group_deviation', 'risk_group_id', 'risk_group'),
  ]),
  `create unique index group_deviation_group_key on group_deviation
     (company_id, coalesce(risk_group_id, '00000000-0000-0000-0000-000000000000'::uuid), definition_code)`,
];

/** How far each source was read, and how it does. Of the operator: a source serves all companies. */
const sources = [
  ...operatorTable(
    'ingest_cursor',
    [
      'source text not null',
      'position bigint not null',
      'row_at timestamptz(3)',
      'read_at timestamptz(3)',
      'succeeded_at timestamptz(3)',
      'rows_read bigint not null',
      'rows_taken bigint not null',
      'rows_quarantined bigint not null',
      'rows_late bigint not null default 0',
      'reconciled_at timestamptz(3)',
      'status text not null',
      'error text',
      'constraint ingest_cursor_pkey primary key (source)',
      `constraint ingest_cursor_status_check check (status in ('up', 'down', 'mapping'))`,
    ],
    OPERATOR,
    'select, insert, update',
  ),
  `create policy ingest_cursor_read on ingest_cursor for select to app using (true)`,
  ...operatorTable(
    'ingest_mark',
    [
      'source text not null',
      'at timestamptz(3) not null',
      'position bigint not null',
      'constraint ingest_mark_pkey primary key (source, at)',
    ],
    OPERATOR,
    'select, insert, delete',
  ),
  ...operatorTable(
    'source_company',
    [
      'id uuid not null',
      'source text not null',
      'code text collate "C" not null',
      'company_id uuid not null',
      ...OPERATOR_STAMPS,
      'constraint source_company_pkey primary key (id)',
      'constraint source_company_company_id_fkey foreign key (company_id) references company (id)',
    ],
    `company_id = ${MY_COMPANY} or ${OPERATOR}`,
    'select, insert, update',
  ),
  `create unique index source_company_code_key on source_company (source, code) where deleted_at is null`,
  `create index source_company_code_idx on source_company (code, id) where deleted_at is null`,
  ...systemMay('source_company', 'select'),
  purgeable('source_company'),
  ...operatorTable(
    'ingest_quarantine',
    [
      'id uuid not null',
      'source text not null',
      'external_id text collate "C" not null',
      'content_hash bytea not null',
      'company_code text not null',
      'person_code text not null',
      'company_id uuid',
      'reason text not null',
      'pointer text',
      'raw_sealed text not null',
      'row_at timestamptz(3)',
      'status text not null',
      'tries integer not null',
      'tried_at timestamptz(3) not null',
      'resolved_at timestamptz(3)',
      'version integer not null',
      'created_at timestamptz(3) not null',
      'updated_at timestamptz(3) not null',
      'constraint ingest_quarantine_pkey primary key (id)',
      'constraint ingest_quarantine_company_id_fkey foreign key (company_id) references company (id)',
      `constraint ingest_quarantine_status_check check (status in ('waiting', 'released', 'discarded'))`,
    ],
    `company_id = ${MY_COMPANY} or ${OPERATOR}`,
    'select, insert, update',
  ),
  `create unique index ingest_quarantine_waiting_key on ingest_quarantine (source, external_id) where status = 'waiting'`,
  `create index ingest_quarantine_discarded_idx on ingest_quarantine (source, external_id) where status = 'discarded'`,
  `create index ingest_quarantine_unowned_idx on ingest_quarantine (created_at, id) where company_id is null`,
  `create index ingest_quarantine_person_idx on ingest_quarantine (source, person_code) where status = 'waiting'`,
  `create index ingest_quarantine_person_code_idx on ingest_quarantine (person_code, created_at, id)`,
  `create index ingest_quarantine_company_code_idx on ingest_quarantine (company_code, created_at, id)`,
  `create index ingest_quarantine_company_idx on ingest_quarantine (company_id, created_at, id)`,
  ...systemMay('ingest_quarantine', 'select'),
  purgeable('ingest_quarantine'),
  ...systemMay('system_link', 'select'),
];

export const up = [...definitions, ...devices, ...policies, ...results, ...baselines, ...groupDeviations, ...sources];

export const down = [
  'drop policy system_link_system_select on system_link',
  'revoke select on system_link from system',
  ...[
    'ingest_quarantine',
    'source_company',
    'ingest_mark',
    'ingest_cursor',
    'group_deviation',
    'baseline',
    'test_result_key',
    'test_result',
  ].map((table) => `drop table ${table}`),
  ...['fitness_policy', 'device', 'test_definition'].map((table) => `drop table ${table}`),
];
