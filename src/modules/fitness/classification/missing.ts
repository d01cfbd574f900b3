import { classify } from './classify.ts';
import type { Action } from './classify.ts';
import type { FitnessPolicy, RequirementKind } from './policy.ts';
import type { FitnessSignals } from './signals.ts';

const NOTHING = {
  reaction: null,
  ocular: null,
  selfReport: null,
  alerts: [],
  clearance: null,
  baseline: null,
  retest: null,
  earlierInvalid: false,
} as const satisfies Partial<FitnessSignals>;

/**
 * What the decision table says of a required test of a kind that is not there as exposure starts, by risk group; and the restrictions of
 * those who work on. Kinds that the policy holds everybody for count as in a high-risk group.
 */
export const missingTerms = (policy: FitnessPolicy, kind: RequirementKind) => {
  const isHeld = policy.alsoHeld.missing.includes(kind);
  const action = (missing: 'test' | 'device_outage', highRisk: boolean): Action =>
    classify({ ...NOTHING, missing, highRisk }, policy).action;
  const by = (missing: 'test' | 'device_outage') => ({
    other: action(missing, isHeld),
    highRisk: action(missing, true),
  });
  return { test: by('test'), outage: by('device_outage'), restrictions: policy.missingRestrictions };
};

export type MissingTerms = ReturnType<typeof missingTerms>;

/** Whether nobody of this risk may be exposed without the test. */
export const holdsWithout = ({ test }: Pick<MissingTerms, 'test'>, highRisk: boolean): boolean =>
  test[highRisk ? 'highRisk' : 'other'] === 'hold';
