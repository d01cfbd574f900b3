import type { FitnessPolicy } from './policy.ts';
import { limitSd, sleepBreaches } from './signals.ts';
import type { FitnessSignals, OcularSignal, OwnBaseline, ReactionSignal, SleepBreach } from './signals.ts';

export const LEVELS = ['green', 'yellow', 'orange', 'red', 'invalid', 'none'] as const;
export type Level = (typeof LEVELS)[number];

/**
 * may_work · test: take the test that is not there yet · repeat: take an invalid test again · assessment: the supervisor's documented one,
 * face to face · restricted: works under the policy's restrictions · second_signal: now, restricted meanwhile · hold: does not work.
 */
export const ACTIONS = ['may_work', 'test', 'repeat', 'assessment', 'restricted', 'second_signal', 'hold'] as const;
export type Action = (typeof ACTIONS)[number];

export const INVALID_REASONS = [
  'QUALITY_FLAG',
  'METRICS_UNREADABLE',
  'TIMING_OUTSIDE_TOLERANCE',
  'WRONG_PROTOCOL',
  'WRONG_DEVICE',
  'OCULAR_QUALITY',
] as const;
export const REASONS = [
  'STANDARD_MET',
  'WITHIN_OWN_LIMITS',
  'NO_OWN_BASELINE',
  'OCULAR_LOW',
  'NO_VALID_RESULT',
  ...INVALID_REASONS,
  'DEVICE_OUTAGE',
  'TEST_MISSING',
  'SECOND_INVALID',
  'SPEED_BELOW_YELLOW',
  'LAPSES_YELLOW',
  'SLEEPINESS',
  'SYMPTOMS',
  'IN_CAB_ALERT',
  'PEER_ALERT',
  'SUPERVISOR_ALERT',
  'OCULAR_HIGH',
  'SPEED_BELOW_ORANGE',
  'TWO_YELLOW_SIGNALS',
  'SLEEP_24H',
  'SLEEP_48H',
  'AWAKE_TOO_LONG',
  'BELOW_MINIMUM_STANDARD',
  'LAPSES_RED',
  'OCULAR_HIGH_CONFIRMED',
  'OCULAR_HIGH_AGAIN',
  'CLEARANCE_REFUSED',
] as const;
export type Reason = (typeof REASONS)[number];

export type MeasuredKind = 'reaction' | 'ocular';

/** What speaks against a person in each kind of measurement: while it does, that kind is no second signal to it. */
export const AGAINST: Readonly<Record<MeasuredKind, readonly Reason[]>> = {
  reaction: ['SPEED_BELOW_YELLOW', 'LAPSES_YELLOW', 'SPEED_BELOW_ORANGE', 'BELOW_MINIMUM_STANDARD', 'LAPSES_RED'],
  ocular: ['OCULAR_HIGH', 'OCULAR_HIGH_CONFIRMED', 'OCULAR_HIGH_AGAIN'],
};

export interface Classification {
  level: Level;
  action: Action;
  /** Whether this level starts a case: every hold does, save at a retest, which stands in one. */
  opensCase: boolean;
  /** Whether the table's action names escalation: red's does. Every case that nobody acknowledges goes up all the same. */
  escalates: boolean;
  /** Every row that matched, the gravest first; for green, what it rests on. */
  reasons: Reason[];
  /** Own standard deviations above (+) or below (-) the own mean; null without baseline or valid reaction test. */
  deviation: number | null;
  ruleVersion: string;
}

/** Raised with every change of this table; stored with each result, so that an old level can be told from a new one. */
export const CLASSIFICATION_VERSION = 'fitness-1';

/** The rows of the table, the mildest first. Missing tests stand below yellow: there both bring at least restrictions, and yellow asks for more. */
const ROWS = ['green', 'untested', 'invalid', 'outage', 'none', 'yellow', 'orange', 'red'] as const;
type Row = (typeof ROWS)[number];

const OUTCOMES: Record<Row, { level: Level; other: Action; highRisk: Action }> = {
  green: { level: 'green', other: 'may_work', highRisk: 'may_work' },
  untested: { level: 'none', other: 'test', highRisk: 'test' },
  invalid: { level: 'invalid', other: 'repeat', highRisk: 'repeat' },
  outage: { level: 'none', other: 'assessment', highRisk: 'assessment' },
  none: { level: 'none', other: 'restricted', highRisk: 'hold' },
  yellow: { level: 'yellow', other: 'second_signal', highRisk: 'hold' },
  orange: { level: 'orange', other: 'hold', highRisk: 'hold' },
  red: { level: 'red', other: 'hold', highRisk: 'hold' },
};

