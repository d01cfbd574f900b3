import { Type } from 'typebox';
import type { Static, TProperties } from 'typebox';
import { day, exact, instant, integer, line, nullable, oneOf } from '../../platform/schema/types.ts';
import { HourLimitsOverrideSchema, HourPolicySchema } from './rules.ts';

const id = () => line(200);
const minutes = (description: string) => integer(0, 100_000, { description });
const flag = (description: string) => Type.Boolean({ description });
const listOf = <P extends TProperties>(properties: P, description: string) =>
  Type.Array(exact(properties), { maxItems: 500, description });

const FORBIDDEN = { noDriving: Type.Boolean(), accompanied: Type.Boolean(), noHeights: Type.Boolean() };

export const PURPOSES = ['shift_start', 'assignment', 'intervention', 'crew'] as const;
export const CREDENTIAL_STATUSES = ['missing', 'submitted', 'rejected', 'valid', 'expired', 'revoked'] as const;

/** Minutes of actual work, as `hoursOf` computes them; null when the question names no shift (an assignment ahead of time). */
export const HourFactsSchema = exact(
  {
    shift: id(),
    shiftMinutes: minutes('Length of this shift, without the handover before its plan'),
    night: flag('This shift is a night'),
    restMinutes: nullable(minutes('Since the end of the shift before; null when there is none')),
    sevenDayMinutes: minutes('Worked in the seven days up to the end of this shift, without it'),
    nightsBefore: minutes('Nights in a row that end the day before this shift'),
    travelMinutes: minutes('Travel without a full rest before this shift'),
    callOuts: minutes('Call-outs in those seven days'),
    elsewhereDayMinutes: minutes('Declared with another employer on the day of this shift'),
    elsewhereSevenDayMinutes: minutes('Declared with another employer in those seven days'),
    openShift: flag('A shift before this one was started and never ended'),
    extensionAuthorized: flag('An extension of this shift is approved'),
    policy: nullable(HourPolicySchema),
    authorization: nullable(exact({ reference: id(), limits: HourLimitsOverrideSchema })),
  },
  { description: 'Working time' },
);
export type HourFacts = Static<typeof HourFactsSchema>;

/**
 * All that one decision looks at, as plain JSON: dates are days in the site's zone, so that nothing is computed from a zone again when a
 * stored decision is replayed.
 */
export const GateFactsSchema = exact(
  {
    at: instant(),
    date: day({ description: 'Day of the work in the site’s zone' }),
    purpose: oneOf(PURPOSES),
    highRisk: flag('The work belongs to a high-risk group'),
    work: exact({
      driving: flag('The work needs driving'),
      heights: flag('The work is at height'),
      alone: flag('The work is done alone'),
    }),
    equipment: listOf({ id: id(), code: line(40) }, 'Kinds of equipment that the work is done with'),
    unavailable: listOf(
      { provider: id(), facts: Type.Array(line(40), { maxItems: 50 }) },
      'Fact providers that could not answer in time, and what is not known for it',
    ),
    profile: exact({ id: id(), status: line(40), expiresAt: nullable(instant()) }),
    assignment: nullable(exact({ id: id(), status: line(40), from: day(), to: nullable(day()) })),
    project: nullable(exact({ id: id(), status: line(40) })),
    contract: nullable(exact({ id: id(), status: line(40), from: day(), to: nullable(day()) })),
    licenses: listOf(
      { offering: line(40), status: line(40) },
      'Seats that the work’s tests need; `missing` when there is none',
    ),
    holds: listOf(
      {
        caseId: id(),
        level: line(40),
        decided: flag('A human has decided the case'),
        opening: Type.Integer({ minimum: 0, description: 'How often the case was opened again' }),
      },
      'Cases that hold the person',
    ),
    restrictions: listOf(
      {
        source: id(),
        decided: flag('A human decided on it; else a test brought it, or none'),
        ...FORBIDDEN,
        until: nullable(instant()),
      },
      'Restrictions from cases, yellow levels and missing tests that stand',
    ),
    requirements: listOf(
      {
        id: id(),
        kind: line(40),
        status: oneOf(['due', 'done_on_time', 'done_late', 'missed', 'excused', 'blocked']),
        dueAt: instant(),
        graceUntil: nullable(instant({ description: 'Until when it may still be taken after the start' })),
        assessed: flag('The supervisor’s face-to-face assessment during an outage is documented'),
        answered: flag('A valid result of it stands, though it came after an excuse'),
        lacking: exact(
          { other: line(40), highRisk: line(40) },
          { description: 'What fitness’s decision table says of work without it, by risk group: hold or restricted' },
        ),
        restrictions: exact(FORBIDDEN, { description: 'What work without it is restricted to' }),
      },
      'Required tests of this shift',
    ),
    credentials: listOf(
      {
        credential: line(100),
        requiredBy: oneOf(['site', 'task', 'role', 'equipment']),
        equipment: nullable(line(40, { description: 'Code of the kind of equipment that requires it' })),
        status: oneOf(CREDENTIAL_STATUSES),
        from: nullable(day()),
        to: nullable(day()),
      },
      'Credentials that site, task, role and equipment require, held or not',
    ),
    leave: listOf(
      { id: id(), kind: line(40), from: day(), to: day({ description: 'Last day of the leave' }) },
      'Leave of the person',
    ),
    hours: nullable(HourFactsSchema),
  },
  { description: 'Facts of one gate decision' },
);
export type GateFacts = Static<typeof GateFactsSchema>;
