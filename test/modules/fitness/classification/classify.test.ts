import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  ACTIONS,
  CLASSIFICATION_VERSION,
  LEVELS,
  REASONS,
  classify,
  standingLevel,
} from '../../../../src/modules/fitness/classification/classify.ts';
import type { Classification, Level, Reason } from '../../../../src/modules/fitness/classification/classify.ts';
import {
  DEFAULT_FITNESS_POLICY,
  FitnessPolicySchema,
  checkPolicy,
} from '../../../../src/modules/fitness/classification/policy.ts';
import type { FitnessPolicy } from '../../../../src/modules/fitness/classification/policy.ts';
import type { FitnessSignals } from '../../../../src/modules/fitness/classification/signals.ts';
import { HourLimitsSchema } from '../../../../src/modules/gate/rules.ts';
import { createValidator } from '../../../../src/platform/schema/validator.ts';
import { everyCell } from './oracle.ts';

const policy = DEFAULT_FITNESS_POLICY;
const calm: FitnessSignals = {
  highRisk: false,
  reaction: { protocol: 'PVT-B', speed: 4, lapses: 2, qualityFlags: [], timing: 'within', device: 'qualified' },
  ocular: { risk: 'LOW', qualityFlags: [], device: 'unqualified' },
  selfReport: { kss: 3, sleep24h: 8, sleep48h: 16, awakeHours: 2, symptoms: false },
  alerts: [],
  clearance: 'yes',
  baseline: { mean: 4, sd: 0.2, pooledSd: 0.3 },
  retest: null,
  missing: null,
  earlierInvalid: false,
};
const slow = (speed: number) => ({ ...calm, reaction: calm.reaction && { ...calm.reaction, speed } });
const ocularHigh = { ...calm, ocular: calm.ocular && { ...calm.ocular, risk: 'HIGH' as const } };

/** How grave an answer is; level none by what it asks for, and at a retest, where all hold, only yellow and above differ. */
const GRAVITY = ['green may_work', 'none test', 'invalid repeat', 'none assessment', 'none restricted', 'none hold'];
const gravity = ({ level, action }: Classification, { retest }: FitnessSignals): number => {
  const grave = ['yellow', 'orange', 'red'].indexOf(level);
  if (grave >= 0) return GRAVITY.length + grave;
  return retest ? 0 : GRAVITY.indexOf(`${level} ${action}`);
};
const severity = ({ action }: Classification) => ACTIONS.indexOf(action);

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const number = (max: number) => fc.double({ min: 0, max, noNaN: true });
const flagsOf = fc.array(fc.constantFrom('DURATION_OFF', 'TOO_FEW_TRIALS'), { maxLength: 1 });
const device = fc.constantFrom('qualified' as const, 'unqualified' as const, 'refused' as const);
const anySignals: fc.Arbitrary<FitnessSignals> = fc.record({
  highRisk: fc.boolean(),
  reaction: maybe(
    fc.record({
      protocol: fc.constantFrom('PVT-B', 'PVT-10', 'STROOP'),
      speed: number(8),
      lapses: fc.nat(60),
      qualityFlags: flagsOf,
      timing: fc.constantFrom('within' as const, 'outside' as const, 'unknown' as const),
      device,
    }),
  ),
  ocular: maybe(fc.record({ risk: fc.constantFrom('HIGH' as const, 'LOW' as const), qualityFlags: flagsOf, device })),
  selfReport: maybe(
    fc.record({
      kss: maybe(fc.integer({ min: 1, max: 9 })),
      sleep24h: maybe(number(24)),
      sleep48h: maybe(number(48)),
      awakeHours: maybe(number(72)),
      symptoms: maybe(fc.boolean()),
    }),
  ),
  alerts: fc.subarray(['in_cab' as const, 'peer' as const, 'supervisor' as const]),
  clearance: fc.constantFrom(null, 'yes' as const, 'no' as const),
  baseline: maybe(fc.record({ mean: number(8), sd: maybe(number(1)), pooledSd: maybe(number(1)) })),
  retest: maybe(fc.record({ previousOcularHigh: fc.boolean() })),
  missing: fc.constantFrom(null, 'test' as const, 'device_outage' as const),
  earlierInvalid: fc.boolean(),
});
const anyPolicy: fc.Arbitrary<FitnessPolicy> = fc
  .record({
    minimumSpeed: number(6),
    yellowKss: fc.integer({ min: 1, max: 9 }),
    yellowSds: fc.double({ min: 0.5, max: 4, noNaN: true }),
    moreSds: number(4),
    yellowLapses: fc.integer({ min: 1, max: 30 }),
    moreLapses: fc.nat(30),
    minimum24h: number(12),
    minimum48h: number(24),
    awakeWithinSleep: fc.boolean(),
    protocols: fc.subarray(['PVT-B', 'PVT-10', 'STROOP'], { minLength: 1 }),
  })
  .map((given) => ({
    ...policy,
    minimumSpeed: given.minimumSpeed,
    yellowKss: given.yellowKss,
    protocols: given.protocols,
    deviation: { ...policy.deviation, yellowSds: given.yellowSds, orangeSds: given.yellowSds + given.moreSds },
    bands: { ...policy.bands, yellowLapses: given.yellowLapses, redAboveLapses: given.yellowLapses + given.moreLapses },
    sleep: { minimum24h: given.minimum24h, minimum48h: given.minimum48h, awakeWithinSleep: given.awakeWithinSleep },
  }));

