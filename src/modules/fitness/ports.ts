import type { Tx } from '../../platform/db/database.ts';
import type { Action, Level, Reason } from './classification/classify.ts';
import type { TestSource } from './definitions/definitions.ts';

/**
 * LATE: came more than 5 minutes after it was taken. SKEWED: its clock is more than 5 minutes ahead of ours, so that its
 * times cannot be trusted.
 */
export const ARRIVAL_FLAGS = ['LATE', 'SKEWED'] as const;
export type ArrivalFlag = (typeof ARRIVAL_FLAGS)[number];

/** A repeat follows an invalid attempt, a retake one that stands, a retest the rest in a case. */
export const ATTEMPTS = ['first', 'repeat', 'retake', 'retest'] as const;
export type Attempt = (typeof ATTEMPTS)[number];

/** A result as it was judged and stored; instants are ISO text. */
export interface JudgedResult {
  readonly id: string;
  readonly profileId: string;
  readonly shiftId: string | null;
  readonly source: TestSource;
  readonly definitionCode: string;
  readonly takenAt: string;
  readonly receivedAt: string;
  readonly arrivalFlags: readonly ArrivalFlag[];
  readonly level: Level;
  readonly action: Action;
  readonly reasons: readonly Reason[];
  /** Whether it starts a case: a hold that is no retest and no practice. */
  readonly opensCase: boolean;
  readonly escalates: boolean;
  readonly highRisk: boolean;
  /** The requirement it is an attempt at, found by its time; null for practice and for what nobody asked for. */
  readonly requirementId: string | null;
  /** The case it is the retest of. */
  readonly caseId: string | null;
  readonly attempt: Attempt;
  readonly attemptNo: number;
  readonly practice: boolean;
  /** Whether it is a valid attempt, whatever its level: an invalid one never answers a requirement. */
  readonly isValid: boolean;
  readonly policyId: string | null;
  /** An alert of others: asks for a test for cause, and weighs until that is done. */
  readonly isAlert: boolean;
  /** The older row of the same test that this one replaces. */
  readonly supersedes: string | null;
}

/** What follows from results: requirements, cases, holds. Runs in the transaction that stores them. */
export interface FitnessOutcome {
  /** `results` are in the order in which they were taken; the profiles of all of them are locked. */
  onResults(tx: Tx, results: readonly JudgedResult[]): Promise<void>;
}
