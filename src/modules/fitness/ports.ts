import type { Reader, Tx } from '../../platform/db/database.ts';
import type { Action, Level, MeasuredKind, Reason } from './classification/classify.ts';
import type { MissingTerms } from './classification/missing.ts';
import type { FitnessPolicy } from './classification/policy.ts';
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
  /** What it measures, where it is green by itself: it settles yellows of other kinds, of which it is the second signal. */
  readonly secondSignal: MeasuredKind | null;
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

/** A shift as fitness sees it: when exposure starts and ends, and where. Instants are ISO text. */
export interface ShiftFacts {
  readonly id: string;
  readonly profileId: string;
  readonly projectId: string;
  readonly siteId: string | null;
  /** Its start day in the site's zone, past midnight too. */
  readonly workDate: string;
  readonly kind: 'day' | 'night' | 'travel';
  readonly startsAt: string;
  readonly endsAt: string;
  readonly actualStartAt: string | null;
  readonly actualEndAt: string | null;
  readonly status: 'planned' | 'started' | 'done' | 'cancelled';
}

/** What fitness asks of the roster. */
export interface RosterFacts {
  shiftsById(reader: Reader, ids: readonly string[]): Promise<ShiftFacts[]>;
  /** The shift that a person is on, or that begins next within three hours. */
  shiftAround(reader: Reader, profileId: string, at: string): Promise<ShiftFacts | undefined>;
  /** Shifts that begin between two instants and have no requirement yet, the next ones first. */
  shiftsWithoutRequirements(
    reader: Reader,
    within: { readonly from: Date; readonly to: Date; readonly limit: number },
  ): Promise<ShiftFacts[]>;
  /** Day of an instant in the zone of the person's site, else of the company; and that site. */
  dayFor(reader: Reader, profileId: string, at: string): Promise<{ day: string; siteId: string | null }>;
}

export interface PolicyOf {
  readonly riskGroupId: string | null;
  readonly policyId: string | null;
  readonly policy: FitnessPolicy;
  readonly highRisk: boolean;
}

/** The policy that holds for each person: their risk group's, else the company's own default, else the product's. */
export interface PolicyFacts {
  policiesOf(reader: Reader, profileIds: readonly string[]): Promise<ReadonlyMap<string, PolicyOf>>;
  policyOf(reader: Reader, profileId: string): Promise<PolicyOf>;
}

export const ESCALATION_STEPS = ['supervisor', 'manager', 'safety_admin'] as const;
export type EscalationStep = (typeof ESCALATION_STEPS)[number];

/** Who hears of what happens to a person. */
export interface Recipients {
  /** Everyone above a person, themselves first: whose live streams are told. */
  audienceOf(reader: Reader, profileId: string): Promise<string[]>;
  /** The same for many. */
  audiencesOf(reader: Reader, profileIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Who has to act at a step of the escalation; never the person themselves. */
  recipientsOf(reader: Reader, step: EscalationStep, profileId: string, at: Date): Promise<string[]>;
}

/** A required test that nobody took. */
export interface MissedTest {
  readonly id: string;
  readonly profileId: string;
  readonly shiftId: string | null;
  readonly policyId: string | null;
  readonly highRisk: boolean;
  readonly kind: string;
  readonly dueAt: string;
  readonly terms: { readonly missing: MissingTerms };
  /** Since when exposure goes on without it. */
  readonly lackingSince: string | null;
}
