import { companyIndex, companyTable, isolate, reference } from '../src/platform/db/ddl.ts';

const REQUIREMENT_KINDS = `('pre_shift', 'mid_shift', 'random', 'for_cause', 'post_incident', 'extension')`;

const requirements = [
  ...companyTable('requirement', [
    'profile_id uuid not null',
    'shift_id uuid',
    'shift_date date not null',
    'site_id uuid',
    'project_id uuid',
    'kind text not null',
    'definition_code text not null',
    'window_from timestamptz(3) not null',
    'due_at timestamptz(3) not null',
    'grace_until timestamptz(3) not null',
    'status text not null',
    'high_risk boolean not null',
    'policy_id uuid',
    'trigger_result_id uuid',
    'result_id uuid',
    'level text',
    'attempts integer not null default 0',
    'had_invalid boolean not null default false',
    'done_at timestamptz(3)',
    'reason text',
    'excused_by uuid',
    'excused_at timestamptz(3)',
    'review_drawn boolean not null default false',
    'reviewed_by uuid',
    'reviewed_at timestamptz(3)',
    'blocked_because text',
    'detected jsonb',
    // What timers need in the row itself, so that they are exact and outlive a restart: the policy's numbers as they were then,
    // and the instants that follow from them.
    'terms jsonb not null',
    'miss_at timestamptz(3) not null',
    'lacking_since timestamptz(3)',
    'assessed_by uuid',
    'assessed_at timestamptz(3)',
    'assessed_fit boolean',
    reference('requirement', 'profile_id', 'profile'),
    reference('requirement', 'site_id', 'site'),
    reference('requirement', 'project_id', 'project'),
    reference('requirement', 'policy_id', 'fitness_policy'),
    reference('requirement', 'excused_by', 'profile'),
    reference('requirement', 'reviewed_by', 'profile'),
    reference('requirement', 'assessed_by', 'profile'),
    `constraint requirement_kind_check check (kind in ${REQUIREMENT_KINDS})`,
    `constraint requirement_status_check check
       (status in ('due', 'done_on_time', 'done_late', 'missed', 'excused', 'blocked'))`,
    `constraint requirement_level_check check (level in ('green', 'yellow', 'orange', 'red', 'invalid', 'none'))`,
    'constraint requirement_window_check check (window_from < due_at and due_at <= grace_until)',
    'constraint requirement_excused_check check (excused_by is null or excused_by <> profile_id)',
    'constraint requirement_assessed_by_check check (assessed_by is null or assessed_by <> profile_id)',
  ]),
  companyIndex('requirement', 'shift_id, kind, definition_code', {
    unique: true,
    where: `shift_id is not null and kind in ('pre_shift', 'mid_shift', 'extension') and deleted_at is null`,
  }),
  companyIndex('requirement', 'profile_id, due_at, id', { where: 'deleted_at is null' }),
  companyIndex('requirement', 'due_at, id', { where: 'deleted_at is null' }),
  companyIndex('requirement', 'status, due_at, id', { where: 'deleted_at is null' }),
  companyIndex('requirement', 'shift_id, id', { where: 'shift_id is not null' }),
  `create index requirement_drawn_idx on requirement (company_id, due_at, id) where review_drawn and deleted_at is null`,
  companyIndex('requirement', 'shift_date, site_id', { where: 'deleted_at is null' }),
  companyIndex('requirement', 'project_id, shift_date', { where: 'deleted_at is null' }),
  companyIndex('requirement', 'trigger_result_id', { where: 'trigger_result_id is not null' }),
  companyIndex('requirement', 'profile_id, definition_code', { where: `status in ('due', 'missed')` }),
  companyIndex('requirement', 'miss_at, id', { where: `status = 'due' and deleted_at is null` }),
  companyIndex('requirement', 'excused_at, id', { where: `review_drawn and reviewed_by is null` }),
  // Every column that the count of compliance reads, by the day that decides.
  `create index requirement_compliance_idx on requirement (company_id, shift_date, project_id, site_id)
     include (status, due_at, had_invalid, level, shift_id, profile_id) where deleted_at is null`,
];

/** What a total counts, by site and project (the nil id: none), beside the last due time of what it counts. */
const TOTALS = `site_id uuid not null,
     project_id uuid not null,
     settled_at timestamptz(3) not null,
     on_time integer not null,
     late integer not null,
     missed integer not null,
     overdue integer not null,
     excused integer not null,
     blocked integer not null,
     invalid integer not null`;

