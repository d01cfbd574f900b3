import { expect } from 'chai';
import { alertness, drawSleep, drawTrials, makeSleeper } from '../../src/demo/alertness.ts';
import { createRandom } from '../../src/demo/random.ts';
import { demoRut } from '../../src/demo/names.ts';
import { parseRut } from '../../src/platform/text/rut.ts';

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the demo’s chance', () => {
  it('is the same for the same seed, and another for each fork', () => {
    const draw = (name: string) => {
      const random = createRandom('mine').fork(name);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw('a')).to.deep.equal(draw('a'));
    expect(draw('a')).to.not.deep.equal(draw('b'));
  });

  it('has the distributions that it states', () => {
    const random = createRandom('distribution');
    const values = Array.from({ length: 20_000 }, () => random.normal(10, 2));
    const center = mean(values);
    const spread = Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
    expect(mean(values)).to.be.closeTo(10, 0.1);
    expect(spread).to.be.closeTo(2, 0.1);
    expect(mean(Array.from({ length: 20_000 }, () => Number(random.chance(0.3))))).to.be.closeTo(0.3, 0.02);
  });
});

describe('the demo’s alertness', () => {
  it('falls with hours awake, lost sleep and the small hours', () => {
    const rested = { last24: 8, last48: 16, awake: 2 };
    expect(alertness(rested, 15)).to.equal(1);
    expect(alertness({ ...rested, awake: 20 }, 15)).to.be.below(1);
    expect(alertness({ ...rested, last24: 4 }, 15)).to.be.below(alertness({ ...rested, last24: 5.5 }, 15));
    expect(alertness(rested, 4)).to.be.below(alertness(rested, 19));
  });

  it('gives tests whose speed is that of the person, and shorter sleep by day', () => {
    const random = createRandom('people');
    const person = makeSleeper(random);
    const speeds = Array.from({ length: 300 }, () =>
      mean(drawTrials(person, 1, random).reactionTimes.map((ms) => 1_000 / ms)),
    );
    expect(mean(speeds)).to.be.closeTo(person.speed, 0.08);
    const sleeps = (kind: 'day' | 'night') =>
      mean(Array.from({ length: 500 }, () => drawSleep(person, kind, false, random).last24));
    expect(sleeps('night')).to.be.below(sleeps('day') + 0.5);
  });

  it('names people by RUTs that check', () => {
    for (const index of [0, 1, 57, 399]) expect(parseRut(demoRut(index)).ok).to.equal(true);
  });
});
