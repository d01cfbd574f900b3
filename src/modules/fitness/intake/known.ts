import { classify, INVALID_REASONS, standingLevel } from '../classification/classify.ts';
import type { Level, MeasuredKind, Reason } from '../classification/classify.ts';
import type { Alert, FitnessSignals, SelfReport } from '../classification/signals.ts';
import type { PolicyOf } from '../ports.ts';
import { isAlert } from './content.ts';
import type {
  BaselineFacts,
  DefinitionFacts,
  KnownDevice,
  RequirementFacts,
  ShiftFacts,
  StandingResult,
  WaitingCase,
} from './facts.ts';

const HOUR = 3_600_000;

/** Everything that judging tests of some people needs. */
export interface Facts {
  readonly profiles: ReadonlyMap<string, PolicyOf>;
  readonly definitions: ReadonlyMap<string, DefinitionFacts>;
  readonly devices: ReadonlyMap<string, KnownDevice>;
  readonly baseline: (profileId: string, definition: string) => BaselineFacts | null;
  readonly requirements: readonly RequirementFacts[];
  readonly shifts: readonly ShiftFacts[];
  readonly cases: ReadonlyMap<string, WaitingCase>;
  /** From when on alerts, by the ids of their results, weigh no more. */
  readonly closedAlerts: ReadonlyMap<string, string>;
  /** When a human last cleared each profile, ISO text: what was taken before weighs as it did then, and no worse. */
  readonly clearedAt: ReadonlyMap<string, string>;
}

/** What a classification looks at of one test. */
export type Judged = Pick<
  StandingResult,
  | 'id'
  | 'profileId'
  | 'definitionCode'
  | 'takenAt'
  | 'receivedAt'
  | 'qualityFlags'
  | 'deviceState'
  | 'practice'
  | 'caseId'
  | 'requirementId'
  | 'attempt'
  | 'content'
>;

export const isValidResult = ({ reasons }: { readonly reasons: readonly Reason[] }): boolean =>
  !reasons.some((reason) => (INVALID_REASONS as readonly Reason[]).includes(reason));

/** The policy of a test's person. Throws for a person whose facts were not gathered. */
export const profileOf = ({ profileId }: Pick<Judged, 'profileId'>, { profiles }: Facts): PolicyOf => {
  const profile = profiles.get(profileId);
  if (profile === undefined) throw new Error('a test is judged without the facts of its profile');
  return profile;
};

/** The times of the policy of a test's person. */
export const timesOf = (test: Pick<Judged, 'profileId'>, facts: Facts) => profileOf(test, facts).policy.times;

const reportOf = ({ content }: Judged): SelfReport | null =>
  content.kind === 'self_report' || content.kind === 'reaction' ? content.report : null;

type Answer = Exclude<SelfReport[keyof SelfReport], null>;

const pick = <T extends Answer>(older: T | null, newer: T | null, choose: (older: T, newer: T) => T): T | null =>
  older === null || newer === null ? (newer ?? older) : choose(older, newer);
const most = <T extends Answer>(a: T, b: T): T => (a > b ? a : b);
const least = <T extends Answer>(a: T, b: T): T => (a < b ? a : b);
const latest = <T extends Answer>(_older: T, newer: T): T => newer;

type Choose = <T extends Answer>(older: T, newer: T) => T;

/** What was said twice, answer by answer; what one left out the other says. */
const mergeReports = (
  older: SelfReport | null,
  newer: SelfReport | null,
  more: Choose,
  less: Choose,
): SelfReport | null =>
  older === null || newer === null
    ? (newer ?? older)
    : {
        kss: pick(older.kss, newer.kss, more),
        sleep24h: pick(older.sleep24h, newer.sleep24h, less),
        sleep48h: pick(older.sleep48h, newer.sleep48h, less),
        awakeHours: pick(older.awakeHours, newer.awakeHours, more),
        symptoms: pick(older.symptoms, newer.symptoms, more),
      };

