import type { FitnessPolicy } from '../modules/fitness/classification/policy.ts';
import { CASE_LEVELS } from '../modules/fitness/cases/cases.repository.ts';
import type { CASE_DECISIONS, CaseLevel } from '../modules/fitness/cases/cases.repository.ts';
import type { NewResult } from '../modules/fitness/intake/store.ts';
import type { Random } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * How people of the past dealt with a case: minutes until somebody acknowledged (exponential), parts of the cases, and what was
 * decided, by how the retest went. The demo's choice.
 */
const COURSE = {
  acknowledgeMean: 4,
  /** Nobody decided before the shift ended. */
  lapsed: 0.02,
  /** Decided face to face, without rest and retest. */
  faceToFace: 0.15,
  nap: 0.2,
  /** Rested, and did not come to the retest. */
  notRetested: 0.06,
} as const;

type Decision = (typeof CASE_DECISIONS)[number];

const DECISIONS: Readonly<Record<'passed' | 'failed' | 'red', readonly (readonly [number, Decision])[]>> = {
  passed: [
    [0.8, 'cleared'],
    [0.12, 'cleared_with_restrictions'],
    [0.05, 'reassigned'],
    [0.03, 'sent_home'],
  ],
  failed: [
    [0.25, 'cleared_with_restrictions'],
    [0.25, 'reassigned'],
    [0.46, 'sent_home'],
    [0.04, 'referred'],
  ],
  red: [
    [0.15, 'cleared_with_restrictions'],
    [0.2, 'reassigned'],
    [0.5, 'sent_home'],
    [0.15, 'referred'],
  ],
};

/** What opened a case. */
export interface Trigger {
  readonly level: CaseLevel;
  /** Milliseconds. */
  readonly at: number;
  readonly resultId: string | null;
  readonly requirementId: string | null;
}

/** A case of the past from its opening to its decision, in milliseconds. */
export interface CaseCourse extends Trigger {
  readonly caseId: string;
  readonly acknowledgedAt: number;
  readonly rest?: { readonly from: number; readonly until: number; readonly nap: boolean };
  readonly retest?: NewResult;
  /** The graver of the trigger's level and the retest's. */
  readonly worst: CaseLevel;
  readonly isLapsed: boolean;
  readonly decision: Decision;
  readonly decidedAt: number;
  /** When somebody let them return: after a later green, or a renewed medical fitness. */
  readonly returnedAt?: number;
  /** The green on which they returned. */
  readonly returnedResultId?: string;
}

/** A test before a shift that was green. */
export interface LaterGreen {
  readonly id: string;
  /** Milliseconds. */
  readonly at: number;
}

export interface CourseOptions {
  readonly policy: FitnessPolicy;
  readonly shiftEndsAt: number;
  readonly caseId: string;
  readonly random: Random;
  /** Takes the retest at an instant. */
  readonly retest: (at: number) => NewResult;
}

const isCaseLevel = (level: string): level is CaseLevel => (CASE_LEVELS as readonly string[]).includes(level);
const worse = (a: CaseLevel, b: CaseLevel): CaseLevel => (CASE_LEVELS.indexOf(a) >= CASE_LEVELS.indexOf(b) ? a : b);

const drawDecision = (random: Random, worst: CaseLevel, retest: NewResult | undefined): Decision => {
  // Whoever only missed the test is looked at face to face, and mostly fit.
  const hasPassed = worst === 'none' || retest?.judgement.level === 'green';
  let draw = random.next();
  for (const [part, decision] of DECISIONS[worst === 'red' ? 'red' : hasPassed ? 'passed' : 'failed']) {
    if (draw < part) return decision;
    draw -= part;
  }
  return 'cleared_with_restrictions';
};

/** Draws how a case went. Whoever tested late in the shift has no time to rest: it is decided face to face. */
export const drawCourse = (trigger: Trigger, options: CourseOptions): CaseCourse => {
  const { policy, shiftEndsAt, caseId, random } = options;
  const acknowledgedAt = trigger.at + Math.ceil(-Math.log(1 - random.next()) * COURSE.acknowledgeMean * MINUTE);
  const base = { ...trigger, caseId, acknowledgedAt };
  const nap = random.chance(COURSE.nap);
  const from = acknowledgedAt + random.between(1, 4) * MINUTE;
  const until = from + (nap ? policy.rest.napMinutes : policy.rest.minutes) * MINUTE;
  const waitUntil = until + policy.rest.retestWithinMinutes * MINUTE;
  const isFaceToFace = random.chance(COURSE.faceToFace) || trigger.resultId === null;
  const isRested = !isFaceToFace && waitUntil + HOUR < shiftEndsAt;
  const isRetested = isRested && !random.chance(COURSE.notRetested);
  const retest = isRetested ? options.retest(until + random.between(2, 15) * MINUTE) : undefined;
  const level = retest?.judgement.level ?? 'green';
  const worst = isCaseLevel(level) ? worse(trigger.level, level) : trigger.level;
  const isLapsed = random.chance(COURSE.lapsed);
  const after = retest === undefined ? (isRested ? waitUntil : acknowledgedAt) : Date.parse(retest.receivedAt);
  const soon = after + random.between(2, 25) * MINUTE;
  const decidedAt = isLapsed ? shiftEndsAt + random.between(1, 5) * HOUR : Math.min(soon, shiftEndsAt - MINUTE);
  const decision = isLapsed ? 'sent_home' : drawDecision(random, worst, retest);
  return {
    ...base,
    ...(isRested && { rest: { from, until, nap } }),
    ...(retest && { retest }),
    worst,
    isLapsed,
    decision,
    decidedAt,
  };
};

/** Days until somebody who was referred brings a renewed medical fitness. */
const RENEWED_AFTER_DAYS = 3;

/**
 * When somebody could return after `course`: a quarter of an hour after the green of a later shift, or some days after a
 * referral; as it is where the decision let them work. Where neither came yet, they had been cleared with restrictions.
 */
export const withReturn = (course: CaseCourse, greens: readonly LaterGreen[], loadedAt: number): CaseCourse => {
  const { decision, decidedAt } = course;
  if (decision === 'cleared' || decision === 'cleared_with_restrictions') return course;
  const green = decision === 'referred' ? undefined : greens.find(({ at }) => at > decidedAt);
  const returnedAt =
    decision === 'referred'
      ? decidedAt + RENEWED_AFTER_DAYS * 24 * HOUR + 2 * HOUR
      : (green?.at ?? Infinity) + 15 * MINUTE;
  return returnedAt < loadedAt - 24 * HOUR
    ? { ...course, returnedAt, ...(green && { returnedResultId: green.id }) }
    : { ...course, decision: 'cleared_with_restrictions' };
};
