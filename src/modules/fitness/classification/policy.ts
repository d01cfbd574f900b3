import { Type } from 'typebox';
import type { Static, TProperties } from 'typebox';
import { code, exact, integer, oneOf } from '../../../platform/schema/types.ts';
import type { HourLimits } from '../../gate/rules.ts';

const number = (minimum: number, maximum: number, description: string) =>
  Type.Number({ minimum, maximum, description });
const whole = (minimum: number, maximum: number, description: string) => integer(minimum, maximum, { description });
const group = <P extends TProperties>(properties: P, description: string) => exact(properties, { description });

export const REQUIREMENT_KINDS = [
  'pre_shift',
  'mid_shift',
  'random',
  'for_cause',
  'post_incident',
  'extension',
] as const;
export type RequirementKind = (typeof REQUIREMENT_KINDS)[number];

const Restrictions = (description: string) =>
  group(
    {
      noDriving: Type.Boolean({ description: 'Must not drive' }),
      accompanied: Type.Boolean({ description: 'Works only accompanied' }),
      noHeights: Type.Boolean({ description: 'Must not work at height' }),
    },
    description,
  );

/** The gate's limits of working time, each within the gate's own range. */
const HOURS = {
  maximumShiftMinutes: whole(60, 1440, 'Longest shift'),
  extendedShiftMinutes: whole(60, 1440, 'Longest shift with an authorized extension'),
  handoverMinutes: whole(0, 120, 'How long before its plan a shift may begin without growing longer'),
  minimumRestMinutes: whole(0, 2880, 'Rest between two shifts'),
  maximumSevenDayMinutes: whole(60, 10_080, 'Work in seven days, hours elsewhere and this shift included'),
  maximumNights: whole(1, 60, 'Nights in a row, this one included'),
  maximumDutyMinutes: whole(60, 2880, 'This shift with the travel before it, or with hours elsewhere on its day'),
  maximumCallOuts: whole(0, 20, 'Call-outs in seven days; more restrict'),
} as const satisfies Record<keyof HourLimits, unknown>;

