import { expect } from 'chai';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import {
  deviceState,
  isRested,
  limitSd,
  sleepBreaches,
} from '../../../../src/modules/fitness/classification/signals.ts';
import type { SelfReport } from '../../../../src/modules/fitness/classification/signals.ts';

const policy = DEFAULT_FITNESS_POLICY;
const rested: SelfReport = { kss: 3, sleep24h: 7, sleep48h: 14, awakeHours: 3, symptoms: false };
const breaches = (change: Partial<SelfReport>) => sleepBreaches({ ...rested, ...change }, policy);

describe('signals', () => {
  it('reads the sleep rule at its limits', () => {
    expect(breaches({})).to.deep.equal([]);
    expect(breaches({ sleep24h: 5, sleep48h: 12, awakeHours: 12 })).to.deep.equal([]);
    expect(breaches({ sleep24h: 4.99 })).to.deep.equal(['SLEEP_24H']);
    expect(breaches({ sleep48h: 11.99 })).to.deep.equal(['SLEEP_48H']);
    expect(breaches({ sleep48h: 12, awakeHours: 12.01 })).to.deep.equal(['AWAKE_TOO_LONG']);
    expect(breaches({ sleep24h: 0, sleep48h: 0, awakeHours: 1 })).to.deep.equal([
      'SLEEP_24H',
      'SLEEP_48H',
      'AWAKE_TOO_LONG',
    ]);
    const without = { ...policy, sleep: { ...policy.sleep, awakeWithinSleep: false } };
    expect(sleepBreaches({ ...rested, awakeHours: 20 }, without)).to.deep.equal([]);
  });

  it('breaks nothing with what was not answered, and shows no rest with it either', () => {
    expect(breaches({ sleep24h: null, sleep48h: null, awakeHours: null })).to.deep.equal([]);
    expect(breaches({ sleep48h: null, awakeHours: 30 })).to.deep.equal([]);
    expect(isRested(rested, policy)).to.equal(true);
    expect(isRested({ ...rested, sleep24h: 4 }, policy)).to.equal(false);
    expect(isRested(null, policy)).to.equal(false);
    for (const key of ['sleep24h', 'sleep48h', 'awakeHours'] as const) {
      expect(isRested({ ...rested, [key]: null }, policy), key).to.equal(false);
    }
  });

  it('counts limits in the own sd, else the group’s, else a tenth of the mean', () => {
    expect(limitSd({ mean: 4, sd: 0.3, pooledSd: 0.2 }, policy)).to.equal(0.3);
    expect(limitSd({ mean: 4, sd: null, pooledSd: 0.2 }, policy)).to.equal(0.2);
    expect(limitSd({ mean: 4, sd: null, pooledSd: null }, policy)).to.equal(0.4);
  });

  it('qualifies a device by measured latency and calibration', () => {
    const tolerance = { biasMs: 5, sdMs: 10 };
    const at = new Date('2025-06-01T00:00:00Z');
    const device = { active: true, biasMs: -5, sdMs: 10, calibrationDue: new Date('2025-06-01T00:00:01Z') };
    expect(deviceState(device, tolerance, at)).to.equal('qualified');
    expect(deviceState({ ...device, biasMs: -5.1 }, tolerance, at)).to.equal('unqualified');
    expect(deviceState({ ...device, sdMs: 10.1 }, tolerance, at)).to.equal('unqualified');
    expect(deviceState({ ...device, biasMs: null }, tolerance, at)).to.equal('unqualified');
    expect(deviceState({ ...device, sdMs: null }, tolerance, at)).to.equal('unqualified');
    expect(deviceState({ ...device, calibrationDue: at }, tolerance, at)).to.equal('unqualified');
    expect(deviceState({ ...device, calibrationDue: null }, tolerance, at)).to.equal('unqualified');
    expect(deviceState(null, tolerance, at)).to.equal('unqualified');
    expect(deviceState({ ...device, active: false }, tolerance, at)).to.equal('refused');
  });
});
