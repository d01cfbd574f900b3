import { expect } from 'chai';
import * as fc from 'fast-check';
import { REACTION_PROTOCOLS, readReaction } from '../../../../src/modules/fitness/classification/metrics.ts';
import type { ReactionMetrics } from '../../../../src/modules/fitness/classification/metrics.ts';

const PVT_B = REACTION_PROTOCOLS['PVT-B'];
const PVT_10 = REACTION_PROTOCOLS['PVT-10'];
const read = (trials: unknown, falseStarts = 0, durationMs: number | null = 180_000) =>
  readReaction({ trials, falseStarts, durationMs }, PVT_B);
const measured = (trials: unknown, falseStarts = 0): ReactionMetrics => {
  const reading = read(trials, falseStarts);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.metrics;
};
const problem = (...input: Parameters<typeof read>) => {
  const reading = read(...input);
  return reading.ok ? 'none' : reading.problem;
};
const flags = (...input: Parameters<typeof read>) => {
  const reading = read(...input);
  return reading.ok ? reading.qualityFlags : [reading.problem];
};
const rts = (count: number) => Array.from({ length: count }, (_, index) => 240 + index);

describe('reaction metrics', () => {
  it('computes means, median, speeds, lapses and false starts of a known test', () => {
    const metrics = measured([200, 250, 400, 500, 50, null], 2);
    expect(metrics).to.deep.equal({
      responses: 4,
      misses: 1,
      falseStarts: 3,
      meanRt: 337.5,
      medianRt: 325,
      meanSpeed: (5 + 4 + 2.5 + 2) / 4,
      scoredSpeed: (5 + 4 + 2.5 + 2) / 8,
      lapses: 3,
      durationMs: 180_000,
    });
    expect(measured([200, 250, 400]).medianRt).to.equal(250);
  });

  it('draws the lines at 100 ms, at 355 ms in the PVT-B and at 500 ms in the 10-minute PVT', () => {
    expect(measured([99.9, 100]).falseStarts).to.equal(1);
    expect(measured([354.9, 355]).lapses).to.equal(1);
    const long = readReaction({ trials: [355, 499, 500], falseStarts: 0, durationMs: 600_000 }, PVT_10);
    expect(long).to.have.nested.property('metrics.lapses', 1);
  });

  it('reads JSON text as it reads a list', () => {
    expect(read('[300, null, 251.5]')).to.deep.equal(read([300, null, 251.5]));
  });

  it('gives speed 0, not a division by zero, when nobody responded', () => {
    expect(measured([null, null])).to.include({
      meanRt: null,
      medianRt: null,
      meanSpeed: null,
      scoredSpeed: 0,
      lapses: 2,
    });
    expect(measured([20, 30], 5)).to.include({ responses: 0, scoredSpeed: 0, falseStarts: 7, lapses: 0 });
  });

  it('refuses malformed input with its reason', () => {
    expect(problem('[300,')).to.equal('TRIALS_NOT_JSON');
    expect(problem('')).to.equal('TRIALS_NOT_JSON');
    expect(problem(undefined)).to.equal('TRIALS_NOT_JSON');
    expect(problem('{"trials":[300]}')).to.equal('TRIALS_NOT_A_LIST');
    expect(problem(null)).to.equal('TRIALS_NOT_A_LIST');
    expect(problem('300')).to.equal('TRIALS_NOT_A_LIST');
    expect(problem([])).to.equal('TRIALS_EMPTY');
    expect(problem(rts(1001))).to.equal('TRIALS_TOO_MANY');
    expect(problem([300, '310'])).to.equal('TRIAL_NOT_A_NUMBER');
    expect(problem([300, Number.NaN])).to.equal('TRIAL_NOT_A_NUMBER');
    expect(problem([300, Infinity])).to.equal('TRIAL_NOT_A_NUMBER');
    expect(problem([300, true])).to.equal('TRIAL_NOT_A_NUMBER');
    expect(problem([300, -1])).to.equal('TRIAL_OUT_OF_RANGE');
    expect(problem([300, 30_001])).to.equal('TRIAL_OUT_OF_RANGE');
    expect(problem([0.3, 0.25, 0.4])).to.equal('TRIALS_UNIT');
    for (const count of [-1, 1.5, Number.NaN, 1001]) expect(problem([300], count)).to.equal('FALSE_STARTS_MALFORMED');
    for (const length of [0, -5, Number.NaN, Infinity])
      expect(problem([300], 0, length)).to.equal('DURATION_MALFORMED');
  });

  it('flags what was not the protocol, and nothing in a good test', () => {
    expect(flags(rts(60))).to.deep.equal([]);
    expect(flags(rts(60), 0, null)).to.deep.equal([]);
    expect(flags(rts(20))).to.deep.equal([]);
    expect(flags(rts(19))).to.deep.equal(['TOO_FEW_TRIALS']);
    expect(flags(rts(60), 0, 162_000)).to.deep.equal([]);
    expect(flags(rts(60), 0, 161_999)).to.deep.equal(['DURATION_OFF']);
    expect(flags(rts(60), 0, 198_001)).to.deep.equal(['DURATION_OFF']);
    expect(flags(Array(60).fill(250))).to.deep.equal(['TRIALS_IDENTICAL']);
  });

  it('takes few trials with missing responses as a result: sleep is not a fault of the device', () => {
    expect(flags([...rts(4), null, null, null, null, null])).to.deep.equal([]);
  });

  it('keeps its own arithmetic for any list of trials', () => {
    const trial = fc.oneof(fc.double({ min: 10, max: 30_000, noNaN: true }), fc.constant(null));
    fc.assert(
      fc.property(fc.array(trial, { minLength: 1, maxLength: 200 }), fc.nat(50), (trials, falseStarts) => {
        const metrics = measured(trials, falseStarts);
        expect(metrics.responses + metrics.misses + metrics.falseStarts).to.equal(trials.length + falseStarts);
        expect(metrics.lapses).to.be.within(metrics.misses, metrics.misses + metrics.responses);
        expect(metrics.scoredSpeed).to.be.within(0, 10);
        expect(metrics.scoredSpeed).to.be.at.most((metrics.meanSpeed ?? 0) + 1e-9);
        expect(measured(trials.toReversed(), falseStarts).medianRt).to.equal(metrics.medianRt);
        expect(measured(trials, falseStarts + 1).scoredSpeed).to.be.at.most(metrics.scoredSpeed);
      }),
    );
  });

  it('answers anything without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (trials, other) => {
        expect(read(trials, Number(typeof other === 'number' ? other : 0))).to.have.property('ok');
      }),
    );
  });
});
