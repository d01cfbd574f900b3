import { expect } from 'chai';
import * as fc from 'fast-check';
import { decide } from '../../../src/modules/gate/decide.ts';
import { GateFactsSchema } from '../../../src/modules/gate/facts.ts';
import type { GateFacts, HourFacts } from '../../../src/modules/gate/facts.ts';
import { GATE_REASONS, OUTCOMES } from '../../../src/modules/gate/reasons.ts';
import type { GateReasonCode } from '../../../src/modules/gate/reasons.ts';
import { DEFAULT_GATE_RULES, GateRulesSchema } from '../../../src/modules/gate/rules.ts';
import { createValidator } from '../../../src/platform/schema/validator.ts';
import { AT, anyFacts, clearFacts, freshHours } from './facts.ts';

const rules = DEFAULT_GATE_RULES;
const SOON = '2025-06-10T10:50:01.000Z';
const [dueTest] = clearFacts.requirements;
const [credential] = clearFacts.credentials;
if (!dueTest || !credential) throw new Error('the clear facts name a test and a credential');

type Change = Partial<GateFacts>;
const answer = (change: Change) => {
  const { outcome, reasons } = decide({ ...clearFacts, ...change }, rules);
  return [outcome, ...reasons.map(({ code }) => code)].join(' ');
};
const withHours = (change: Partial<HourFacts>) => answer({ hours: { ...freshHours, ...change } });
const withTest = (change: Partial<GateFacts['requirements'][number]>, more: Change = {}) =>
  answer({ ...more, requirements: [{ ...dueTest, ...change }] });
const withCredential = (change: Partial<GateFacts['credentials'][number]>) =>
  answer({ credentials: [{ ...credential, ...change }] });
const restriction = {
  source: 'case',
  decided: true,
  noDriving: false,
  accompanied: false,
  noHeights: false,
  until: null,
};
const hold = { caseId: 'c', level: 'orange', decided: false, opening: 0 };

/** Each adds one bad fact, or makes one worse. */
const WORSENINGS: [string, (facts: GateFacts) => GateFacts][] = [
  ['a provider fails', (f) => ({ ...f, unavailable: [...f.unavailable, { provider: 'workforce', facts: ['hours'] }] })],
  ['the profile is suspended', (f) => ({ ...f, profile: { ...f.profile, status: 'suspended' } })],
  ['the profile has expired', (f) => ({ ...f, profile: { ...f.profile, expiresAt: AT } })],
  ['the assignment is ended', (f) => ({ ...f, assignment: f.assignment && { ...f.assignment, status: 'ended' } })],
  ['the contract is over', (f) => ({ ...f, contract: f.contract && { ...f.contract, to: '2025-06-09' } })],
  ['a license lapses', (f) => ({ ...f, licenses: [...f.licenses, { offering: 'FIT2000', status: 'expired' }] })],
  ['an orange case', (f) => ({ ...f, holds: [...f.holds, hold] })],
  ['an undecided red', (f) => ({ ...f, holds: [...f.holds, { ...hold, level: 'red' }] })],
  ['a restriction', (f) => ({ ...f, restrictions: [...f.restrictions, { ...restriction, accompanied: true }] })],
  ['the work needs driving', (f) => ({ ...f, work: { ...f.work, driving: true } })],
  ['a missed test', (f) => ({ ...f, requirements: [...f.requirements, { ...dueTest, status: 'missed' }] })],
  ['an outage', (f) => ({ ...f, requirements: [...f.requirements, { ...dueTest, status: 'blocked' }] })],
  ['high risk', (f) => ({ ...f, highRisk: true })],
  ['a missing credential', (f) => ({ ...f, credentials: [...f.credentials, { ...credential, status: 'missing' }] })],
  [
    'leave',
    (f) => ({ ...f, leave: [...f.leave, { id: 'leave', kind: 'sick', from: '2025-06-10', to: '2025-06-10' }] }),
  ],
  ['a longer shift', (f) => ({ ...f, hours: f.hours && { ...f.hours, shiftMinutes: f.hours.shiftMinutes + 60 } })],
  [
    'less rest',
    (f) => ({ ...f, hours: f.hours && { ...f.hours, restMinutes: Math.max(0, (f.hours.restMinutes ?? 500) - 60) } }),
  ],
  ['more work', (f) => ({ ...f, hours: f.hours && { ...f.hours, sevenDayMinutes: f.hours.sevenDayMinutes + 600 } })],
  ['more nights', (f) => ({ ...f, hours: f.hours && { ...f.hours, nightsBefore: f.hours.nightsBefore + 2 } })],
  ['travel', (f) => ({ ...f, hours: f.hours && { ...f.hours, travelMinutes: f.hours.travelMinutes + 200 } })],
  ['more call-outs', (f) => ({ ...f, hours: f.hours && { ...f.hours, callOuts: f.hours.callOuts + 2 } })],
  [
    'work elsewhere',
    (f) => ({ ...f, hours: f.hours && { ...f.hours, elsewhereDayMinutes: f.hours.elsewhereDayMinutes + 200 } }),
  ],
  ['an open shift', (f) => ({ ...f, hours: f.hours && { ...f.hours, openShift: true } })],
];

