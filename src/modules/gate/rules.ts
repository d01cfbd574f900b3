import { Type } from 'typebox';
import type { Static } from 'typebox';
import { exact, integer, uuid } from '../../platform/schema/types.ts';

const LIMITS = {
  maximumShiftMinutes: integer(60, 1440, { description: 'Longest shift' }),
  extendedShiftMinutes: integer(60, 1440, { description: 'Longest shift with an authorized extension' }),
  handoverMinutes: integer(0, 120, {
    description: 'How long before its plan a shift may begin without growing longer',
  }),
  minimumRestMinutes: integer(0, 2880, { description: 'Rest between two shifts' }),
  maximumSevenDayMinutes: integer(60, 10_080, {
    description: 'Work in seven days, hours elsewhere and this shift included',
  }),
  maximumNights: integer(1, 60, { description: 'Nights in a row, this one included' }),
  maximumDutyMinutes: integer(60, 2880, {
    description: 'This shift with the travel before it, or with hours elsewhere on its day',
  }),
  maximumCallOuts: integer(0, 20, { description: 'Call-outs in seven days; more restrict' }),
};

/** The limits that a roster authorization may set otherwise for one assignment. */
export const HourLimitsSchema = exact(LIMITS, { description: 'Limits of working time, in minutes' });
export type HourLimits = Static<typeof HourLimitsSchema>;

/** Some of the limits, as one authorization names them. */
export const HourLimitsOverrideSchema = Type.Partial(HourLimitsSchema, {
  additionalProperties: false,
  minProperties: 1,
});
export type HourLimitsOverride = Static<typeof HourLimitsOverrideSchema>;

/** Limits of a risk group: `policyId` is the version of its fitness policy. */
export const HourPolicySchema = exact({ policyId: uuid(), limits: HourLimitsOverrideSchema });
export type HourPolicy = Static<typeof HourPolicySchema>;

/** The limits that hold: the company's, over them those of the fitness policy, over both those of an authorization. */
export const limitsThatHold = (
  company: HourLimits,
  { policy, authorization }: { policy: HourPolicy | null; authorization: { limits: HourLimitsOverride } | null },
): HourLimits => ({ ...company, ...policy?.limits, ...authorization?.limits });

/** A company's gate configuration; `version` rises with every change and is part of the rule version of each decision. */
export const GateRulesSchema = exact(
  {
    version: integer(1, 2_147_483_647),
    hours: HourLimitsSchema,
    maximumOverrideMinutes: integer(1, 10_080, { description: 'How long one override may last' }),
  },
  { description: 'Rules of the gate' },
);
export type GateRules = Static<typeof GateRulesSchema>;

/**
 * Defaults of domain.md 17: 12 h (14 extended) and 10 h of rest. The other numbers are this product's own choice: 88 h in seven days is a
 * 7x7 swing of 12-hour shifts (84 h) with half an hour a shift for the handover.
 */
export const DEFAULT_GATE_RULES: GateRules = {
  version: 1,
  hours: {
    maximumShiftMinutes: 12 * 60,
    extendedShiftMinutes: 14 * 60,
    handoverMinutes: 30,
    minimumRestMinutes: 10 * 60,
    maximumSevenDayMinutes: 88 * 60,
    maximumNights: 7,
    maximumDutyMinutes: 14 * 60,
    maximumCallOuts: 2,
  },
  maximumOverrideMinutes: 12 * 60,
};
