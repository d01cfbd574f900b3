import { v7 as uuidv7 } from 'uuid';
import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Sealer } from '../../../platform/change/company-vault.ts';
import type { Tx } from '../../../platform/db/database.ts';
import { snake } from '../../../platform/schema/entity.ts';
import type { JudgedResult } from '../ports.ts';
import type { TestSource } from '../definitions/definitions.ts';
import { isAlert } from './content.ts';
import { metricsPlace, superiorsOf } from './facts.ts';
import type { SealedContent, StandingResult } from './facts.ts';
import type { Judgement } from './judge.ts';

/** A judged result on its way into the table. */
export interface NewResult extends StandingResult {
  readonly judgement: Judgement;
  readonly highRisk: boolean;
  readonly policyId: string | null;
  readonly supersedes: string | null;
  readonly superseding: 'correction' | 'reevaluation' | null;
  /** What is known of its key; absent for a re-evaluation, whose content stays. */
  readonly contentHash?: Buffer;
}

export interface KeyRow {
  readonly source: TestSource;
  readonly externalId: string;
  readonly contentHash: string;
  readonly isDuplicate: boolean;
  readonly resultId: string;
  readonly profileId: string;
}

const COLUMNS = {
  profileId: 'uuid',
  shiftId: 'uuid',
  source: 'text',
  externalId: 'text',
  definitionCode: 'text',
  definitionVersion: 'integer',
  startedAt: 'timestamptz',
  takenAt: 'timestamptz',
  receivedAt: 'timestamptz',
  deviceId: 'uuid',
  deviceState: 'text',
  metricsSealed: 'text',
  qualityFlags: 'text[]',
  arrivalFlags: 'text[]',
  requirementId: 'uuid',
  caseId: 'uuid',
  supervised: 'boolean',
  practice: 'boolean',
  attempt: 'text',
  attemptNo: 'integer',
  retestOf: 'uuid',
  baselineVersion: 'integer',
  deviation: 'double precision',
  level: 'text',
  action: 'text',
  opensCase: 'boolean',
  escalates: 'boolean',
  highRisk: 'boolean',
  policyId: 'uuid',
  ruleVersion: 'text',
  reasons: 'text[]',
  supersedes: 'uuid',
  superseding: 'text',
} as const;
const NAMES = Object.keys(COLUMNS);

const INSERT = `insert into test_result (company_id, id, ${NAMES.map(snake).join(', ')}, created_at, created_by)
  select $1, n.id, ${NAMES.map((name) => `n."${name}"`).join(', ')}, $3, $4
  from jsonb_to_recordset($2) as n(id uuid, ${Object.entries(COLUMNS)
    .map(([name, type]) => `"${name}" ${type}`)
    .join(', ')})`;

const KEYS = `insert into test_result_key (company_id, source, external_id, content_hash, is_duplicate, result_id, profile_id)
  select $1, n.source, n."externalId", decode(n."contentHash", 'hex'), n."isDuplicate", n."resultId", n."profileId"
  from jsonb_to_recordset($2) as n(source text, "externalId" text, "contentHash" text, "isDuplicate" boolean,
    "resultId" uuid, "profileId" uuid)
  on conflict (company_id, source, external_id) do update set content_hash = excluded.content_hash,
    is_duplicate = excluded.is_duplicate, result_id = excluded.result_id, profile_id = excluded.profile_id`;

const MOVE_KEYS = `update test_result_key k set result_id = n.id
  from jsonb_to_recordset($2) as n(id uuid, supersedes uuid)
  where k.company_id = $1 and k.result_id = n.supersedes`;

const LOCK_DEVICES = `select id from device where company_id = $1 and id = any($2) order by id for no key update`;
const SEEN = `update device d set last_seen_at = n.at
  from jsonb_to_recordset($2) as n(id uuid, at timestamptz)
  where d.company_id = $1 and d.id = n.id and (d.last_seen_at is null or d.last_seen_at < n.at)`;

