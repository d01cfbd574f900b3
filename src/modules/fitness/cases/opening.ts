import type { Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { InsertOf } from '../../../platform/schema/entity.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import type { FitnessPolicy } from '../classification/policy.ts';
import { ESCALATION_STEPS } from '../ports.ts';
import type { EscalationStep, ShiftFacts } from '../ports.ts';
import { AFRESH, escalationOf } from './cases.lifecycle.ts';
import { CASE_LEVELS, termsOf, undecidedCaseOf } from './cases.repository.ts';
import type { CaseLevel, FitnessCaseRow } from './cases.repository.ts';
import type { Holds } from './holds.repository.ts';

export interface Opening {
  readonly profileId: string;
  readonly level: CaseLevel;
  readonly highRisk: boolean;
  readonly policyId: string | null;
  readonly policy: FitnessPolicy;
  readonly shift: ShiftFacts | undefined;
  readonly resultId?: string;
  readonly requirementId?: string;
  readonly arrivalFlags?: readonly string[];
}

export interface OpeningDependencies {
  readonly cases: Repository<FitnessCaseRow>;
  readonly mover: Mover<FitnessCaseRow>;
  readonly holds: Holds;
  readonly tell: (tx: Tx, row: FitnessCaseRow, step: EscalationStep) => Promise<void>;
  readonly rise: Rise;
}

export const worse = (a: CaseLevel, b: CaseLevel): CaseLevel =>
  CASE_LEVELS.indexOf(a) >= CASE_LEVELS.indexOf(b) ? a : b;

/** When the exposure that began at `from` ends: with the shift, else after the policy's hours. */
export const exposureEnd = (shift: ShiftFacts | undefined, from: string, { times }: FitnessPolicy): string =>
  shift === undefined
    ? new Date(Date.parse(from) + times.exposureHours * 3_600_000).toISOString()
    : (shift.actualEndAt ?? shift.endsAt);

const NOTHING_YET = { ...AFRESH, returnedBy: null, returnedAt: null, returnedResultId: null, reopened: 0 } as const;

const rowFor = (tx: Tx, opening: Opening): InsertOf<FitnessCaseRow> => {
  const { profileId, level, highRisk, policyId, policy, shift, resultId, requirementId, arrivalFlags = [] } = opening;
  const openedAt = tx.now.toISOString();
  const terms = termsOf(policy);
  return {
    ...NOTHING_YET,
    profileId,
    level,
    highRisk,
    policyId,
    terms,
    openedAt,
    status: 'open',
    ...escalationOf(openedAt, terms),
    trigger: resultId === undefined ? 'missing_test' : 'result',
    triggerResultId: resultId ?? null,
    triggerRequirementId: requirementId ?? null,
    arrivalFlags: [...arrivalFlags],
    shiftId: shift?.id ?? null,
    shiftDate: shift?.workDate ?? null,
    shiftEndsAt: shift?.endsAt ?? null,
    siteId: shift?.siteId ?? null,
    lapseAt: exposureEnd(shift, openedAt, policy),
  };
};

/**
 * Who hears that a case rose: before whom it was put already. A red that somebody took on as less waits for the manager's decision,
 * and no timer runs any more: the manager hears too.
 */
const hearing = ({ level, escalatedTo, acknowledgedAt }: FitnessCaseRow): readonly EscalationStep[] => {
  const isTakenRed = level === 'red' && acknowledgedAt !== null;
  const highest = escalatedTo ?? (isTakenRed ? 'manager' : 'supervisor');
  return ESCALATION_STEPS.slice(0, 1 + ESCALATION_STEPS.indexOf(highest));
};

/** What follows when the level of an undecided case has risen. */
export const createRising =
  ({ holds, tell }: Pick<OpeningDependencies, 'holds' | 'tell'>) =>
  async (tx: Tx, raised: FitnessCaseRow): Promise<void> => {
    const { id: caseId, profileId, level } = raised;
    await holds.start(tx, { profileId, caseId, level });
    for (const step of hearing(raised)) await tell(tx, raised, step);
  };

export type Rise = ReturnType<typeof createRising>;

/**
 * Opens the case of a hold: the hold stands, those who must act are told, the timers run, all in this transaction. Whoever
 * has an undecided case gets no second one: it rises to the graver level, and whoever knew of it hears so; its
 * timers run on. The profile must be locked.
 */
export const createOpening = ({ cases, mover, holds, tell, rise }: OpeningDependencies) => {
  const raise = async (tx: Tx, id: string, level: CaseLevel): Promise<FitnessCaseRow> => {
    const row = await cases.lock(tx, id);
    if (worse(row.level, level) === row.level) return row;
    const raised = await cases.update(tx, row, { level }, { action: 'raise' });
    await rise(tx, raised);
    return raised;
  };
  return async (tx: Tx, opening: Opening): Promise<FitnessCaseRow> => {
    const { profileId, level } = opening;
    const undecided = await undecidedCaseOf(tx, profileId);
    if (undecided !== undefined) return raise(tx, undecided, level);
    const row = await cases.insert(tx, rowFor(tx, opening), { action: 'open' });
    await mover.schedule(tx, row);
    await holds.start(tx, { profileId, caseId: row.id, level });
    await tell(tx, row, 'supervisor');
    return row;
  };
};

export type OpenCase = ReturnType<typeof createOpening>;
