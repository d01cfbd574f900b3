import { v7 as uuidv7 } from 'uuid';
import type pg from 'pg';
import { DEFAULT_FITNESS_POLICY } from '../../src/modules/fitness/classification/policy.ts';
import { termsOf } from '../../src/modules/fitness/requirements/generation.ts';

export interface StoredRequirement {
  readonly companyId: string;
  readonly profileId: string;
  /** `YYYY-MM-DD`, the shift's start day. */
  readonly day: string;
  readonly dueAt: Date;
  readonly status: string;
  readonly siteId?: string | null;
  readonly projectId?: string | null;
  readonly shiftId?: string | null;
  readonly level?: string | null;
}

/** Stores a requirement as the roster would have made it; its id. */
export const storeRequirement = async (client: pg.Client, given: StoredRequirement): Promise<string> => {
  const id = uuidv7();
  const { companyId, profileId, day, dueAt, status } = given;
  const { siteId = null, projectId = null, shiftId = null, level = null } = given;
  await client.query(
    `insert into requirement (company_id, id, profile_id, shift_id, shift_date, site_id, project_id, kind, definition_code,
       window_from, due_at, grace_until, miss_at, status, level, high_risk, terms, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'pre_shift', 'PVT-B', $8::timestamptz - interval '1 hour', $8,
       $8::timestamptz + interval '1 hour', $8::timestamptz + interval '1 hour', $9, $10, false,
       $11, $8, $8)`,
    [
      companyId,
      id,
      profileId,
      shiftId,
      day,
      siteId,
      projectId,
      dueAt,
      status,
      level,
      termsOf(DEFAULT_FITNESS_POLICY, 'pre_shift'),
    ],
  );
  return id;
};
