/** A line ends when or after it begins, on the day on which the next may begin: nobody has two superiors on one day. */
export const up = [
  // Where a company moved to a zone of the day before, lines ended a day before they began.
  'alter table reporting_line no force row level security',
  'update reporting_line set ends_on = starts_on where ends_on < starts_on',
  'alter table reporting_line force row level security',
  'alter table reporting_line add constraint reporting_line_ends_on_check check (ends_on >= starts_on)',
  `alter table reporting_line add constraint reporting_line_overlap_excl exclude using gist (company_id with =,
     subordinate_id with =, daterange(starts_on, ends_on, '[)') with &&) where (deleted_at is null)`,
];

export const down = [
  'alter table reporting_line drop constraint reporting_line_overlap_excl',
  'alter table reporting_line drop constraint reporting_line_ends_on_check',
];
