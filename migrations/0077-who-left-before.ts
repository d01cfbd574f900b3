const TABLES = ['profile', 'resident_profile', 'department'];

const withRowSecurity = (how: 'force' | 'no force'): string[] =>
  TABLES.map((table) => `alter table ${table} ${how} row level security`);

/** What follows when a profile ends, for those that had ended before anything did: they pause as residents, and manage nothing. */
export const up = [
  ...withRowSecurity('no force'),
  `update resident_profile r set status = 'inactive', version = r.version + 1, updated_at = now(), updated_by = null
   from profile p where p.company_id = r.company_id and p.id = r.profile_id and p.status = 'ended'
     and r.status = 'active' and r.deleted_at is null`,
  `update department d set manager_id = null, version = d.version + 1, updated_at = now(), updated_by = null
   from profile p where p.company_id = d.company_id and p.id = d.manager_id and p.status = 'ended'
     and d.deleted_at is null`,
  ...withRowSecurity('force'),
];

/** What they were nobody needs back. */
export const down: string[] = [];
