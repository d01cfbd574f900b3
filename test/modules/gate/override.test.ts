import { expect } from 'chai';
import { decide } from '../../../src/modules/gate/decide.ts';
import type { GateFacts } from '../../../src/modules/gate/facts.ts';
import { outcomeUnder, overrideProblems } from '../../../src/modules/gate/override.ts';
import type { GateOverride } from '../../../src/modules/gate/override.ts';
import { DEFAULT_GATE_RULES } from '../../../src/modules/gate/rules.ts';
import { AT, clearFacts, freshHours } from './facts.ts';

const rules = DEFAULT_GATE_RULES;
const from = new Date(AT);
const later = (minutes: number) => new Date(from.getTime() + minutes * 60_000);
const credentials: GateFacts['credentials'] = ['altitude exam', 'induction'].map((credential) => ({
  credential,
  requiredBy: 'site',
  equipment: null,
  status: 'expired',
  from: null,
  to: null,
}));
const decisionOf = (change: Partial<GateFacts>) => decide({ ...clearFacts, ...change }, rules);
const blocked = decisionOf({ credentials: credentials.slice(0, 1) });
const override: GateOverride = {
  by: 'manager',
  reasonKeys: ['CREDENTIAL_EXPIRED:altitude exam'],
  from,
  until: later(60),
  reason: 'renewed this morning, papers under way',
};
const problems = (change: Partial<GateOverride>, decision = blocked) =>
  overrideProblems(decision, { ...override, ...change }, 'worker', rules);

