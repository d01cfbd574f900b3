import { classify, INVALID_REASONS } from '../classification/classify.ts';
import type { Classification, Reason } from '../classification/classify.ts';
import { deviceState, isRested } from '../classification/signals.ts';
import type { DeviceState, FitnessSignals, SelfReport } from '../classification/signals.ts';
import type { ArrivalFlag, Attempt, PolicyOf } from '../ports.ts';
import { isAlert } from './content.ts';
import type { OwnedTest } from './content.ts';
import type {
  BaselineFacts,
  DefinitionFacts,
  KnownDevice,
  RequirementFacts,
  ShiftFacts,
  StandingResult,
  WaitingCase,
} from './facts.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Everything that judging tests of some people needs. */
export interface Facts {
  readonly profiles: ReadonlyMap<string, PolicyOf>;
  readonly definitions: ReadonlyMap<string, DefinitionFacts>;
  readonly devices: ReadonlyMap<string, KnownDevice>;
  readonly baseline: (profileId: string, definition: string) => BaselineFacts | null;
  readonly requirements: readonly RequirementFacts[];
  readonly shifts: readonly ShiftFacts[];
  readonly cases: ReadonlyMap<string, WaitingCase>;
  readonly closedAlerts: ReadonlySet<string>;
}

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
}

/** What a classification looks at of one test. */
export type Judged = Pick<
  StandingResult,
  'id' | 'profileId' | 'definitionCode' | 'takenAt' | 'qualityFlags' | 'deviceState' | 'practice' | 'caseId' | 'content'
>;

const policyOf = (profileId: string, { profiles }: Pick<Facts, 'profiles'>): PolicyOf => {
  const known = profiles.get(profileId);
  if (known === undefined) throw new Error('a test is judged without the facts of its profile');
  return known;
};
const timesOf = (profileId: string, facts: Facts) => policyOf(profileId, facts).policy.times;

/** LATE and SKEWED, as ports.ts says; `receivedAt` is our own clock. */
export const arrivalFlags = (test: OwnedTest, receivedAt: Date, facts: Facts): ArrivalFlag[] => {
  const tolerance = timesOf(test.profileId, facts).arrivalMinutes * MINUTE;
  const after = receivedAt.getTime() - test.takenAt.getTime();
  if (after > tolerance) return ['LATE'];
  return after < -tolerance ? ['SKEWED'] : [];
};

export const isValidResult = ({ reasons }: { readonly reasons: readonly Reason[] }): boolean =>
  !reasons.some((reason) => (INVALID_REASONS as readonly Reason[]).includes(reason));

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
  const { combineHours, lateAnswerHours, beforeShiftMinutes } = timesOf(test.profileId, facts);
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

const last = <T>(rows: readonly T[], fits: (row: T) => boolean): T | undefined => rows.findLast(fits);

const reportOf = ({ content }: Judged): SelfReport | null =>
  content.kind === 'self_report' || content.kind === 'reaction' ? content.report : null;

const mergeReports = (older: SelfReport | null, newer: SelfReport | null): SelfReport | null =>
  older === null || newer === null
    ? (newer ?? older)
    : {
        kss: newer.kss ?? older.kss,
        sleep24h: newer.sleep24h ?? older.sleep24h,
        sleep48h: newer.sleep48h ?? older.sleep48h,
        awakeHours: newer.awakeHours ?? older.awakeHours,
        symptoms: newer.symptoms ?? older.symptoms,
      };

const reactionOf = (row: Judged | undefined): FitnessSignals['reaction'] => {
  if (row?.content.kind !== 'reaction') return null;
  const { protocol, metrics, timing } = row.content;
  const { qualityFlags, deviceState: device } = row;
  return { protocol, speed: metrics.scoredSpeed, lapses: metrics.lapses, qualityFlags, timing, device };
};

const ocularOf = (row: Judged | undefined): FitnessSignals['ocular'] =>
  row?.content.kind === 'ocular'
    ? { risk: row.content.risk, qualityFlags: row.qualityFlags, device: row.deviceState }
    : null;

/** What is known at the moment of `test`: itself, and of what came before within the policy's hours the latest valid of each kind. */
const signalsAt = (
  test: Judged,
  earlierInvalid: boolean,
  around: readonly StandingResult[],
  facts: Facts,
): FitnessSignals => {
  const at = Date.parse(test.takenAt);
  const since = at - timesOf(test.profileId, facts).combineHours * HOUR;
  const before = around.filter(
    (row) => row.id !== test.id && Date.parse(row.takenAt) <= at && Date.parse(row.takenAt) > since,
  );
  const valid = before.filter(isValidResult);
  const own = test.content.kind;
  const reaction = own === 'reaction' ? test : last(valid, ({ content }) => content.kind === 'reaction');
  const ocular = own === 'ocular' ? test : last(valid, ({ content }) => content.kind === 'ocular');
  const signals = [...before, test].flatMap((row) =>
    row.content.kind === 'signal' ? [{ id: row.id, content: row.content }] : [],
  );
  const clearance = signals.findLast(({ content }) => content.signal === 'clearance')?.content.cleared ?? null;
  return {
    highRisk: policyOf(test.profileId, facts).highRisk,
    reaction: reactionOf(reaction),
    ocular: ocularOf(ocular),
    selfReport: [...before, test].map(reportOf).reduce(mergeReports, null),
    alerts: signals.flatMap(({ id, content }) =>
      isAlert(content) && !facts.closedAlerts.has(id) ? [content.signal] : [],
    ),
    clearance: clearance === null ? null : clearance ? 'yes' : 'no',
    baseline: reaction === undefined ? null : facts.baseline(test.profileId, reaction.definitionCode),
    retest:
      test.caseId === null
        ? null
        : { previousOcularHigh: valid.some(({ reasons }) => reasons.includes('OCULAR_HIGH')) },
    missing: null,
    earlierInvalid,
  };
};

/** The level of a test by the one decision table. Practice has a level and no consequence. */
export const judge = (
  test: Judged,
  earlierInvalid: boolean,
  around: readonly StandingResult[],
  facts: Facts,
): Judgement => {
  const profile = policyOf(test.profileId, facts);
  const signals = signalsAt(test, earlierInvalid, around, facts);
  const result = classify(signals, profile.policy);
  const own = test.content.kind === 'reaction' ? facts.baseline(test.profileId, test.definitionCode) : null;
  return {
    ...result,
    ...(test.practice && { opensCase: false, escalates: false }),
    isValid: isValidResult(result),
    rested: isRested(signals.selfReport, profile.policy),
    baselineVersion: own?.revision ?? null,
  };
};