/** The configuration of one risk group, stored and versioned by its company. Cross-field rules are in `checkPolicy`. */
export const FitnessPolicySchema = group(
  {
    required: Type.Array(
      group(
        {
          kind: oneOf(REQUIREMENT_KINDS, { description: 'When the test is required' }),
          test: code(40, { description: 'Code of the test definition' }),
          windowMinutes: whole(1, 1440, 'How long before the first exposure the test may be taken'),
          graceMinutes: whole(
            0,
            240,
            'How long after the start of the shift it may still be taken; 0 means before exposure only',
          ),
        },
        'One required test',
      ),
      { maxItems: 20, description: 'Required tests and their windows' },
    ),
    protocols: Type.Array(code(), {
      minItems: 1,
      maxItems: 20,
      description: 'Reaction protocols that count; any other is a wrong protocol',
    }),
    minimumSpeed: number(0, 10, 'Minimum standard: scored response speed in 1/s below which the level is red'),
    deviation: group(
      {
        yellowSds: number(0.5, 10, 'Standard deviations below the own mean that make yellow'),
        orangeSds: number(0.5, 10, 'Standard deviations below the own mean that make orange'),
        defaultSdRatio: number(0.01, 0.5, 'Standard deviation as a part of the mean, until the group has its own'),
        pooledPeople: whole(2, 1000, 'People a group needs before its pooled standard deviation serves'),
      },
      'Limits against the own baseline',
    ),
    bands: group(
      {
        protocol: code(40, { description: 'The only protocol that the bands hold for' }),
        yellowLapses: whole(1, 100, 'Lapses from which the level is yellow'),
        redAboveLapses: whole(1, 100, 'Lapses above which the level is red'),
      },
      'Lapses on a qualified device',
    ),
    yellowKss: whole(1, 9, 'Karolinska sleepiness from which the level is yellow'),
    sleep: group(
      {
        minimum24h: number(0, 24, 'Hours of sleep needed in the last 24'),
        minimum48h: number(0, 48, 'Hours of sleep needed in the last 48'),
        awakeWithinSleep: Type.Boolean({
          description: 'Whether hours awake must not exceed the sleep of the last 48 h',
        }),
      },
      'Sleep rule',
    ),
    hours: Type.Partial(exact(HOURS), {
      additionalProperties: false,
      description: 'Limits of working time for this group: over the company’s, under those of an authorization',
    }),
    alsoHeld: group(
      {
        levels: Type.Array(oneOf(['yellow', 'none']), {
          uniqueItems: true,
          maxItems: 2,
          description: 'Levels that hold, as they do in high-risk groups; none is a missing or twice invalid test',
        }),
        missing: Type.Array(oneOf(REQUIREMENT_KINDS), {
          uniqueItems: true,
          maxItems: REQUIREMENT_KINDS.length,
          description: 'Kinds of required tests that hold where they are missing',
        }),
      },
      'What holds people of this group, where others are only restricted',
    ),
    yellowRestrictions: Restrictions('What a yellow level allows until the second signal'),
    missingRestrictions: Restrictions('What a missing test allows outside high-risk groups'),
    rest: group(
      {
        minutes: whole(5, 240, 'Rest before a retest'),
        napMinutes: whole(5, 240, 'Rest before a retest after a nap (sleep inertia)'),
        retestWithinMinutes: whole(5, 240, 'How long a retest is waited for'),
        maximumRetests: whole(0, 5, 'Retests in one case'),
      },
      'Rest and retest',
    ),
    redDecidedBySupervisor: Type.Boolean({
      description: 'Whether a supervisor may decide a red, beside manager and safety admin',
    }),
    escalation: group(
      {
        managerMinutes: whole(1, 240, 'Unacknowledged for this long: the manager'),
        safetyAdminMinutes: whole(1, 480, 'Unacknowledged for this long: the safety admin'),
      },
      'Escalation of a case that nobody acknowledges',
    ),
    randomOneIn: whole(1, 1000, 'One shift in so many is drawn for each random test'),
    forCauseMinutes: whole(5, 240, 'How soon a test for cause is due where no rule says so'),
    baseline: group(
      {
        activeFrom: whole(3, 60, 'Rested, supervised, valid tests on separate days that make a baseline active'),
        provisionalFrom: whole(2, 60, 'Tests from which it serves, with the deviation of its group'),
        staleAfterDays: whole(30, 365, 'Days after which it is stale'),
        maximumDrift: number(0.01, 0.5, 'Part of the mean that may be drifted from before it is stale'),
        driftTests: whole(3, 60, 'Latest tests whose mean is compared for drift'),
      },
      'Own baselines',
    ),
    times: group(
      {
        combineHours: whole(1, 48, 'How long what was seen of a person is weighed together with what comes later'),
        lateAnswerHours: whole(0, 48, 'How long after it was due a test still answers a requirement, as a late one'),
        beforeShiftMinutes: whole(0, 480, 'How long before a shift a test counts to it where no requirement says so'),
        arrivalMinutes: whole(1, 120, 'How far from now a test may be before it is late, or its clock wrong'),
        exposureHours: whole(1, 24, 'How long exposure is taken to last where there is no shift'),
        deviceSilentMinutes: whole(
          5,
          1440,
          'How long nothing may have come from devices that somebody put out of service, to confirm it',
        ),
        reopenedHours: whole(1, 48, 'How long a case that was opened again may stay undecided'),
      },
      'How long things hold',
    ),
    excuse: group(
      {
        supervisorHours: whole(1, 168, 'How long a supervisor may excuse a requirement; a manager after that'),
        reviewOneIn: whole(1, 100, 'One excuse in so many is drawn for the manager’s review'),
      },
      'Excuses',
    ),
  },
  'Fitness policy of a risk group',
);
export type FitnessPolicy = Static<typeof FitnessPolicySchema>;

/**
 * Defaults. They are policy, not law; a company changes them.
 * - bands: Basner & Rubinstein, J Occup Environ Med 2011;53:1146: 11 and 20 lapses (355 ms) on the 3-minute PVT parted high, medium and low
 *   screening performance of 36 people in a laboratory. They hold for that protocol on a device of measured latency only.
 * - sleep: the prior sleep and wake rule of Dawson & McCulloch, Sleep Med Rev 2005;9:365: 5 h in 24, 12 h in 48, awake no longer than the sleep of 48 h.
 * - KSS 7 is “sleepy, but no effort to keep awake” (Åkerstedt & Gillberg, Int J Neurosci 1990;52:29).
 * - baseline: 10 and 3 tests, 180 days; 10 % of drift over the 10 latest tests is this product's own choice.
 * - times: 12 h is the longest shift; 5 minutes and the rest are this product's own choice.
 * - minimumSpeed 2.5/s, the speed of a steady 400 ms, and the 10 % deviation are this product's own choice.
 */