type Worsening = [name: string, worsen: (signals: FitnessSignals, amount: number) => FitnessSignals];
/** Each makes one signal worse, or adds a bad one, and leaves validity as it is. */
const WORSENINGS: Worsening[] = [
  ['slower', (s, by) => ({ ...s, reaction: s.reaction && { ...s.reaction, speed: s.reaction.speed - by } })],
  [
    'more lapses',
    (s, by) => ({ ...s, reaction: s.reaction && { ...s.reaction, lapses: s.reaction.lapses + by * 10 } }),
  ],
  ['ocular HIGH', (s) => ({ ...s, ocular: s.ocular && { ...s.ocular, risk: 'HIGH' } })],
  [
    'sleepier',
    (s) => ({ ...s, selfReport: s.selfReport && { ...s.selfReport, kss: Math.min(9, (s.selfReport.kss ?? 6) + 1) } }),
  ],
  ['symptoms', (s) => ({ ...s, selfReport: s.selfReport && { ...s.selfReport, symptoms: true } })],
  [
    'less sleep',
    (s, by) => {
      if (!s.selfReport) return s;
      const less = (hours: number | null) => (hours === null ? 0 : Math.max(0, hours - by));
      const { sleep24h, sleep48h } = s.selfReport;
      return { ...s, selfReport: { ...s.selfReport, sleep24h: less(sleep24h), sleep48h: less(sleep48h) } };
    },
  ],
  [
    'longer awake',
    (s, by) => ({
      ...s,
      selfReport: s.selfReport && { ...s.selfReport, awakeHours: (s.selfReport.awakeHours ?? 0) + by },
    }),
  ],
  ['an alert', (s) => ({ ...s, alerts: ['in_cab', 'peer', 'supervisor'] })],
  ['clearance refused', (s) => ({ ...s, clearance: 'no' })],
  ['a test missing', (s) => ({ ...s, missing: 'test' })],
  ['an outage', (s) => ({ ...s, missing: s.missing ?? 'device_outage' })],
  ['invalid before', (s) => ({ ...s, earlierInvalid: true })],
  ['HIGH before', (s) => (s.retest ? { ...s, retest: { previousOcularHigh: true } } : s)],
  ['high risk', (s) => ({ ...s, highRisk: true })],
  ['a bad self-report', (s) => ({ ...s, selfReport: s.selfReport ?? { ...calm.selfReport!, kss: 9, sleep24h: 0 } })],
  ['an ocular HIGH more', (s) => (s.reaction && !s.ocular ? { ...s, ocular: ocularHigh.ocular } : s)],
];

