import { createHash } from 'node:crypto';
import type { FitnessPolicy, RequirementKind } from '../classification/policy.ts';
import type { ShiftFacts } from '../ports.ts';

/** A test that a shift requires; instants in ms. */
export interface PlannedTest {
  readonly kind: RequirementKind;
  readonly test: string;
  readonly windowFrom: number;
  readonly dueAt: number;
  readonly graceUntil: number;
  /** From here on it counts as missed. */
  readonly missAt: number;
}

const MINUTE = 60_000;

/** One shift in so many is drawn for a random test. */
export const RANDOM_ONE_IN = 10;

/** A number in [0, 1) that follows from `seed` alone: the same draw whenever and wherever it is made. */
export const drawn = (seed: string): number => createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32;

type Rule = FitnessPolicy['required'][number];

/** A test that must be done by `dueAt`; nobody may be exposed without it in high-risk work, so there it is missed at once. */
export const testBy = (
  { kind, test, windowMinutes, graceMinutes }: Rule,
  { dueAt, endsAt, highRisk }: { dueAt: number; endsAt: number; highRisk: boolean },
): PlannedTest => {
  const graceUntil = dueAt + graceMinutes * MINUTE;
  return {
    kind,
    test,
    windowFrom: dueAt - windowMinutes * MINUTE,
    dueAt,
    graceUntil,
    missAt: highRisk ? graceUntil : Math.max(graceUntil, endsAt),
  };
};

/** When a rule asks for its test in a shift; undefined: not in this one. */
const dueIn = (rule: Rule, shift: ShiftFacts, start: number, end: number, seed: string): number | undefined => {
  if (rule.kind === 'pre_shift') return start;
  if (rule.kind === 'mid_shift') return shift.kind === 'night' ? start + (end - start) / 2 : undefined;
  if (rule.kind !== 'random') return undefined;
  const seeded = `${seed}:${shift.id}:${rule.test}`;
  if (drawn(seeded) >= 1 / RANDOM_ONE_IN) return undefined;
  const part = 0.15 + 0.7 * drawn(`${seeded}:at`);
  return Math.round((start + part * (end - start)) / MINUTE) * MINUTE;
};

/**
 * The tests that a shift requires by its group's policy: before it, in the middle of a night, and at random times of shifts
 * that a rule seeded by `seed` draws, so that nobody can foresee the draw without the seed and everybody can repeat it.
 */
export const planTests = (
  shift: ShiftFacts,
  { required }: Pick<FitnessPolicy, 'required'>,
  { highRisk, seed }: { highRisk: boolean; seed: string },
): PlannedTest[] => {
  const start = Date.parse(shift.actualStartAt ?? shift.startsAt);
  const end = Date.parse(shift.endsAt);
  return required.flatMap((rule) => {
    const dueAt = dueIn(rule, shift, start, end, seed);
    return dueAt === undefined ? [] : [testBy(rule, { dueAt, endsAt: end, highRisk })];
  });
};