export const DEFAULT_FITNESS_POLICY: FitnessPolicy = {
  required: [{ kind: 'pre_shift', test: 'PVT-B', windowMinutes: 120, graceMinutes: 0 }],
  protocols: ['PVT-B', 'PVT-10'],
  minimumSpeed: 2.5,
  deviation: { yellowSds: 2, orangeSds: 3, defaultSdRatio: 0.1, pooledPeople: 30 },
  bands: { protocol: 'PVT-B', yellowLapses: 11, redAboveLapses: 20 },
  yellowKss: 7,
  sleep: { minimum24h: 5, minimum48h: 12, awakeWithinSleep: true },
  hours: {},
  alsoHeld: { levels: [], missing: [] },
  yellowRestrictions: { noDriving: true, accompanied: true, noHeights: true },
  missingRestrictions: { noDriving: true, accompanied: true, noHeights: true },
  rest: { minutes: 20, napMinutes: 30, retestWithinMinutes: 30, maximumRetests: 1 },
  redDecidedBySupervisor: false,
  escalation: { managerMinutes: 10, safetyAdminMinutes: 20 },
  randomOneIn: 10,
  forCauseMinutes: 30,
  baseline: { activeFrom: 10, provisionalFrom: 3, staleAfterDays: 180, maximumDrift: 0.1, driftTests: 10 },
  times: {
    combineHours: 12,
    lateAnswerHours: 12,
    beforeShiftMinutes: 120,
    arrivalMinutes: 5,
    exposureHours: 12,
    deviceSilentMinutes: 15,
    reopenedHours: 12,
  },
  excuse: { supervisorHours: 24, reviewOneIn: 10 },
};

export const POLICY_PROBLEMS = [
  'POLICY_DEVIATION_ORDER',
  'POLICY_BANDS_ORDER',
  'POLICY_BANDS_PROTOCOL',
  'POLICY_SLEEP_ORDER',
  'POLICY_ESCALATION_ORDER',
  'POLICY_BASELINE_ORDER',
  'POLICY_MISSING_LIGHTER',
  'POLICY_MISSING_NOT_HELD',
] as const;
export type PolicyProblem = (typeof POLICY_PROBLEMS)[number];

const RESTRICTIONS = ['noDriving', 'accompanied', 'noHeights'] as const;

/**
 * What the schema cannot say: limits stand in order, the bands' protocol is one that counts, and a test that nobody took weighs at
 * least as much as a yellow one. Empty when the policy may be stored.
 */
export const checkPolicy = (policy: FitnessPolicy): PolicyProblem[] => {
  const { yellowRestrictions: yellow, missingRestrictions: missing, alsoHeld } = policy;
  const rules: [boolean, PolicyProblem][] = [
    [policy.deviation.yellowSds <= policy.deviation.orangeSds, 'POLICY_DEVIATION_ORDER'],
    [policy.bands.yellowLapses <= policy.bands.redAboveLapses, 'POLICY_BANDS_ORDER'],
    [policy.protocols.includes(policy.bands.protocol), 'POLICY_BANDS_PROTOCOL'],
    [policy.sleep.minimum24h <= policy.sleep.minimum48h, 'POLICY_SLEEP_ORDER'],
    [policy.escalation.managerMinutes < policy.escalation.safetyAdminMinutes, 'POLICY_ESCALATION_ORDER'],
    [policy.baseline.provisionalFrom <= policy.baseline.activeFrom, 'POLICY_BASELINE_ORDER'],
    [RESTRICTIONS.every((one) => missing[one] || !yellow[one]), 'POLICY_MISSING_LIGHTER'],
    [alsoHeld.levels.includes('none') || !alsoHeld.levels.includes('yellow'), 'POLICY_MISSING_NOT_HELD'],
  ];
  return rules.filter(([kept]) => !kept).map(([, problem]) => problem);
};