type Kind = 'reaction' | 'ocular' | 'self_report' | 'external' | 'test';
interface Finding {
  row: Row;
  kind: Kind;
  reason: Reason;
}

/** What an alert of others is as a reason. */
export const ALERT_REASONS = { in_cab: 'IN_CAB_ALERT', peer: 'PEER_ALERT', supervisor: 'SUPERVISOR_ALERT' } as const;

const invalidReaction = (test: ReactionSignal, policy: FitnessPolicy): Reason[] => {
  const reasons: Reason[] = [];
  if (test.qualityFlags.length > 0) reasons.push('QUALITY_FLAG');
  if (!Number.isFinite(test.speed) || !Number.isFinite(test.lapses)) reasons.push('METRICS_UNREADABLE');
  if (test.timing === 'outside') reasons.push('TIMING_OUTSIDE_TOLERANCE');
  if (!policy.protocols.includes(test.protocol)) reasons.push('WRONG_PROTOCOL');
  if (test.device === 'refused') reasons.push('WRONG_DEVICE');
  return reasons;
};

const invalidOcular = (test: OcularSignal): Reason[] => {
  const reasons: Reason[] = [];
  if (test.qualityFlags.length > 0) reasons.push('OCULAR_QUALITY');
  if (test.device === 'refused') reasons.push('WRONG_DEVICE');
  return reasons;
};

/** A valid reaction test: the policy's standard, the bands where they hold, and the own limits where there is a baseline. */
const reactionFindings = (test: ReactionSignal, baseline: OwnBaseline | null, policy: FitnessPolicy): Finding[] => {
  const { deviation, bands } = policy;
  const findings: Finding[] = [];
  const add = (row: Row, reason: Reason) => findings.push({ row, kind: 'reaction', reason });
  if (test.speed < policy.minimumSpeed) add('red', 'BELOW_MINIMUM_STANDARD');
  else add('green', 'STANDARD_MET');
  if (test.device === 'qualified' && test.protocol === bands.protocol) {
    if (test.lapses > bands.redAboveLapses) add('red', 'LAPSES_RED');
    else if (test.lapses >= bands.yellowLapses) add('yellow', 'LAPSES_YELLOW');
  }
  if (baseline === null) {
    add('green', 'NO_OWN_BASELINE');
    return findings;
  }
  const below = baseline.mean - test.speed;
  const sd = limitSd(baseline, policy);
  if (below > deviation.orangeSds * sd) add('orange', 'SPEED_BELOW_ORANGE');
  else if (below > deviation.yellowSds * sd) add('yellow', 'SPEED_BELOW_YELLOW');
  else add('green', 'WITHIN_OWN_LIMITS');
  return findings;
};

const ocularFindings = (test: OcularSignal, signals: FitnessSignals): Finding[] => {
  if (test.risk === 'LOW') return [{ row: 'green', kind: 'ocular', reason: 'OCULAR_LOW' }];
  const high: Finding = { row: 'yellow', kind: 'ocular', reason: 'OCULAR_HIGH' };
  return signals.retest?.previousOcularHigh
    ? [high, { row: 'red', kind: 'ocular', reason: 'OCULAR_HIGH_AGAIN' }]
    : [high];
};

const selfReportFindings = ({ selfReport }: FitnessSignals, policy: FitnessPolicy): Finding[] => {
  if (selfReport === null) return [];
  const orange = sleepBreaches(selfReport, policy).map((reason: SleepBreach): Finding => {
    return { row: 'orange', kind: 'self_report', reason };
  });
  const yellow: Finding[] = [];
  if (selfReport.kss !== null && selfReport.kss >= policy.yellowKss) {
    yellow.push({ row: 'yellow', kind: 'self_report', reason: 'SLEEPINESS' });
  }
  if (selfReport.symptoms === true) yellow.push({ row: 'yellow', kind: 'self_report', reason: 'SYMPTOMS' });
  return [...orange, ...yellow];
};

const externalFindings = ({ alerts, clearance }: FitnessSignals): Finding[] => {
  const findings = [...new Set(alerts)].map((alert): Finding => {
    return { row: 'yellow', kind: 'external', reason: ALERT_REASONS[alert] };
  });
  if (clearance === 'no') findings.push({ row: 'red', kind: 'external', reason: 'CLEARANCE_REFUSED' });
  return findings;
};