describe('gate', () => {
  it('allows what nothing stands against', () => {
    expect(decide(clearFacts, rules)).to.deep.equal({ outcome: 'allow', reasons: [], ruleVersion: 'gate-1.1' });
    expect(decide(clearFacts, { ...rules, version: 7 }).ruleVersion).to.equal('gate-1.7');
  });

  it('blocks when a provider cannot answer', () => {
    expect(answer({ unavailable: [{ provider: 'workforce', facts: ['hours'] }] })).to.equal('block FACTS_UNAVAILABLE');
    const nothing = { profile: { id: 'p', status: 'unknown', expiresAt: null }, assignment: null };
    const unavailable = [{ provider: 'workforce', facts: ['profile', 'assignment'] }];
    expect(answer({ ...nothing, unavailable })).to.equal('block FACTS_UNAVAILABLE');
    expect(answer(nothing)).to.equal('block PROFILE_NOT_ACTIVE NO_ASSIGNMENT');
  });

  it('looks at profile, assignment, project, contract and licenses', () => {
    const { profile, assignment, contract } = clearFacts;
    expect(answer({ profile: { ...profile, status: 'suspended' } })).to.equal('block PROFILE_NOT_ACTIVE');
    expect(answer({ profile: { ...profile, expiresAt: AT } })).to.equal('block PROFILE_EXPIRED');
    expect(answer({ profile: { ...profile, expiresAt: SOON } })).to.equal('allow');
    expect(answer({ profile: { ...profile, expiresAt: 'soon' } })).to.equal('block PROFILE_EXPIRED');
    expect(answer({ assignment: null })).to.equal('block NO_ASSIGNMENT');
    expect(answer({ assignment: null, purpose: 'assignment' })).to.equal('block NO_ASSIGNMENT');
    expect(answer({ assignment: null, purpose: 'intervention' })).to.equal('allow');
    const draft = assignment && { ...assignment, status: 'draft' };
    expect(answer({ assignment: draft })).to.equal('block ASSIGNMENT_NOT_ACTIVE');
    expect(answer({ assignment: draft, purpose: 'assignment' })).to.equal('allow');
    expect(answer({ assignment: assignment && { ...assignment, to: '2025-06-09' } })).to.equal(
      'block ASSIGNMENT_DATES',
    );
    expect(answer({ assignment: assignment && { ...assignment, from: '2025-06-11', to: null } })).to.equal(
      'block ASSIGNMENT_DATES',
    );
    expect(answer({ project: { id: 'p', status: 'on_hold' } })).to.equal('block PROJECT_NOT_ACTIVE');
    expect(answer({ project: null, contract: null, licenses: [], hours: null })).to.equal('allow');
    expect(answer({ contract: contract && { ...contract, status: 'suspended' } })).to.equal(
      'block CONTRACT_NOT_ACTIVE',
    );
    expect(answer({ contract: contract && { ...contract, from: '2025-06-11' } })).to.equal('block CONTRACT_DATES');
    expect(answer({ licenses: [{ offering: 'SAFER', status: 'missing' }] })).to.equal('block LICENSE_INACTIVE');
  });

  it('blocks on each day of a leave', () => {
    const on = (from: string, to: string) => answer({ leave: [{ id: 'leave', kind: 'sick', from, to }] });
    expect(on('2025-06-10', '2025-06-12')).to.equal('block ON_LEAVE');
    expect(on('2025-06-01', '2025-06-10')).to.equal('block ON_LEAVE');
    expect(on('2025-06-11', '2025-06-12')).to.equal('allow');
  });

  it('holds until a human decides, and after a decision until the return', () => {
    expect(answer({ holds: [hold] })).to.equal('block HOLD_UNDECIDED');
    expect(answer({ holds: [{ ...hold, level: 'red' }] })).to.equal('block RED_UNDECIDED');
    expect(answer({ holds: [{ ...hold, level: 'red', decided: true }] })).to.equal('block HOLD_UNTIL_RETURN');
  });

  it('restricts by restrictions in force, and blocks work that needs what they forbid', () => {
    const under = (change: Partial<GateFacts['restrictions'][number]>, work: Partial<GateFacts['work']> = {}) =>
      answer({ restrictions: [{ ...restriction, ...change }], work: { ...clearFacts.work, ...work } });
    const needs = { driving: true, heights: true, alone: true };
    expect(under({ noDriving: true })).to.equal('restrict NO_DRIVING');
    expect(under({ noDriving: true }, needs)).to.equal('block DRIVING_FORBIDDEN');
    expect(under({ noHeights: true })).to.equal('restrict NO_HEIGHTS');
    expect(under({ noHeights: true }, needs)).to.equal('block HEIGHTS_FORBIDDEN');
    expect(under({ accompanied: true })).to.equal('restrict ACCOMPANIED');
    expect(under({ accompanied: true }, needs)).to.equal('block ALONE_FORBIDDEN');
    expect(under({}, needs)).to.equal('allow');
    expect(under({ noDriving: true, until: AT })).to.equal('allow');
    expect(under({ noDriving: true, until: SOON })).to.equal('restrict NO_DRIVING');
    expect(under({ noDriving: true, until: 'unreadable' })).to.equal('restrict NO_DRIVING');
  });

  it('blocks high-risk work after a test that restricts, until a human has weighed it', () => {
    const under = (change: object, highRisk = true) =>
      answer({ highRisk, restrictions: [{ ...restriction, accompanied: true, ...change }] });
    expect(under({ decided: false })).to.equal('block HIGH_RISK_FORBIDDEN ACCOMPANIED');
    expect(under({ decided: true })).to.equal('restrict ACCOMPANIED');
    expect(under({ decided: false }, false)).to.equal('restrict ACCOMPANIED');
    expect(under({ decided: false, until: AT })).to.equal('allow');
  });

  it('asks for the required tests: a missing one blocks high-risk work and restricts any other', () => {
    const highRisk = { highRisk: true };
    expect(withTest({ status: 'due' })).to.equal('restrict TEST_MISSING');
    expect(withTest({ status: 'due' }, highRisk)).to.equal('block TEST_MISSING');
    expect(withTest({ status: 'missed' })).to.equal('restrict TEST_MISSING');
    expect(withTest({ status: 'missed' }, highRisk)).to.equal('block TEST_MISSING');
    for (const status of ['done_on_time', 'done_late'] as const) {
      expect(withTest({ status }, highRisk), status).to.equal('allow');
    }
    expect(withTest({ status: 'excused' })).to.equal('restrict TEST_MISSING');
    expect(withTest({ status: 'excused' }, highRisk)).to.equal('block TEST_MISSING');
    expect(withTest({ status: 'excused', answered: true }, highRisk)).to.equal('allow');
  });

  it('takes a pre-shift test as due when work starts early, and a later one only at its time', () => {
    expect(withTest({ status: 'due', dueAt: SOON })).to.equal('restrict TEST_MISSING');
    expect(withTest({ status: 'due', kind: 'mid_shift', dueAt: SOON })).to.equal('allow');
    expect(withTest({ status: 'due', kind: 'mid_shift', dueAt: AT })).to.equal('restrict TEST_MISSING');
  });

  it('gives grace only to groups that have it, and asks for no test ahead of time', () => {
    expect(withTest({ status: 'due', graceUntil: SOON }, { highRisk: true })).to.equal('restrict TEST_IN_GRACE');
    expect(withTest({ status: 'due', graceUntil: AT }, { highRisk: true })).to.equal('block TEST_MISSING');
    expect(withTest({ status: 'due' }, { highRisk: true, purpose: 'assignment' })).to.equal('allow');
    expect(withTest({ status: 'due' }, { highRisk: true, purpose: 'crew' })).to.equal('block TEST_MISSING');
    expect(withTest({ status: 'due' }, { highRisk: true, purpose: 'intervention' })).to.equal('block TEST_MISSING');
  });

  it('asks for the documented assessment when an outage blocked the test', () => {
    expect(withTest({ status: 'blocked' })).to.equal('restrict ASSESSMENT_MISSING');
    expect(withTest({ status: 'blocked' }, { highRisk: true })).to.equal('block ASSESSMENT_MISSING');
    expect(withTest({ status: 'blocked', assessed: true }, { highRisk: true })).to.equal('allow');
  });

  it('asks for every credential to be valid on the day', () => {
    for (const status of ['missing', 'submitted', 'rejected'] as const) {
      expect(withCredential({ status }), status).to.equal('block CREDENTIAL_MISSING');
    }
    expect(withCredential({ status: 'expired' })).to.equal('block CREDENTIAL_EXPIRED');
    expect(withCredential({ to: '2025-06-09' })).to.equal('block CREDENTIAL_EXPIRED');
    expect(withCredential({ status: 'revoked', to: '2025-06-09' })).to.equal('block CREDENTIAL_REVOKED');
    expect(withCredential({ from: '2025-06-11', to: null })).to.equal('block CREDENTIAL_NOT_YET_VALID');
    expect(withCredential({ from: null, to: null })).to.equal('allow');
  });

  it('limits the shift to 12 hours, to 14 with an authorized extension', () => {
    expect(withHours({ shiftMinutes: 721 })).to.equal('block SHIFT_TOO_LONG');
    expect(withHours({ shiftMinutes: 840, extensionAuthorized: true })).to.equal('allow');
    expect(withHours({ shiftMinutes: 841, extensionAuthorized: true })).to.equal('block SHIFT_TOO_LONG');
  });

  it('asks for 10 hours of rest and a closed shift before', () => {
    expect(withHours({ restMinutes: 600 })).to.equal('allow');
    expect(withHours({ restMinutes: 599 })).to.equal('block REST_TOO_SHORT');
    expect(withHours({ restMinutes: null })).to.equal('allow');
    expect(withHours({ openShift: true })).to.equal('block OPEN_SHIFT');
  });

  it('limits seven days, nights in a row, travel, call-outs and hours elsewhere', () => {
    expect(withHours({ sevenDayMinutes: 4560 })).to.equal('allow');
    expect(withHours({ sevenDayMinutes: 4561 })).to.equal('block SEVEN_DAY_HOURS');
    expect(withHours({ sevenDayMinutes: 4500, elsewhereSevenDayMinutes: 61 })).to.equal('block SEVEN_DAY_HOURS');
    expect(withHours({ night: true, nightsBefore: 6 })).to.equal('allow');
    expect(withHours({ night: true, nightsBefore: 7 })).to.equal('block CONSECUTIVE_NIGHTS');
    expect(withHours({ night: false, nightsBefore: 7 })).to.equal('allow');
    expect(withHours({ travelMinutes: 120 })).to.equal('allow');
    expect(withHours({ travelMinutes: 121 })).to.equal('block TRAVEL_AND_SHIFT');
    expect(withHours({ elsewhereDayMinutes: 120 })).to.equal('allow');
    expect(withHours({ elsewhereDayMinutes: 121 })).to.equal('block HOURS_ELSEWHERE');
    expect(withHours({ callOuts: 2 })).to.equal('allow');
    expect(withHours({ callOuts: 3 })).to.equal('restrict CALL_OUTS');
  });

  it('takes the limits of a roster authorization where it names them, and the company’s elsewhere', () => {
    const authorization = { reference: 'DT-123', limits: { maximumNights: 14, maximumShiftMinutes: 600 } };
    expect(withHours({ authorization, night: true, nightsBefore: 13, shiftMinutes: 600 })).to.equal('allow');
    expect(withHours({ authorization, shiftMinutes: 601 })).to.equal('block SHIFT_TOO_LONG');
    expect(withHours({ authorization, shiftMinutes: 600, restMinutes: 599 })).to.equal('block REST_TOO_SHORT');
  });

  it('takes the limits of the fitness policy over the company’s, and under those of an authorization', () => {
    const policy = { policyId: 'policy', limits: { maximumShiftMinutes: 600, minimumRestMinutes: 660 } };
    expect(withHours({ policy, shiftMinutes: 600, restMinutes: 660 })).to.equal('allow');
    expect(withHours({ policy, shiftMinutes: 601, restMinutes: 659 })).to.equal('block SHIFT_TOO_LONG REST_TOO_SHORT');
    const authorization = { reference: 'DT-123', limits: { maximumShiftMinutes: 700 } };
    expect(withHours({ policy, authorization, shiftMinutes: 700, restMinutes: 659 })).to.equal('block REST_TOO_SHORT');
  });

  it('lists every reason with what it is about, those that block first', () => {
    const { outcome, reasons } = decide(
      {
        ...clearFacts,
        restrictions: [{ ...restriction, noDriving: true }],
        holds: [hold],
        hours: { ...freshHours, restMinutes: 90 },
      },
      rules,
    );
    expect(outcome).to.equal('block');
    expect(reasons).to.deep.equal([
      {
        code: 'HOLD_UNDECIDED',
        severity: 'block',
        key: 'HOLD_UNDECIDED:c:0:orange',
        params: { caseId: 'c', opening: 0, level: 'orange' },
      },
      {
        code: 'REST_TOO_SHORT',
        severity: 'block',
        key: 'REST_TOO_SHORT:shift',
        params: { shift: 'shift', hours: 1.5, limit: 10 },
      },
      { code: 'NO_DRIVING', severity: 'restrict', key: 'NO_DRIVING', params: {} },
    ]);
  });

  it('is total and replays to the same answer from its recorded facts', () => {
    const seen = new Set<GateReasonCode>();
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = decide(facts, rules);
        expect(OUTCOMES).to.include(decision.outcome);
        expect(decide(JSON.parse(JSON.stringify(facts)) as GateFacts, rules)).to.deep.equal(decision);
        expect(JSON.parse(JSON.stringify(decision))).to.deep.equal(decision);
        for (const { code } of decision.reasons) seen.add(code);
      }),
      { numRuns: 2000, seed: 17 },
    );
    expect([...seen].toSorted()).to.deep.equal([...GATE_REASONS].toSorted());
  });

  for (const [name, worsen] of WORSENINGS) {
    it(`never opens for one bad fact more: ${name}`, () => {
      fc.assert(
        fc.property(fc.oneof(anyFacts, fc.constant(clearFacts)), (facts) => {
          const before = OUTCOMES.indexOf(decide(facts, rules).outcome);
          expect(OUTCOMES.indexOf(decide(worsen(facts), rules).outcome)).to.be.at.least(before);
        }),
        { numRuns: 200 },
      );
    });

    it(`closes at least a little on clear facts, or is about something else: ${name}`, () => {
      const needsMore = [
        'the work needs driving',
        'high risk',
        'a longer shift',
        'less rest',
        'more work',
        'more nights',
        'more call-outs',
      ];
      const { outcome } = decide(worsen({ ...clearFacts, hours: { ...freshHours } }), rules);
      if (!needsMore.includes(name)) expect(outcome).to.not.equal('allow');
    });
  }

  describe('schemas', () => {
    const validator = createValidator();
    const factFaults = validator.compile(GateFactsSchema);
    const ruleFaults = validator.compile(GateRulesSchema);

    it('take all facts that the decision takes', () => {
      expect(factFaults(clearFacts)).to.deep.equal([]);
      fc.assert(
        fc.property(anyFacts, (facts) => {
          fc.pre(facts.hours?.authorization === null || facts.hours === null);
          expect(factFaults(facts)).to.deep.equal([]);
        }),
      );
    });

    it('refuse facts that are missing, unknown or malformed', () => {
      const { leave: _, ...without } = clearFacts;
      expect(factFaults(without)).to.have.length(1);
      expect(factFaults({ ...clearFacts, mood: 'good' })).to.have.length(1);
      expect(factFaults({ ...clearFacts, at: 'today' })).to.have.length(1);
      const authorization = { reference: 'R', limits: { maximumNight: 14 } };
      expect(factFaults({ ...clearFacts, hours: { ...freshHours, authorization } })).to.have.length(1);
    });

    it('take the default rules and refuse limits out of range', () => {
      expect(ruleFaults(rules)).to.deep.equal([]);
      expect(ruleFaults({ ...rules, hours: { ...rules.hours, maximumShiftMinutes: 0 } })).to.have.length(1);
      expect(ruleFaults({ ...rules, hours: { ...rules.hours, naps: 1 } })).to.have.length(1);
    });
  });
});
