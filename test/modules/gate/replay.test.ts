import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { decide, GATE_VERSION } from '../../../src/modules/gate/decide.ts';
import type { GateFacts } from '../../../src/modules/gate/facts.ts';
import { block, GATE_REASONS } from '../../../src/modules/gate/reasons.ts';
import type { GateReason, Outcome } from '../../../src/modules/gate/reasons.ts';
import { GATE_VERSIONS, replayDecision } from '../../../src/modules/gate/replay.ts';
import type { GateVersion, StoredDecision } from '../../../src/modules/gate/replay.ts';
import { DEFAULT_GATE_RULES } from '../../../src/modules/gate/rules.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { AT, clearFacts } from './facts.ts';

const rules = DEFAULT_GATE_RULES;

/** What a version answered when it was current: written once, with its first decision. */
interface Recorded {
  readonly facts: GateFacts;
  readonly outcome: Outcome;
  readonly reasons: GateReason[];
}
const recorded = async (version: string): Promise<Recorded[]> =>
  JSON.parse(await readFile(`${import.meta.dirname}/${version}.json`, 'utf8')) as Recorded[];

const stored = (facts: GateFacts, by: GateVersion): StoredDecision => {
  const { outcome, reasons, ruleVersion } = by.decide(facts, rules);
  return { at: facts.at, facts, outcome, effectiveOutcome: outcome, reasons, ruleVersion };
};

/** Rules of another version: whoever is on their third night in a row is held, and no override lifts anything. */
const newer: GateVersion = {
  version: 'gate-9',
  decide: (facts, given) => {
    const { reasons } = decide(facts, given);
    const tired: GateReason[] = (facts.hours?.nightsBefore ?? 0) >= 2 ? [block('CONSECUTIVE_NIGHTS')] : [];
    const all = [...tired, ...reasons];
    return { outcome: all.length > 0 ? 'block' : 'allow', reasons: all, ruleVersion: `gate-9.${given.version}` };
  },
  outcomeUnder: ({ outcome }) => outcome,
};

describe('gate: replay', () => {
  const tired: GateFacts = { ...clearFacts, hours: { ...clearFacts.hours!, nightsBefore: 2 } };

  it('keeps every version there is to the answers that it gave', async () => {
    expect(GATE_VERSIONS[0]!.version).to.equal(GATE_VERSION);
    for (const { version, decide: by } of GATE_VERSIONS) {
      const answers = await recorded(version);
      for (const { facts, ...answer } of answers)
        expect(by(facts, rules)).to.deep.equal({ ...answer, ruleVersion: `${version}.1` });
      const codes = new Set(answers.flatMap(({ reasons }) => reasons.map(({ code }) => code)));
      expect([...codes].toSorted()).to.deep.equal([...GATE_REASONS].toSorted());
      expect(new Set(answers.map(({ outcome }) => outcome)).size).to.equal(3);
    }
  });

  it('decides by the version that decided then, whichever is current now', () => {
    const versions = [newer, ...GATE_VERSIONS];
    const [old, fresh] = [stored(tired, GATE_VERSIONS[0]!), stored(tired, newer)];
    expect([old.outcome, fresh.outcome]).to.deep.equal(['allow', 'block']);
    expect(replayDecision(old, rules, [], versions)).to.include({ same: true, outcome: 'allow' });
    expect(replayDecision(fresh, rules, [], versions)).to.include({ same: true, outcome: 'block' });
    expect(replayDecision({ ...old, ruleVersion: 'gate-9.1' }, rules, [], versions)).to.include({ same: false });
  });

  it('weighs overrides by the version that decided then', () => {
    const versions = [newer, ...GATE_VERSIONS];
    const given = {
      by: 'manager',
      reasonKeys: ['PROJECT_NOT_ACTIVE:ended'],
      from: new Date(AT),
      until: new Date(Date.parse(AT) + 60_000),
      reason: 'clearing up',
    };
    const facts: GateFacts = { ...clearFacts, project: { id: 'project', status: 'ended' } };
    const seen = versions.map((by) => {
      const effectiveOutcome = by.outcomeUnder(by.decide(facts, rules), [given], new Date(AT));
      return replayDecision({ ...stored(facts, by), effectiveOutcome }, rules, [given], versions);
    });
    expect(seen.map(({ same, effectiveOutcome }) => [same, effectiveOutcome])).to.deep.equal([
      [true, 'block'],
      [true, 'restrict'],
    ]);
  });

  it('says so where the version is not kept', () => {
    const unknown = stored(tired, newer);
    expect(() => replayDecision(unknown, rules, []))
      .to.throw(Problem)
      .with.property('code', 'GATE_VERSION_NOT_KEPT');
  });

  it('tells a forged outcome, reason or override from the stored ones', () => {
    const facts: GateFacts = { ...clearFacts, project: { id: 'project', status: 'ended' } };
    const row = stored(facts, GATE_VERSIONS[0]!);
    const override = {
      by: 'manager',
      reasonKeys: ['PROJECT_NOT_ACTIVE:ended'],
      from: new Date(AT),
      until: new Date(Date.parse(AT) + 60_000),
      reason: 'clearing up',
    };
    expect(replayDecision(row, rules, [])).to.include({ same: true });
    const turned = { ...row, reasons: row.reasons.map((reason) => ({ ...reason, params: { status: 'ended' } })) };
    expect(replayDecision(turned, rules, [])).to.include({ same: true });
    expect(replayDecision({ ...row, outcome: 'allow' }, rules, [])).to.include({ same: false });
    expect(replayDecision({ ...row, effectiveOutcome: 'restrict' }, rules, [])).to.include({ same: false });
    expect(replayDecision({ ...row, effectiveOutcome: 'restrict' }, rules, [override])).to.include({ same: true });
    expect(replayDecision({ ...row, reasons: [] }, rules, [])).to.include({ same: false });
    expect(replayDecision({ ...row, facts: clearFacts }, rules, [])).to.include({ same: false });
  });
});