describe('fitness classification', () => {
  it('answers every cell of the table as the table says', function () {
    this.timeout(60_000);
    let cells = 0;
    const wrong: string[] = [];
    const levels = new Set<Level>();
    const reasons = new Set<Reason>();
    for (const { name, signals, expected } of everyCell()) {
      cells += 1;
      const { level, action, opensCase, escalates, reasons: found } = classify(signals, policy);
      levels.add(level);
      for (const reason of found) reasons.add(reason);
      const agrees =
        level === expected.level &&
        action === expected.action &&
        opensCase === (action === 'hold' && signals.retest === null) &&
        escalates === (level === 'red') &&
        found.length > 0;
      if (!agrees && wrong.length < 10) {
        wrong.push(`${name}: ${level} ${action} for ${expected.level} ${expected.action}`);
      }
    }
    expect(wrong).to.deep.equal([]);
    expect(cells).to.equal(26 * 5 * 10 * 3 * 3 * 3 * 3 * 2 * 2);
    expect([...levels].toSorted()).to.deep.equal([...LEVELS].toSorted());
    expect([...reasons].toSorted()).to.deep.equal([...REASONS].toSorted());
  });

  it('gives the reasons, the gravest first, and for green what it rests on', () => {
    expect(classify(calm, policy)).to.deep.equal({
      level: 'green',
      action: 'may_work',
      opensCase: false,
      escalates: false,
      reasons: ['STANDARD_MET', 'WITHIN_OWN_LIMITS', 'OCULAR_LOW'],
      deviation: 0,
      ruleVersion: CLASSIFICATION_VERSION,
    });
    const tired = { ...slow(3.5), clearance: 'no' as const, missing: 'test' as const };
    expect(classify(tired, policy).reasons).to.deep.equal([
      'CLEARANCE_REFUSED',
      'TWO_YELLOW_SIGNALS',
      'SPEED_BELOW_YELLOW',
      'TEST_MISSING',
    ]);
    expect(classify({ ...calm, baseline: null }, policy).reasons).to.include('NO_OWN_BASELINE');
  });

  it('tells the deviation in own standard deviations', () => {
    expect(classify(slow(3.5), policy).deviation).to.be.closeTo(-2.5, 1e-9);
    expect(classify({ ...slow(3.5), baseline: null }, policy).deviation).to.equal(null);
    expect(classify({ ...slow(3.5), baseline: { mean: 4, sd: 0, pooledSd: null } }, policy)).to.include({
      level: 'orange',
      deviation: null,
    });
    expect(classify({ ...calm, reaction: null }, policy).deviation).to.equal(null);
    const unreadable = classify({ ...calm, baseline: { mean: Number.NaN, sd: 1, pooledSd: null } }, policy);
    expect(unreadable.reasons).to.include('NO_OWN_BASELINE');
  });

  it('keeps one ocular reading alone at yellow, whatever the policy and the group', () => {
    fc.assert(
      fc.property(anyPolicy, fc.boolean(), (given, highRisk) => {
        const alone = { ...ocularHigh, highRisk, reaction: null, selfReport: null, baseline: null };
        expect(classify(alone, given).level).to.equal('yellow');
      }),
    );
  });

  it('never takes an invalid test, or none, for fit', () => {
    fc.assert(
      fc.property(anySignals, anyPolicy, (signals, given) => {
        const { level, action } = classify(signals, given);
        const spoiled = (test: { qualityFlags: readonly string[] } | null) => !test || test.qualityFlags.length > 0;
        if (signals.reaction && signals.reaction.qualityFlags.length > 0) expect(level).to.not.equal('green');
        if (spoiled(signals.reaction) && spoiled(signals.ocular)) {
          expect(level).to.not.equal('green');
          expect(action).to.not.equal('may_work');
        }
      }),
    );
  });

  it('never lets work go on after a retest without a human', () => {
    fc.assert(
      fc.property(anySignals, anyPolicy, (signals, given) => {
        const retest = classify({ ...signals, retest: { previousOcularHigh: false } }, given);
        expect(retest).to.include({ action: 'hold', opensCase: false });
      }),
    );
  });

  for (const [name, worsen] of WORSENINGS) {
    it(`is never milder for: ${name}`, () => {
      fc.assert(
        fc.property(anySignals, anyPolicy, fc.integer({ min: 1, max: 5 }), (signals, given, amount) => {
          const worse = worsen(signals, amount);
          const before = classify(signals, given);
          const after = classify(worse, given);
          expect(gravity(after, worse)).to.be.at.least(gravity(before, signals));
          expect(severity(after)).to.be.at.least(severity(before));
        }),
        { numRuns: 300 },
      );
    });
  }

  it('has one answer for anything, and the same each time', () => {
    const odd = fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 0, 1e308);
    fc.assert(
      fc.property(anySignals, anyPolicy, odd, (signals, given, value) => {
        const broken: FitnessSignals = {
          ...signals,
          reaction: signals.reaction && { ...signals.reaction, speed: value, lapses: value },
          baseline: { mean: value, sd: value, pooledSd: value },
          selfReport: { kss: value, sleep24h: value, sleep48h: value, awakeHours: value, symptoms: null },
        };
        for (const one of [signals, broken]) {
          const answer = classify(one, given);
          expect(LEVELS).to.include(answer.level);
          expect(ACTIONS).to.include(answer.action);
          expect(answer.reasons.length).to.be.greaterThan(0);
          expect(classify(structuredClone(one), given)).to.deep.equal(answer);
        }
      }),
    );
  });

  describe('standing level of several attempts', () => {
    it('lets the first valid attempt stand, and a retake only worsen it', () => {
      expect(standingLevel(['green'])).to.equal('green');
      expect(standingLevel(['yellow', 'green'])).to.equal('yellow');
      expect(standingLevel(['green', 'red'])).to.equal('red');
      expect(standingLevel(['orange', 'yellow', 'green'])).to.equal('orange');
      expect(standingLevel(['invalid', 'green'])).to.equal('green');
      expect(standingLevel(['green', 'invalid'])).to.equal('green');
    });

    it('counts one invalid attempt as invalid, two as none', () => {
      expect(standingLevel(['invalid'])).to.equal('invalid');
      expect(standingLevel(['invalid', 'invalid'])).to.equal('none');
      expect(standingLevel([])).to.equal('none');
    });

    it('never improves with one more valid attempt', () => {
      const order: Level[] = ['green', 'none', 'yellow', 'orange', 'red'];
      const valid = fc.constantFrom(...order);
      fc.assert(
        fc.property(fc.array(valid, { minLength: 1 }), valid, (attempts, next) => {
          const after = order.indexOf(standingLevel([...attempts, next]));
          expect(after).to.be.at.least(order.indexOf(standingLevel(attempts)));
        }),
      );
    });
  });
});

