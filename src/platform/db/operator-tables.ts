/**
 * The tables that belong to no company: reference tables, each with policies of its own in its migration. Everything else
 * is a company's table.
 */
export const OPERATOR_TABLES: readonly string[] = [
  'company',
  'ended_sid',
  'erasure_request',
  'feature',
  'ingest_cursor',
  'ingest_mark',
  'ingest_quarantine',
  'legacy_credential',
  'migration',
  'offering',
  'operator_user',
  'otp',
  'otp_tally',
  'person',
  'person_company',
  'plan',
  'plan_feature',
  'provider_drift',
  'provider_event',
  'running_process',
  'seed_set',
  'sign_in_attempt',
  'source_company',
  'system_role',
  'test_definition',
  'tick_run',
];