/** When each device was last heard of. No change of its row that anybody would look for: it has no version. */
const markSeen = async (tx: Tx, results: readonly NewResult[]): Promise<void> => {
  const seen = new Map<string, string>();
  for (const { deviceId, takenAt, superseding } of results)
    if (deviceId !== null && superseding !== 'reevaluation' && takenAt > (seen.get(deviceId) ?? ''))
      seen.set(deviceId, takenAt);
  if (seen.size === 0) return;
  await tx.prepared(LOCK_DEVICES, [tx.companyId, [...seen.keys()]]);
  await tx.prepared(SEEN, [tx.companyId, JSON.stringify([...seen].map(([id, at]) => ({ id, at })))]);
};

/** A result as its table keeps it: what was measured sealed. */
export const resultRow = (result: NewResult, seal: Sealer) => {
  const { judgement, content, contentHash: _, ...own } = result;
  const { isValid: _valid, secondSignal: _second, rested, ...judged } = judgement;
  const sealed: SealedContent = { content, rested };
  return { ...own, ...judged, metricsSealed: seal(metricsPlace(result.id), JSON.stringify(sealed)) };
};

/** What the change log says of a result: never a raw value. */
const shownInLog = ({
  profileId,
  source,
  definitionCode,
  takenAt,
  level,
  judgement,
  arrivalFlags,
  supersedes,
}: NewResult) => ({
  profileId,
  source,
  definitionCode,
  takenAt,
  level,
  action: judgement.action,
  ruleVersion: judgement.ruleVersion,
  ...(arrivalFlags.length > 0 && { arrivalFlags }),
  ...(supersedes !== null && { supersedes }),
});

const ACTIONS = { correction: 'correct', reevaluation: 'reevaluate' } as const;

/** Writes results, their keys and their change rows: a handful of statements, however many they are. */
export const storeResults = async (
  tx: Tx,
  results: readonly NewResult[],
  duplicates: readonly KeyRow[],
  seal: Sealer,
  changes: Pick<ChangeRecorder, 'events'>,
): Promise<void> => {
  const keys = [
    ...results.flatMap(({ id, source, externalId, profileId, contentHash }): KeyRow[] =>
      contentHash === undefined
        ? []
        : [
            {
              source,
              externalId,
              contentHash: contentHash.toString('hex'),
              isDuplicate: false,
              resultId: id,
              profileId,
            },
          ],
    ),
    ...duplicates,
  ];
  if (results.length > 0) {
    const rows = JSON.stringify(results.map((result) => resultRow(result, seal)));
    await tx.prepared(INSERT, [tx.companyId, rows, tx.now, tx.scope.actor.id]);
  }
  if (keys.length > 0) await tx.prepared(KEYS, [tx.companyId, JSON.stringify(keys)]);
  const moved = results.filter(({ superseding }) => superseding === 'reevaluation');
  if (moved.length > 0)
    await tx.prepared(MOVE_KEYS, [
      tx.companyId,
      JSON.stringify(moved.map(({ id, supersedes }) => ({ id, supersedes }))),
    ]);
  await markSeen(tx, results);
  const superiors = await superiorsOf(tx, [...new Set(results.map(({ profileId }) => profileId))]);
  await changes.events(
    tx,
    results.map((result) => ({
      entity: 'test_result',
      entityId: result.id,
      action: result.superseding === null ? 'create' : ACTIONS[result.superseding],
      after: shownInLog(result),
      audience: [result.profileId, ...(superiors.get(result.profileId) ?? [])],
    })),
  );
};

/** What the hook is told of a result. */
export const judgedResult = (result: NewResult): JudgedResult => {
  const { judgement, content } = result;
  return {
    id: result.id,
    profileId: result.profileId,
    shiftId: result.shiftId,
    source: result.source,
    definitionCode: result.definitionCode,
    takenAt: result.takenAt,
    receivedAt: result.receivedAt,
    arrivalFlags: result.arrivalFlags,
    level: judgement.level,
    action: judgement.action,
    reasons: judgement.reasons,
    opensCase: judgement.opensCase,
    escalates: judgement.escalates,
    highRisk: result.highRisk,
    requirementId: result.requirementId,
    caseId: result.caseId,
    attempt: result.attempt,
    attemptNo: result.attemptNo,
    practice: result.practice,
    isValid: judgement.isValid,
    secondSignal: judgement.secondSignal,
    policyId: result.policyId,
    isAlert: isAlert(content),
    supersedes: result.supersedes,
  };
};

export const newResultId = (): string => uuidv7();
