/** What people prove that they may do; requirements of site, task kind and role name these. */
export const CREDENTIAL_KINDS = [
  'medical_fitness',
  'altitude_exam',
  'induction',
  'internal_driving_license',
  'driving_license',
  'equipment_authorization',
  'skill_certificate',
] as const;

/** Whose requirement a credential meets. */
export const CREDENTIAL_BASES = ['site', 'task', 'role', 'equipment'] as const;

/** Offerings whose tests a task kind may require; each needs a seat and a link to the source's own number. */
export const TEST_OFFERINGS = ['SAFER', 'FIT2000', 'CHECKINGMATE'] as const;

/** What restrictions of a person are held against. */
export const HAZARDS = ['driving', 'heights', 'alone'] as const;
