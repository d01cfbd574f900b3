/**
 * Compliance is counted from the requirements themselves, so that there is one number and nothing to keep in step: this
 * index holds every column that the count reads, ordered by the day that decides, so a period costs what it holds and
 * nothing else (docs/decisions/compliance-is-counted.md).
 */
export const up = [
  `create index requirement_compliance_idx on requirement (company_id, shift_date, project_id, site_id)
     include (status, due_at, had_invalid, level, shift_id, profile_id) where deleted_at is null`,
];

export const down = ['drop index requirement_compliance_idx'];