const isUsable = (baseline: OwnBaseline, policy: FitnessPolicy): boolean =>
  Number.isFinite(baseline.mean) && Number.isFinite(limitSd(baseline, policy));

const rank = ({ row }: Finding): number => ROWS.indexOf(row);

/** What signals say together: of different kinds, each yellow or worse. Without another kind, one ocular reading stays yellow. */
const combinedFindings = (findings: Finding[]): Finding[] => {
  const grave = findings.filter(({ row }) => row === 'yellow' || row === 'orange' || row === 'red');
  const kinds = new Set(grave.map(({ kind }) => kind));
  if (kinds.size < 2) return [];
  const combined: Finding[] = [{ row: 'orange', kind: 'test', reason: 'TWO_YELLOW_SIGNALS' }];
  if (kinds.has('ocular')) combined.push({ row: 'red', kind: 'test', reason: 'OCULAR_HIGH_CONFIRMED' });
  return combined;
};

const missingFindings = (signals: FitnessSignals, invalid: boolean, tested: boolean): Finding[] => {
  const findings: Finding[] = [];
  if (signals.missing === 'test') findings.push({ row: 'none', kind: 'test', reason: 'TEST_MISSING' });
  if (signals.missing === 'device_outage') findings.push({ row: 'outage', kind: 'test', reason: 'DEVICE_OUTAGE' });
  if (invalid && signals.earlierInvalid) findings.push({ row: 'none', kind: 'test', reason: 'SECOND_INVALID' });
  if (!tested) findings.push({ row: 'untested', kind: 'test', reason: 'NO_VALID_RESULT' });
  return findings;
};

/**
 * The one decision table from signals to level and action. Total: any signals and any policy have exactly one answer, and nothing is thrown.
 * The gravest matching row wins. An invalid test never counts as fit, a second one weighs as a missing test; one ocular reading alone is at
 * most yellow; a retest informs a human's decision and leaves the hold as it is, whatever its level.
 */
export const classify = (signals: FitnessSignals, policy: FitnessPolicy): Classification => {
  const { reaction, ocular } = signals;
  const baseline = signals.baseline && isUsable(signals.baseline, policy) ? signals.baseline : null;
  const faults = reaction === null ? [] : invalidReaction(reaction, policy);
  const ocularFaults = ocular === null ? [] : invalidOcular(ocular);
  const validReaction = faults.length === 0 ? reaction : null;
  const validOcular = ocularFaults.length === 0 ? ocular : null;
  const measured = [
    ...(validReaction ? reactionFindings(validReaction, baseline, policy) : []),
    ...(validOcular ? ocularFindings(validOcular, signals) : []),
    ...selfReportFindings(signals, policy),
    ...externalFindings(signals),
  ];
  const invalid = [...new Set([...faults, ...ocularFaults])];
  const findings = [
    ...measured,
    ...combinedFindings(measured),
    ...invalid.map((reason): Finding => ({ row: 'invalid', kind: 'test', reason })),
    ...missingFindings(signals, invalid.length > 0, validReaction !== null || validOcular !== null),
  ].toSorted((a, b) => rank(b) - rank(a));

  const row = findings[0]?.row ?? 'untested';
  const { level, ...actions } = OUTCOMES[row];
  const isStrict = signals.highRisk || policy.alsoHeld.levels.some((held) => held === level);
  const action = signals.retest ? 'hold' : isStrict ? actions.highRisk : actions.other;
  const sd = baseline ? limitSd(baseline, policy) : 0;
  return {
    level,
    action,
    opensCase: action === 'hold' && signals.retest === null,
    escalates: row === 'red',
    reasons: findings.filter((finding) => row === 'green' || finding.row !== 'green').map(({ reason }) => reason),
    deviation: baseline && validReaction && sd > 0 ? (validReaction.speed - baseline.mean) / sd : null,
    ruleVersion: CLASSIFICATION_VERSION,
  };
};

const STANDING: readonly Level[] = ['green', 'none', 'yellow', 'orange', 'red'];

/**
 * The level that a requirement's attempts leave, in the order they were taken: the first valid one stands and a retake may only worsen it.
 * Only invalid ones: one is `invalid`, to be repeated; two are `none`. No attempt at all is `none`.
 */
export const standingLevel = (attempts: readonly Level[]): Level => {
  const valid = attempts.filter((level) => level !== 'invalid');
  if (valid.length === 0) return attempts.length === 1 ? 'invalid' : 'none';
  return valid.reduce((worst, level) => (STANDING.indexOf(level) > STANDING.indexOf(worst) ? level : worst));
};
