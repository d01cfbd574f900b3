import { v7 as uuidv7 } from 'uuid';
import type pg from 'pg';

export interface StoredResult {
  readonly companyId: string;
  readonly profileId: string;
  readonly takenAt: Date;
  readonly receivedAt?: Date;
  readonly level: string;
  readonly practice?: boolean;
  readonly supersedes?: string;
}

/** Stores a result as ingest would, with raw values that no screen may show; its id. */
export const storeResult = async (client: pg.Client, given: StoredResult): Promise<string> => {
  const id = uuidv7();
  const { companyId, profileId, takenAt, level, practice = false, supersedes = null, receivedAt = takenAt } = given;
  await client.query(
    `insert into test_result (company_id, id, profile_id, source, external_id, definition_code, definition_version, taken_at,
       received_at, device_state, metrics_sealed, quality_flags, arrival_flags, supervised, practice, attempt, attempt_no,
       level, action, opens_case, escalates, high_risk, rule_version, reasons, supersedes, superseding, created_at)
     select $1, $2::uuid, $3, 'SAFER', $2::uuid::text, d.code, d.version, $4, $9, 'qualified', 'raw-metrics-sealed', '{}', '{}', true, $6,
       'first', 1, $5, 'may_work', false, false, false, '1', '{}', $7, case when $7::uuid is null then null else 'correction' end, $8
     from test_definition d where d.code = 'PVT-B' and d.current`,
    [companyId, id, profileId, takenAt, level, practice, supersedes, new Date(), receivedAt],
  );
  return id;
};
