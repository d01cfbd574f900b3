import { conflict } from '../../platform/problem.ts';
import { decide, GATE_VERSION } from './decide.ts';
import type { GateFacts } from './facts.ts';
import { outcomeUnder } from './override.ts';
import type { GateOverride } from './override.ts';
import type { GateDecision, GateReason, Outcome } from './reasons.ts';
import type { GateRules } from './rules.ts';

/** The rules of one version: functions of what was recorded and the company's numbers, never changed once they were released. */
export interface GateVersion {
  readonly version: string;
  readonly decide: (facts: GateFacts, rules: GateRules) => GateDecision;
  /** What the overrides of then left of it. */
  readonly outcomeUnder: (decision: GateDecision, overrides: readonly GateOverride[], at: Date) => Outcome;
}

/**
 * Every version that may stand in a stored decision. To change the rules: copy decide.ts, decide-hours.ts and override.ts
 * under the name of their version, raise GATE_VERSION, and list the copy here; test/modules/gate/replay.test.ts holds each to its recorded answers.
 */
export const GATE_VERSIONS: readonly GateVersion[] = [{ version: GATE_VERSION, decide, outcomeUnder }];

/** A decision as it was stored. */
export interface StoredDecision {
  readonly at: string;
  readonly facts: GateFacts;
  readonly outcome: Outcome;
  readonly effectiveOutcome: Outcome;
  readonly reasons: readonly GateReason[];
  readonly ruleVersion: string;
}

export interface Replay {
  /** Whether outcome, effective outcome, reasons and rule version come out as they were stored. */
  readonly same: boolean;
  readonly outcome: Outcome;
  readonly effectiveOutcome: Outcome;
  readonly reasons: GateReason[];
  readonly ruleVersion: string;
}

/** Members in one order: PostgreSQL keeps no order of keys. */
const canonical = ({ code, severity, key, params }: GateReason): unknown[] => [
  code,
  severity,
  key,
  Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1)),
];

/**
 * Decides anew by the version that decided then, from the recorded facts, the company's rules of then and the overrides of then,
 * and compares. Throws 409 GATE_VERSION_NOT_KEPT for a version that is not among `versions`.
 */
export const replayDecision = (
  stored: StoredDecision,
  rules: GateRules,
  overrides: readonly GateOverride[],
  versions: readonly GateVersion[] = GATE_VERSIONS,
): Replay => {
  const version = stored.ruleVersion.slice(0, stored.ruleVersion.lastIndexOf('.'));
  const kept = versions.find((each) => each.version === version);
  if (kept === undefined) throw conflict('GATE_VERSION_NOT_KEPT', { params: { version } });
  const decision = kept.decide(stored.facts, rules);
  const { outcome, reasons, ruleVersion } = decision;
  const effectiveOutcome = kept.outcomeUnder(decision, overrides, new Date(stored.at));
  const same =
    stored.outcome === outcome &&
    stored.effectiveOutcome === effectiveOutcome &&
    stored.ruleVersion === ruleVersion &&
    JSON.stringify(stored.reasons.map(canonical)) === JSON.stringify(reasons.map(canonical));
  return { same, outcome, effectiveOutcome, reasons, ruleVersion };
};
