import { outcomeOf } from './reasons.ts';
import type { GateDecision, GateReasonCode, Outcome } from './reasons.ts';
import type { GateRules } from './rules.ts';

/** An override of some blocking reasons of one decision, for a stated time. Whoever gives it needs `gate:decision:override`. */
export interface GateOverride {
  /** Profile of whoever gives it. */
  by: string;
  /** Keys of the reasons it covers. */
  reasonKeys: readonly string[];
  from: Date;
  until: Date;
  reason: string;
}

export const OVERRIDE_PROBLEMS = [
  'OVERRIDE_OWN',
  'OVERRIDE_RED_UNDECIDED',
  'OVERRIDE_FACTS_UNAVAILABLE',
  'OVERRIDE_HOLD_UNTIL_RETURN',
  'OVERRIDE_NOTHING',
  'OVERRIDE_UNKNOWN_REASON',
  'OVERRIDE_PERIOD',
  'OVERRIDE_NO_REASON',
] as const;
export type OverrideProblem = (typeof OVERRIDE_PROBLEMS)[number];

/** Reasons while which nobody overrides anything: a red that nobody decided, and facts that may hide one. */
export const FORBIDDING: readonly GateReasonCode[] = ['RED_UNDECIDED', 'FACTS_UNAVAILABLE'];
/** Reasons that no override lifts: those, and a human's decision against work, which ends as the case says: returned, or decided anew. */
const NEVER: readonly GateReasonCode[] = [...FORBIDDING, 'HOLD_UNTIL_RETURN'];
/** Why an override may not be given; empty when it may. While a red is undecided none is given for anything, and nobody overrides for themselves. */
export const overrideProblems = (
  decision: GateDecision,
  override: GateOverride,
  subject: string,
  rules: Pick<GateRules, 'maximumOverrideMinutes'>,
): OverrideProblem[] => {
  const blocking = decision.reasons.filter(({ severity }) => severity === 'block');
  const keys = new Set(blocking.map(({ key }) => key));
  const length = override.until.getTime() - override.from.getTime();
  const faults: [boolean, OverrideProblem][] = [
    [override.by === subject, 'OVERRIDE_OWN'],
    [blocking.some(({ code }) => code === 'RED_UNDECIDED'), 'OVERRIDE_RED_UNDECIDED'],
    [blocking.some(({ code }) => code === 'FACTS_UNAVAILABLE'), 'OVERRIDE_FACTS_UNAVAILABLE'],
    [
      blocking.some((reason) => reason.code === 'HOLD_UNTIL_RETURN' && override.reasonKeys.includes(reason.key)),
      'OVERRIDE_HOLD_UNTIL_RETURN',
    ],
    [blocking.length === 0 || override.reasonKeys.length === 0, 'OVERRIDE_NOTHING'],
    [override.reasonKeys.some((key) => !keys.has(key)), 'OVERRIDE_UNKNOWN_REASON'],
    [!(length > 0 && length <= rules.maximumOverrideMinutes * 60_000), 'OVERRIDE_PERIOD'],
    [override.reason.trim() === '', 'OVERRIDE_NO_REASON'],
  ];
  return faults.filter(([found]) => found).map(([, problem]) => problem);
};

/**
 * The outcome of a decision under the overrides that are in force at `at`: a covered block only restricts. What the overrides do not name
 * goes on blocking, and what none may lift always does.
 */
export const outcomeUnder = (decision: GateDecision, overrides: readonly GateOverride[], at: Date): Outcome => {
  const inForce = overrides.filter(({ from, until }) => from <= at && at < until);
  const covered = new Set(inForce.flatMap(({ reasonKeys }) => reasonKeys));
  return outcomeOf(
    decision.reasons.map((reason) =>
      covered.has(reason.key) && !NEVER.includes(reason.code) ? { ...reason, severity: 'restrict' } : reason,
    ),
  );
};
