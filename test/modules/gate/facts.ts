import * as fc from 'fast-check';
import { CREDENTIAL_STATUSES, PURPOSES } from '../../../src/modules/gate/facts.ts';
import type { GateFacts, HourFacts } from '../../../src/modules/gate/facts.ts';

export const AT = '2025-06-10T10:50:00.000Z';
const TODAY = '2025-06-10';
const BEFORE = '2025-06-10T10:49:59.000Z';
const AFTER = '2025-06-10T20:00:00.000Z';

export const freshHours: HourFacts = {
  shift: 'shift',
  shiftMinutes: 720,
  night: false,
  restMinutes: 720,
  sevenDayMinutes: 2880,
  nightsBefore: 0,
  travelMinutes: 0,
  callOuts: 0,
  elsewhereDayMinutes: 0,
  elsewhereSevenDayMinutes: 0,
  openShift: false,
  extensionAuthorized: false,
  policy: null,
  authorization: null,
};

/** What work without a test means by the policy's defaults, but for its restrictions. */
const whenMissing = {
  lacking: { other: 'restricted', highRisk: 'hold' },
  restrictions: { noDriving: false, accompanied: false, noHeights: false },
};

/** Facts that allow the start of a shift. */
export const clearFacts: GateFacts = {
  at: AT,
  date: TODAY,
  purpose: 'shift_start',
  highRisk: false,
  work: { driving: false, heights: false, alone: false },
  equipment: [],
  unavailable: [],
  profile: { id: 'profile', status: 'active', expiresAt: null },
  assignment: { id: 'assignment', status: 'active', from: TODAY, to: TODAY },
  project: { id: 'project', status: 'active' },
  contract: { id: 'contract', status: 'active', from: TODAY, to: TODAY },
  licenses: [{ offering: 'SAFER', status: 'active' }],
  holds: [],
  restrictions: [],
  requirements: [
    {
      id: 'test',
      kind: 'pre_shift',
      status: 'done_on_time',
      dueAt: AT,
      graceUntil: null,
      assessed: false,
      answered: false,
      ...whenMissing,
    },
    {
      id: 'later',
      kind: 'mid_shift',
      status: 'due',
      dueAt: AFTER,
      graceUntil: null,
      assessed: false,
      answered: false,
      ...whenMissing,
    },
  ],
  credentials: [
    { credential: 'altitude exam', requiredBy: 'site', equipment: null, status: 'valid', from: TODAY, to: TODAY },
  ],
  leave: [{ id: 'leave', kind: 'vacation', from: '2025-06-01', to: '2025-06-09' }],
  hours: freshHours,
};

const day = fc.constantFrom('2025-06-09', TODAY, '2025-06-11');
const instant = fc.constantFrom(BEFORE, AT, AFTER);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 3 });
const status = fc.constantFrom('active', 'draft', 'suspended', 'ended');
const dated = fc.record({ id: fc.constant('id'), status, from: day, to: maybe(day) });
const minutes = (max: number) => fc.nat(max);

export const anyFacts: fc.Arbitrary<GateFacts> = fc.record({
  at: fc.constant(AT),
  date: fc.constant(TODAY),
  purpose: fc.constantFrom(...PURPOSES),
  highRisk: fc.boolean(),
  work: fc.record({ driving: fc.boolean(), heights: fc.boolean(), alone: fc.boolean() }),
  equipment: few(fc.record({ id: fc.constant('id'), code: fc.constant('CRANE') })),
  unavailable: fc
    .subarray(['leave', 'credentials'])
    .map((names) => names.map((provider) => ({ provider, facts: [provider] }))),
  profile: fc.record({ id: fc.constant('profile'), status, expiresAt: maybe(instant) }),
  assignment: maybe(dated),
  project: maybe(fc.record({ id: fc.constant('id'), status })),
  contract: maybe(dated),
  licenses: few(fc.record({ offering: fc.constantFrom('SAFER', 'FIT2000'), status })),
  holds: few(
    fc.record({
      caseId: fc.constantFrom('a', 'b'),
      level: fc.constantFrom('yellow', 'orange', 'red', 'none'),
      decided: fc.boolean(),
      opening: fc.nat(2),
    }),
  ),
  restrictions: few(
    fc.record({
      source: fc.constant('case'),
      decided: fc.boolean(),
      noDriving: fc.boolean(),
      accompanied: fc.boolean(),
      noHeights: fc.boolean(),
      until: maybe(instant),
    }),
  ),
  requirements: few(
    fc.record({
      id: fc.constantFrom('a', 'b'),
      kind: fc.constantFrom('pre_shift', 'mid_shift', 'extension'),
      status: fc.constantFrom('due', 'done_on_time', 'done_late', 'missed', 'excused', 'blocked'),
      dueAt: instant,
      graceUntil: maybe(instant),
      assessed: fc.boolean(),
      answered: fc.boolean(),
      lacking: fc.record({ other: fc.constantFrom('restricted', 'hold'), highRisk: fc.constant('hold') }),
      restrictions: fc.record({ noDriving: fc.boolean(), accompanied: fc.boolean(), noHeights: fc.boolean() }),
    }),
  ),
  credentials: few(
    fc.record({
      credential: fc.constantFrom('altitude exam', 'induction'),
      requiredBy: fc.constantFrom('site', 'task', 'role', 'equipment'),
      equipment: maybe(fc.constantFrom('CRANE', 'TRUCK')),
      status: fc.constantFrom(...CREDENTIAL_STATUSES),
      from: maybe(day),
      to: maybe(day),
    }),
  ),
  leave: few(fc.record({ id: fc.constant('leave'), kind: fc.constant('sick'), from: day, to: day })),
  hours: maybe(
    fc.record({
      shift: fc.constant('shift'),
      shiftMinutes: minutes(1000),
      night: fc.boolean(),
      restMinutes: maybe(minutes(1000)),
      sevenDayMinutes: minutes(6000),
      nightsBefore: minutes(10),
      travelMinutes: minutes(400),
      callOuts: minutes(4),
      elsewhereDayMinutes: minutes(400),
      elsewhereSevenDayMinutes: minutes(2000),
      openShift: fc.boolean(),
      extensionAuthorized: fc.boolean(),
      policy: maybe(
        fc.record({
          policyId: fc.constant('0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e1f'),
          limits: fc.record(
            { maximumShiftMinutes: fc.integer({ min: 60, max: 1000 }), maximumCallOuts: minutes(5) },
            { requiredKeys: ['maximumCallOuts'] },
          ),
        }),
      ),
      authorization: maybe(
        fc.record({
          reference: fc.constant('R-1'),
          limits: fc.record(
            { maximumShiftMinutes: minutes(1000), minimumRestMinutes: minutes(1000), maximumNights: minutes(14) },
            { requiredKeys: [] },
          ),
        }),
      ),
    }),
  ),
});