/** Totals of days and of months, and marks on days that were written since: docs/decisions/totals-of-days.md. */
const compliance = [
  ...[
    ['compliance_day', 'shift_date'],
    ['compliance_month', 'month'],
  ].flatMap(([table, start]) => [
    `create table ${table} (
     company_id uuid not null,
     ${start} date not null,
     ${TOTALS},
     constraint ${table}_pkey primary key (company_id, ${start}, site_id, project_id))`,
    ...isolate(table!),
    `grant select, insert, delete on ${table} to app`,
  ]),
  `create table compliance_mark (
     company_id uuid not null,
     shift_date date not null,
     id uuid not null,
     constraint compliance_mark_pkey primary key (company_id, shift_date, id))`,
  ...isolate('compliance_mark'),
  'grant select, insert, delete on compliance_mark to app',
];

const CASE_STATES = `('open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested', 'decided', 'closed',
  'returned', 'lapsed')`;
const DECISIONS = `('cleared', 'cleared_with_restrictions', 'reassigned', 'sent_home', 'referred')`;

const cases = [
  ...companyTable('fitness_case', [
    'profile_id uuid not null',
    'shift_id uuid',
    'shift_date date',
    'shift_ends_at timestamptz(3)',
    'site_id uuid',
    'trigger text not null',
    'trigger_result_id uuid',
    'trigger_requirement_id uuid',
    "arrival_flags text[] not null default '{}'",
    'level text not null',
    'status text not null',
    'high_risk boolean not null',
    'policy_id uuid',
    'opened_at timestamptz(3) not null',
    'acknowledged_by uuid',
    'acknowledged_at timestamptz(3)',
    'rest_from timestamptz(3)',
    'rest_until timestamptz(3)',
    'nap boolean',
    'retest_until timestamptz(3)',
    'retests integer not null default 0',
    'retest_result_id uuid',
    'retest_level text',
    'decision text',
    'restrictions jsonb',
    'transport_arranged boolean',
    'decided_by uuid',
    'decided_at timestamptz(3)',
    'returned_by uuid',
    'returned_at timestamptz(3)',
    'returned_result_id uuid',
    'lapsed_at timestamptz(3)',
    'closed_at timestamptz(3)',
    'reopened integer not null default 0',
    // As for requirements: the policy's numbers when the case was opened, and what follows from them.
    'terms jsonb not null',
    'escalated_to text',
    'recheck_told_at timestamptz(3)',
    'manager_due_at timestamptz(3)',
    'safety_admin_due_at timestamptz(3)',
    'lapse_at timestamptz(3) not null',
    reference('fitness_case', 'profile_id', 'profile'),
    reference('fitness_case', 'site_id', 'site'),
    reference('fitness_case', 'trigger_requirement_id', 'requirement'),
    reference('fitness_case', 'policy_id', 'fitness_policy'),
    reference('fitness_case', 'acknowledged_by', 'profile'),
    reference('fitness_case', 'decided_by', 'profile'),
    reference('fitness_case', 'returned_by', 'profile'),
    `constraint fitness_case_trigger_check check (trigger in ('result', 'missing_test'))`,
    `constraint fitness_case_level_check check (level in ('yellow', 'orange', 'red', 'none'))`,
    `constraint fitness_case_status_check check (status in ${CASE_STATES})`,
    `constraint fitness_case_escalated_to_check check (escalated_to in ('manager', 'safety_admin'))`,
    `constraint fitness_case_decision_check check (decision in ${DECISIONS})`,
    'constraint fitness_case_decided_by_check check (decided_by is null or decided_by <> profile_id)',
    'constraint fitness_case_acknowledged_by_check check (acknowledged_by is null or acknowledged_by <> profile_id)',
    'constraint fitness_case_returned_by_check check (returned_by is null or returned_by <> profile_id)',
    `constraint fitness_case_transport_check check (decision is distinct from 'sent_home' or transport_arranged)`,
  ]),
  companyIndex('fitness_case', 'profile_id', {
    unique: true,
    where: `status in ('open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested')`,
  }),
  companyIndex('fitness_case', 'profile_id, opened_at, id', { where: 'deleted_at is null' }),
  companyIndex('fitness_case', 'opened_at, id', { where: 'deleted_at is null' }),
  companyIndex('fitness_case', 'status, opened_at, id', { where: 'deleted_at is null' }),
  companyIndex('fitness_case', 'shift_id', { where: 'shift_id is not null' }),
  ...companyTable(
    'case_escalation',
    [
      'case_id uuid not null',
      'step text not null',
      'at timestamptz(3) not null',
      'profile_ids uuid[] not null',
      reference('case_escalation', 'case_id', 'fitness_case'),
      'constraint case_escalation_step_key unique (company_id, case_id, step, at)',
      `constraint case_escalation_step_check check (step in ('supervisor', 'manager', 'safety_admin'))`,
    ],
    { allow: [], mutable: false },
  ),
];

