/**
 * The tables that belong to no company: reference tables, each with policies of its own in its migration. Everything else
 * is a company's table.
 */
export const OPERATOR_TABLES: readonly string[] = [
  'company',
  'migration',
  'operator_user',
  'person',
  'person_company',
  'seed_set',
  'system_role',
  'tick_run',
];