/** Of what was said since `begin` the graver answers stand, as with any retake; they stand before what was said earlier. */
const saidAt = (rows: readonly Judged[], begin: string): SelfReport | null => {
  const [earlier = [], since = []] = [false, true].map((isSince) =>
    rows.filter(({ takenAt }) => takenAt >= begin === isSince).map(reportOf),
  );
  const gravest = (said: readonly (SelfReport | null)[]): SelfReport | null =>
    said.reduce((older, newer) => mergeReports(older, newer, most, least), null);
  return mergeReports(gravest(earlier), gravest(since), latest, latest);
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

const NOTHING: Omit<FitnessSignals, 'highRisk' | 'baseline'> = {
  reaction: null,
  ocular: null,
  selfReport: null,
  alerts: [],
  clearance: null,
  retest: null,
  missing: null,
  earlierInvalid: false,
};

type Own = Partial<Omit<FitnessSignals, 'highRisk' | 'baseline'>>;

const levelOf = (row: Judged, signals: Own, facts: Facts): Level => {
  const { policy, highRisk } = profileOf(row, facts);
  const baseline = facts.baseline(row.profileId, row.definitionCode);
  return classify({ ...NOTHING, ...signals, highRisk, baseline }, policy).level;
};

/** The level of what a test measured. */
const measureOf = (row: Judged, facts: Facts): Level =>
  levelOf(row, { reaction: reactionOf(row), ocular: ocularOf(row) }, facts);

/** The level of one test with what was said in it, as if nothing else were known. */
export const levelAlone = (row: Judged, facts: Facts): Level =>
  levelOf(row, { reaction: reactionOf(row), ocular: ocularOf(row), selfReport: reportOf(row) }, facts);

/** From when on attempts count together, ISO text: a retest, and a human who cleared the person, begin anew. */
const beginningAt = (rows: readonly Judged[], clearedAt: string): string =>
  rows.reduce((begin, { attempt, takenAt }) => (attempt === 'retest' && takenAt > begin ? takenAt : begin), clearedAt);

/**
 * The measurement of a kind that stands at the moment of `test`: of the attempts at the same the gravest, since a retake may
 * worsen and never improve. Of an invalid test its own.
 */
const standingMeasure = (
  kind: MeasuredKind,
  test: Judged,
  valid: readonly StandingResult[],
  facts: Facts,
  begin: string,
): Judged | undefined => {
  const newest: Judged | undefined =
    test.content.kind === kind ? test : valid.findLast(({ content }) => content.kind === kind);
  if (newest === undefined || newest.practice) return newest;
  const level = measureOf(newest, facts);
  if (level === 'invalid') return newest;
  const same = valid.filter(
    (row) =>
      row.content.kind === kind &&
      row.definitionCode === newest.definitionCode &&
      row.requirementId === newest.requirementId &&
      row.takenAt >= begin,
  );
  return same.reduce<{ row: Judged; level: Level }>(
    (worst, row) => {
      const other = measureOf(row, facts);
      return standingLevel([worst.level, other]) === worst.level ? worst : { row, level: other };
    },
    { row: newest, level },
  ).row;
};

/** A test for cause that is green by itself: it answers the alerts that were there, and is not coloured by them. */
const answersAlerts = (test: Judged, facts: Facts): boolean =>
  facts.requirements.some(({ id, kind }) => id === test.requirementId && kind === 'for_cause') &&
  levelAlone(test, facts) === 'green';

/** The alerts that weigh at the moment of `test`. */
const alertsAt = (test: Judged, rows: readonly Judged[], facts: Facts): Alert[] => {
  const answers = answersAlerts(test, facts);
  return rows.flatMap(({ id, takenAt, receivedAt, content }) => {
    if (!isAlert(content)) return [];
    const closedAt = facts.closedAlerts.get(id);
    const isClosed = closedAt !== undefined && closedAt < test.receivedAt;
    const isAnswered = answers && receivedAt <= test.receivedAt && takenAt <= test.takenAt;
    return isClosed || isAnswered ? [] : [content.signal];
  });
};

/** What is known at the moment of `test`: itself, and of what came before within the policy's hours the standing one of each kind. */
export const signalsAt = (
  test: Judged,
  earlierInvalid: boolean,
  around: readonly StandingResult[],
  facts: Facts,
): FitnessSignals => {
  const at = Date.parse(test.takenAt);
  const since = at - timesOf(test, facts).combineHours * HOUR;
  const before = around.filter(
    (row) => row.id !== test.id && Date.parse(row.takenAt) <= at && Date.parse(row.takenAt) > since,
  );
  const valid = before.filter(isValidResult);
  const begin = beginningAt([...valid, test], facts.clearedAt.get(test.profileId) ?? '');
  const reaction = standingMeasure('reaction', test, valid, facts, begin);
  const ocular = standingMeasure('ocular', test, valid, facts, begin);
  const signals = [...before, test].flatMap(({ content }) => (content.kind === 'signal' ? [content] : []));
  const clearance = signals.findLast(({ signal }) => signal === 'clearance')?.cleared ?? null;
  return {
    highRisk: profileOf(test, facts).highRisk,
    reaction: reactionOf(reaction),
    ocular: ocularOf(ocular),
    selfReport: saidAt([...before, test], begin),
    alerts: alertsAt(test, [...before, test], facts),
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