/** What humans decided face to face, and why: written once, never changed, whatever becomes of the case or requirement. */
const decisions = [
  ...companyTable(
    'fitness_decision',
    [
      'profile_id uuid not null',
      'case_id uuid',
      'requirement_id uuid',
      'decision text not null',
      'restrictions jsonb',
      'transport_arranged boolean',
      'decided_by uuid',
      'decided_at timestamptz(3) not null',
      'texts_sealed text not null',
      reference('fitness_decision', 'profile_id', 'profile'),
      reference('fitness_decision', 'case_id', 'fitness_case'),
      reference('fitness_decision', 'requirement_id', 'requirement'),
      reference('fitness_decision', 'decided_by', 'profile'),
      'constraint fitness_decision_about_check check (num_nonnulls(case_id, requirement_id) = 1)',
      `constraint fitness_decision_decision_check check
         ((case_id is not null and decision in ${DECISIONS}) or (requirement_id is not null and decision in ('fit', 'unfit')))`,
      'constraint fitness_decision_decided_by_check check (decided_by is null or decided_by <> profile_id)',
    ],
    { allow: [], mutable: false },
  ),
  companyIndex('fitness_decision', 'case_id, decided_at, id', { where: 'case_id is not null' }),
  companyIndex('fitness_decision', 'requirement_id, decided_at, id', { where: 'requirement_id is not null' }),
];

/** What the gate asks first: a hold, or restrictions, that stand on a person now. One row each; ended, never deleted. */
const holds = [
  ...companyTable('hold', [
    'profile_id uuid not null',
    'kind text not null',
    'case_id uuid',
    'result_id uuid',
    'requirement_id uuid',
    'level text not null',
    'restrictions jsonb',
    'starts_at timestamptz(3) not null',
    'ends_at timestamptz(3)',
    'ended_at timestamptz(3)',
    'ended_because text',
    reference('hold', 'profile_id', 'profile'),
    reference('hold', 'case_id', 'fitness_case'),
    reference('hold', 'requirement_id', 'requirement'),
    `constraint hold_kind_check check (kind in ('hold', 'restrictions'))`,
    `constraint hold_case_id_check check (kind <> 'hold' or (case_id is not null and ends_at is null))`,
    `constraint hold_restrictions_check check ((kind = 'restrictions') = (restrictions is not null))`,
    'constraint hold_ended_check check ((ended_at is null) = (ended_because is null))',
  ]),
  companyIndex('hold', 'profile_id', { where: 'ended_at is null' }),
  companyIndex('hold', 'case_id, kind', { unique: true, where: 'ended_at is null and case_id is not null' }),
];

/** What the breach report shows for ever, whatever became of it later. */
const breaches = [
  ...companyTable(
    'fitness_breach',
    [
      'profile_id uuid not null',
      'kind text not null',
      'shift_id uuid',
      'shift_date date not null',
      'site_id uuid',
      'case_id uuid',
      'result_id uuid',
      'level text not null',
      'arrival_flags text[] not null',
      'at timestamptz(3) not null',
      reference('fitness_breach', 'profile_id', 'profile'),
      reference('fitness_breach', 'site_id', 'site'),
      reference('fitness_breach', 'case_id', 'fitness_case'),
      `constraint fitness_breach_kind_check check (kind in ('undecided', 'late_result'))`,
      'constraint fitness_breach_about_check check (num_nonnulls(case_id, result_id) >= 1)',
    ],
    { allow: [], mutable: false },
  ),
  companyIndex('fitness_breach', 'shift_date, id'),
  companyIndex('fitness_breach', 'profile_id, shift_date'),
  companyIndex('fitness_breach', 'result_id', { unique: true, where: 'result_id is not null' }),
];

/** Sealed under a key of the company's own, wrapped under DATA_KEY: raw values of health, assessments, notes. */
const companyKeys = [
  `create table company_key (
     company_id uuid not null,
     id uuid not null,
     wrapped text not null,
     created_at timestamptz(3) not null,
     constraint company_key_pkey primary key (company_id, id),
     constraint company_key_company_id_fkey foreign key (company_id) references company (id))`,
  ...isolate('company_key'),
  `grant select, insert, delete, update (wrapped) on company_key to app`,
];

export const up = [...companyKeys, ...requirements, ...compliance, ...cases, ...decisions, ...holds, ...breaches];

export const down = [
  'fitness_breach',
  'hold',
  'fitness_decision',
  'case_escalation',
  'fitness_case',
  'compliance_mark',
  'compliance_month',
  'compliance_day',
  'requirement',
  'company_key',
].map((table) => `drop table ${table}`);
