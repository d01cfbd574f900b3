import { classify } from '../classification/classify.ts';
import type { Classification, MeasuredKind } from '../classification/classify.ts';
import { deviceState, isRested } from '../classification/signals.ts';
import type { DeviceState } from '../classification/signals.ts';
import type { ArrivalFlag, Attempt } from '../ports.ts';
import type { OwnedTest } from './content.ts';
import type { StandingResult } from './facts.ts';
import { isValidResult, levelAlone, profileOf, signalsAt, timesOf } from './known.ts';
import type { Facts, Judged } from './known.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Where a test belongs. */
export interface Placement {
  readonly requirementId: string | null;
  readonly shiftId: string | null;
  readonly caseId: string | null;
  readonly retestOf: string | null;
  readonly attempt: Attempt;
  readonly attemptNo: number;
}

export interface Judgement extends Classification {
  readonly isValid: boolean;
  readonly rested: boolean;
  readonly baselineVersion: number | null;
  /** What it measures, where it is green by itself: the second signal that a yellow of another kind asks for. */
  readonly secondSignal: MeasuredKind | null;
}

/** LATE and SKEWED, as ports.ts says; `receivedAt` is our own clock. */
export const arrivalFlags = (test: OwnedTest, receivedAt: Date, facts: Facts): ArrivalFlag[] => {
  const tolerance = timesOf(test, facts).arrivalMinutes * MINUTE;
  const after = receivedAt.getTime() - test.takenAt.getTime();
  if (after > tolerance) return ['LATE'];
  return after < -tolerance ? ['SKEWED'] : [];
};

const isMeasured = ({ content }: Pick<StandingResult, 'content'>): boolean =>
  content.kind === 'reaction' || content.kind === 'ocular';

/** How the device of a test was known when it was taken; only measuring tests need one. */
export const stateOfDevice = (test: OwnedTest, facts: Facts): { id: string | null; state: DeviceState } => {
  const device = test.deviceSerial === null ? undefined : facts.devices.get(test.deviceSerial);
  const definition = facts.definitions.get(test.definitionCode);
  const tolerance = { biasMs: definition?.biasMs ?? 0, sdMs: definition?.sdMs ?? 0 };
  return { id: device?.id ?? null, state: deviceState(device ?? null, tolerance, test.takenAt) };
};

const attemptAmong = (earlier: readonly StandingResult[]): Attempt => {
  if (earlier.length === 0) return 'first';
  return earlier.some(isValidResult) ? 'retake' : 'repeat';
};

/**
 * The requirement, shift, case and attempt that a test is. `standing` are the person's results around it. A test that
 * claims to be from the future belongs where it arrived.
 */
export const placeTest = (
  test: OwnedTest,
  receivedAt: Date,
  facts: Facts,
  standing: readonly StandingResult[],
): Placement => {
  const at = Math.min(test.takenAt.getTime(), receivedAt.getTime());
  const { combineHours, lateAnswerHours, beforeShiftMinutes } = timesOf(test, facts);
  const mine = <T extends { readonly profileId: string }>({ profileId }: T): boolean => profileId === test.profileId;
  const requirement = test.practice
    ? undefined
    : facts.requirements.find(
        (row) =>
          mine(row) &&
          row.definitionCode === test.definitionCode &&
          Date.parse(row.windowFrom) <= at &&
          at < Date.parse(row.dueAt) + lateAnswerHours * HOUR,
      );
  const shift = facts.shifts.find(
    (row) => mine(row) && Date.parse(row.startsAt) - beforeShiftMinutes * MINUTE <= at && at < Date.parse(row.endsAt),
  );
  const found = facts.cases.get(test.profileId);
  const waiting =
    found !== undefined && !test.practice && isMeasured(test) && Date.parse(found.restUntil) <= at ? found : undefined;
  const requirementId = requirement?.id ?? null;
  const earlier = standing.filter(
    (row) =>
      row.definitionCode === test.definitionCode &&
      row.requirementId === requirementId &&
      row.attempt !== 'retest' &&
      Date.parse(row.takenAt) <= at &&
      Date.parse(row.takenAt) > at - combineHours * HOUR,
  );
  return {
    requirementId,
    shiftId: requirement?.shiftId ?? shift?.id ?? null,
    caseId: waiting?.id ?? null,
    retestOf: waiting?.triggerResultId ?? null,
    attempt: waiting !== undefined ? 'retest' : test.practice ? 'first' : attemptAmong(earlier),
    attemptNo: test.practice ? 1 : earlier.length + 1,
  };
};

const secondSignalOf = (test: Judged, facts: Facts): MeasuredKind | null => {
  const { kind } = test.content;
  if (test.practice || test.attempt === 'retest' || (kind !== 'reaction' && kind !== 'ocular')) return null;
  return levelAlone(test, facts) === 'green' ? kind : null;
};

/** The level of a test by the one decision table. Practice has a level and no consequence. */
export const judge = (
  test: Judged,
  earlierInvalid: boolean,
  around: readonly StandingResult[],
  facts: Facts,
): Judgement => {
  const profile = profileOf(test, facts);
  const signals = signalsAt(test, earlierInvalid, around, facts);
  const result = classify(signals, profile.policy);
  const own = test.content.kind === 'reaction' ? facts.baseline(test.profileId, test.definitionCode) : null;
  return {
    ...result,
    ...(test.practice && { opensCase: false, escalates: false }),
    isValid: isValidResult(result),
    rested: isRested(signals.selfReport, profile.policy),
    baselineVersion: own?.revision ?? null,
    secondSignal: secondSignalOf(test, facts),
  };
};
