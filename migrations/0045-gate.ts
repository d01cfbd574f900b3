import { companyIndex, companyTable, reference } from '../src/platform/db/ddl.ts';

/** Decisions, overrides and rules are never changed once written: a decision must replay to the same answer. */
const WRITTEN_ONCE = { allow: [] } as const;

export const up = [
  ...companyTable(
    'gate_rule_set',
    [
      'number integer not null',
      'hours jsonb not null',
      'maximum_override_minutes integer not null',
      'constraint gate_rule_set_number_key unique (company_id, number)',
      'constraint gate_rule_set_number_check check (number >= 1)',
    ],
    WRITTEN_ONCE,
  ),
  ...companyTable(
    'gate_decision',
    [
      'profile_id uuid not null',
      'purpose text not null',
      'at timestamptz(3) not null',
      'assignment_id uuid',
      'shift_id uuid',
      'outcome text not null',
      'effective_outcome text not null',
      'reasons jsonb not null',
      'rule_version text not null',
      'rule_set_id uuid not null',
      'override_ids uuid[] not null',
      'facts jsonb not null',
      'question jsonb not null',
      reference('gate_decision', 'profile_id', 'profile'),
      reference('gate_decision', 'rule_set_id', 'gate_rule_set'),
      `constraint gate_decision_purpose_check check (purpose in ('shift_start', 'assignment', 'intervention', 'crew'))`,
      `constraint gate_decision_outcome_check check (outcome in ('allow', 'restrict', 'block')
         and effective_outcome in ('allow', 'restrict', 'block'))`,
    ],
    WRITTEN_ONCE,
  ),
  companyIndex('gate_decision', 'created_at, id'),
  companyIndex('gate_decision', 'profile_id, created_at, id'),
  companyIndex('gate_decision', 'shift_id', { where: 'shift_id is not null' }),
  ...companyTable(
    'gate_override',
    [
      'decision_id uuid not null',
      'profile_id uuid not null',
      'given_by uuid not null',
      'purpose text not null',
      'assignment_id uuid',
      'reason_keys text[] not null',
      'starts_at timestamptz(3) not null',
      'ends_at timestamptz(3) not null',
      'reason text not null',
      reference('gate_override', 'decision_id', 'gate_decision'),
      reference('gate_override', 'profile_id', 'profile'),
      reference('gate_override', 'given_by', 'profile'),
      'constraint gate_override_ends_at_check check (ends_at > starts_at)',
      'constraint gate_override_given_by_check check (given_by <> profile_id)',
      'constraint gate_override_reason_keys_check check (cardinality(reason_keys) > 0)',
    ],
    WRITTEN_ONCE,
  ),
  companyIndex('gate_override', 'profile_id, ends_at'),
  companyIndex('gate_override', 'starts_at, id'),
  companyIndex('gate_override', 'decision_id'),
];

export const down = ['drop table gate_override', 'drop table gate_decision', 'drop table gate_rule_set'];
