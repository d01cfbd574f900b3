import type { FitnessPolicy, RequirementKind } from '../classification/policy.ts';
import type { ShiftFacts } from '../ports.ts';
import type { Draw } from './draw.ts';

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

/** A test before a shift serves for so many of its windows: who took it at the window's begin may start a whole window late. */
export const KEPT_WINDOWS = 2;

/** Since when a test serves where work really begins at `at`, in ms: `windowFrom`, unless that is too long before. */
export const keptSince = ({ windowFrom, dueAt }: Pick<PlannedTest, 'windowFrom' | 'dueAt'>, at: number): number =>
  Math.max(windowFrom, at - KEPT_WINDOWS * (dueAt - windowFrom));

type Rule = FitnessPolicy['required'][number];

/** A test that must be done by `dueAt`; where nobody may be exposed without it, it is missed at once. */
export const testBy = (
  { kind, test, windowMinutes, graceMinutes }: Rule,
  { dueAt, endsAt, isHeld }: { dueAt: number; endsAt: number; isHeld: boolean },
): PlannedTest => {
  const graceUntil = dueAt + graceMinutes * MINUTE;
  return {
    kind,
    test,
    windowFrom: dueAt - windowMinutes * MINUTE,
    dueAt,
    graceUntil,
    missAt: isHeld ? graceUntil : Math.max(graceUntil, endsAt),
  };
};

interface Planning {
  /** Whether a missing test of the kind holds the person. */
  readonly isHeld: (kind: RequirementKind) => boolean;
  readonly companyId: string;
  readonly draw: Draw;
}

type Plan = Pick<FitnessPolicy, 'required' | 'randomOneIn'>;

/** When a random test of a shift is due; undefined where it is not drawn. The first and the last of the shift are left out. */
const drawnIn = (test: string, { workDate, profileId }: ShiftFacts, oneIn: number, { companyId, draw }: Planning) => {
  const words = [companyId, workDate, profileId, test];
  return draw('random', ...words) < 1 / oneIn ? 0.15 + 0.7 * draw('random-at', ...words) : undefined;
};

/** When a rule asks for its test in a shift; undefined: not in this one. */
const dueIn = (rule: Rule, shift: ShiftFacts, { randomOneIn }: Plan, planning: Planning): number | undefined => {
  const start = Date.parse(shift.actualStartAt ?? shift.startsAt);
  const end = Date.parse(shift.endsAt);
  if (rule.kind === 'pre_shift') return start;
  if (rule.kind === 'mid_shift') return shift.kind === 'night' ? start + (end - start) / 2 : undefined;
  if (rule.kind !== 'random') return undefined;
  const part = drawnIn(rule.test, shift, randomOneIn, planning);
  return part === undefined ? undefined : Math.round((start + part * (end - start)) / MINUTE) * MINUTE;
};

/**
 * The tests that a shift requires by its group's policy: before it, in the middle of a night, and at random: a person's day is
 * drawn, and the time in it, so that nobody without the key can foresee the draw and everybody with it can repeat it.
 */
export const planTests = (shift: ShiftFacts, policy: Plan, planning: Planning): PlannedTest[] =>
  policy.required.flatMap((rule) => {
    const dueAt = dueIn(rule, shift, policy, planning);
    const endsAt = Date.parse(shift.endsAt);
    return dueAt === undefined ? [] : [testBy(rule, { dueAt, endsAt, isHeld: planning.isHeld(rule.kind) })];
  });
