import { companyIndex } from '../src/platform/db/ddl.ts';

/**
 * What timers need in the row itself, so that they are exact and outlive a restart: the policy's numbers as they were when
 * the case was opened, and the instants that follow from them.
 */
export const up = [
  `alter table fitness_case add column terms jsonb not null,
     add column escalated_to text,
     add column recheck_told_at timestamptz(3),
     add column manager_due_at timestamptz(3),
     add column safety_admin_due_at timestamptz(3),
     add column lapse_at timestamptz(3) not null`,
  `alter table fitness_case add constraint fitness_case_escalated_to_check
     check (escalated_to in ('manager', 'safety_admin'))`,
  `alter table requirement add column miss_at timestamptz(3) not null,
     add column lacking_since timestamptz(3),
     add column terms jsonb not null,
     add column assessed_by uuid,
     add column assessed_at timestamptz(3),
     add column assessed_fit boolean,
     add column assessment_sealed text`,
  `alter table requirement add constraint requirement_assessed_by_fkey
     foreign key (company_id, assessed_by) references profile (company_id, id)`,
  `alter table requirement add constraint requirement_assessed_by_check
     check (assessed_by is null or assessed_by <> profile_id)`,
  companyIndex('requirement', 'miss_at, id', { where: `status = 'due' and deleted_at is null` }),
  companyIndex('requirement', 'excused_at, id', { where: `review_drawn and reviewed_by is null` }),
];

export const down = [
  'drop index requirement_excused_at_id_idx',
  'drop index requirement_miss_at_id_idx',
  `alter table requirement drop column assessment_sealed, drop column assessed_fit, drop column assessed_at, drop column assessed_by,
     drop column terms, drop column lacking_since, drop column miss_at`,
  `alter table fitness_case drop column lapse_at, drop column safety_admin_due_at, drop column manager_due_at,
     drop column recheck_told_at, drop column escalated_to, drop column terms`,
];