describe('fitness policy', () => {
  const faultsOf = createValidator().compile(FitnessPolicySchema);
  const validate = (value: unknown) => faultsOf(value).length === 0;

  it('has a schema that takes the defaults and nothing unknown, missing or out of range', () => {
    expect(faultsOf(policy)).to.deep.equal([]);
    expect(validate({ ...policy, extra: 1 })).to.equal(false);
    expect(validate({ ...policy, sleep: { minimum24h: 5 } })).to.equal(false);
    expect(validate({ ...policy, yellowKss: 10 })).to.equal(false);
    expect(validate({ ...policy, minimumSpeed: '2.5' })).to.equal(false);
    expect(
      validate({ ...policy, required: [{ kind: 'yearly', test: 'PVT-B', windowMinutes: 60, graceMinutes: 0 }] }),
    ).to.equal(false);
  });

  it('has the limits of working time that the gate has, in the same ranges', () => {
    const { hours } = FitnessPolicySchema.properties;
    expect(JSON.stringify(hours.properties)).to.equal(JSON.stringify(HourLimitsSchema.properties));
  });

  it('refuses limits that stand in the wrong order', () => {
    expect(checkPolicy(policy)).to.deep.equal([]);
    expect(
      checkPolicy({
        ...policy,
        protocols: ['PVT-10'],
        deviation: { ...policy.deviation, yellowSds: 4 },
        bands: { ...policy.bands, yellowLapses: 21 },
        sleep: { ...policy.sleep, minimum24h: 13 },
        escalation: { managerMinutes: 20, safetyAdminMinutes: 20 },
        baseline: { ...policy.baseline, provisionalFrom: 11 },
        missingRestrictions: { ...policy.missingRestrictions, noDriving: false },
        alsoHeld: { levels: ['yellow'], missing: [] },
      }),
    ).to.deep.equal([
      'POLICY_DEVIATION_ORDER',
      'POLICY_BANDS_ORDER',
      'POLICY_BANDS_PROTOCOL',
      'POLICY_SLEEP_ORDER',
      'POLICY_ESCALATION_ORDER',
      'POLICY_BASELINE_ORDER',
      'POLICY_MISSING_LIGHTER',
      'POLICY_MISSING_NOT_HELD',
    ]);
    const free = { noDriving: false, accompanied: false, noHeights: false };
    expect(checkPolicy({ ...policy, yellowRestrictions: free, missingRestrictions: free })).to.deep.equal([]);
  });
});