describe('gate overrides', () => {
  it('may be given by another person, with a reason, for a stated time', () => {
    expect(problems({})).to.deep.equal([]);
    expect(problems({ until: later(720) })).to.deep.equal([]);
  });

  it('never by the subject', () => {
    expect(problems({ by: 'worker' })).to.deep.equal(['OVERRIDE_OWN']);
  });

  it('never while a red is undecided, whatever it names', () => {
    const red = decisionOf({
      credentials: credentials.slice(0, 1),
      holds: [{ caseId: 'c', level: 'red', decided: false, opening: 0 }],
    });
    expect(problems({}, red)).to.deep.equal(['OVERRIDE_RED_UNDECIDED']);
    expect(problems({ reasonKeys: ['RED_UNDECIDED:c'] }, red)).to.deep.equal(['OVERRIDE_RED_UNDECIDED']);
    const smuggled = { ...override, reasonKeys: ['RED_UNDECIDED:c', ...override.reasonKeys] };
    expect(outcomeUnder(red, [smuggled], from)).to.equal('block');
  });

  it('never against a human’s decision, only beside it', () => {
    const decided = decisionOf({ holds: [{ caseId: 'c', level: 'red', decided: true, opening: 0 }], credentials });
    const reasonKeys = ['HOLD_UNTIL_RETURN:c', 'CREDENTIAL_EXPIRED:altitude exam'];
    expect(problems({ reasonKeys }, decided)).to.deep.equal(['OVERRIDE_HOLD_UNTIL_RETURN']);
    expect(outcomeUnder(decided, [{ ...override, reasonKeys }], from)).to.equal('block');
    expect(problems({ reasonKeys: reasonKeys.slice(1) }, decided)).to.deep.equal([]);
  });

  it('needs something that blocks, and names only that', () => {
    expect(problems({}, decisionOf({}))).to.deep.equal(['OVERRIDE_NOTHING', 'OVERRIDE_UNKNOWN_REASON']);
    expect(problems({ reasonKeys: [] })).to.deep.equal(['OVERRIDE_NOTHING']);
    expect(problems({ reasonKeys: ['CREDENTIAL_EXPIRED:induction'] })).to.deep.equal(['OVERRIDE_UNKNOWN_REASON']);
  });

  it('needs a reason and a period of at most the configured length', () => {
    expect(problems({ reason: ' \n' })).to.deep.equal(['OVERRIDE_NO_REASON']);
    expect(problems({ until: from })).to.deep.equal(['OVERRIDE_PERIOD']);
    expect(problems({ until: later(721) })).to.deep.equal(['OVERRIDE_PERIOD']);
    expect(problems({ until: new Date(Number.NaN) })).to.deep.equal(['OVERRIDE_PERIOD']);
  });

  it('turns a covered block into a restriction while it lasts', () => {
    expect(outcomeUnder(blocked, [], from)).to.equal('block');
    expect(outcomeUnder(blocked, [override], from)).to.equal('restrict');
    expect(outcomeUnder(blocked, [override], later(59))).to.equal('restrict');
    expect(outcomeUnder(blocked, [override], later(60))).to.equal('block');
    expect(outcomeUnder(blocked, [override], later(-1))).to.equal('block');
  });

  it('covers one thing, not all of its kind', () => {
    const both = decisionOf({ credentials });
    expect(outcomeUnder(both, [override], from)).to.equal('block');
    const second = { ...override, reasonKeys: ['CREDENTIAL_EXPIRED:induction'] };
    expect(outcomeUnder(both, [override, second], from)).to.equal('restrict');
  });

  it('covers one kind of equipment, not the others', () => {
    const on = (equipment: string): GateFacts['credentials'][number] => ({
      ...credentials[0]!,
      requiredBy: 'equipment',
      equipment,
    });
    const both = decisionOf({ credentials: [on('CRANE'), on('TRUCK')] });
    const crane = { ...override, reasonKeys: ['CREDENTIAL_EXPIRED:altitude exam:CRANE'] };
    expect(problems({ reasonKeys: crane.reasonKeys }, both)).to.deep.equal([]);
    expect(outcomeUnder(both, [crane], from)).to.equal('block');
    const truck = { ...override, reasonKeys: ['CREDENTIAL_EXPIRED:altitude exam:TRUCK'] };
    expect(outcomeUnder(both, [crane, truck], from)).to.equal('restrict');
  });

  it('covers one source of a restriction, not one that comes later', () => {
    const forbidden = (source: string) => ({
      source,
      decided: true,
      noDriving: true,
      noHeights: false,
      accompanied: false,
      until: null,
    });
    const work = { driving: true, heights: false, alone: false };
    const given = { ...override, reasonKeys: ['DRIVING_FORBIDDEN:yellow'] };
    const before = decisionOf({ work, restrictions: [forbidden('yellow')] });
    expect(outcomeUnder(before, [given], from)).to.equal('restrict');
    const after = decisionOf({ work, restrictions: [forbidden('yellow'), forbidden('red')] });
    expect(outcomeUnder(after, [given], from)).to.equal('block');
  });

  it('covers a case that waits for a human, not the same one opened again, nor after a worse test', () => {
    const waiting = (opening: number, level: string) =>
      decisionOf({ holds: [{ caseId: 'c', level, decided: false, opening }] });
    const given = { ...override, reasonKeys: waiting(0, 'yellow').reasons.map(({ key }) => key) };
    expect(outcomeUnder(waiting(0, 'yellow'), [given], from)).to.equal('restrict');
    expect(outcomeUnder(waiting(1, 'yellow'), [given], from)).to.equal('block');
    expect(outcomeUnder(waiting(0, 'orange'), [given], from)).to.equal('block');
  });

  it('covers what stands in the way, not what it comes to be', () => {
    const paper = (status: 'missing' | 'submitted' | 'rejected') =>
      decisionOf({ credentials: [{ ...credentials[0]!, status }] });
    const late = { ...override, reasonKeys: paper('missing').reasons.map(({ key }) => key) };
    expect(outcomeUnder(paper('submitted'), [late], from)).to.equal('restrict');
    expect(outcomeUnder(paper('rejected'), [late], from)).to.equal('block');
    const profile = (status: string) => decisionOf({ profile: { ...clearFacts.profile, status } });
    const away = { ...override, reasonKeys: profile('suspended').reasons.map(({ key }) => key) };
    expect(outcomeUnder(profile('suspended'), [away], from)).to.equal('restrict');
    expect(outcomeUnder(profile('ended'), [away], from)).to.equal('block');
  });

  it('covers one shift’s hours and one leave, not those of the next', () => {
    const tired = (shift: string) =>
      decisionOf({
        hours: { ...freshHours, shift, shiftMinutes: 961, restMinutes: 90, sevenDayMinutes: 9_000, openShift: true },
      });
    const away = (id: string) =>
      decisionOf({ leave: [{ id, kind: 'sick', from: clearFacts.date, to: clearFacts.date }] });
    for (const decided of [tired, away]) {
      const given = { ...override, reasonKeys: decided('this').reasons.map(({ key }) => key) };
      expect(outcomeUnder(decided('this'), [given], from)).to.equal('restrict');
      const next = decided('next');
      expect(overrideProblems(next, given, 'worker', rules)).to.deep.equal(['OVERRIDE_UNKNOWN_REASON']);
      for (const reason of next.reasons)
        expect(outcomeUnder({ ...next, reasons: [reason] }, [given], from)).to.equal('block');
    }
  });

  it('names a reason the same when its measure has moved on', () => {
    const keys = [90, 95].map((restMinutes) =>
      decisionOf({ hours: { ...freshHours, restMinutes } })
        .reasons.map(({ key }) => key)
        .join(),
    );
    expect(keys).to.deep.equal(['REST_TOO_SHORT:shift', 'REST_TOO_SHORT:shift']);
    expect(blocked.reasons.map(({ key }) => key)).to.deep.equal(['CREDENTIAL_EXPIRED:altitude exam']);
  });
});
