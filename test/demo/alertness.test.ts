import { expect } from 'chai';
import { DISTRIBUTIONS, drawSleep, drawTrials, makeSleeper, sleepiness, speedLeft } from '../../src/demo/alertness.ts';
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
  it('predicts sleepiness as the three-process model does, from hours asleep, hours awake and the time of day', () => {
    // By hand: 8 h of sleep from S 8.99 at bedtime end at 14.05; after 7 h awake S is 11.50, C + U at 15:00 are 2.23 - 0.96.
    expect(sleepiness({ main: 8, last24: 8, last48: 16, awake: 7 }, 15)).to.be.closeTo(2.94, 0.03);
    const rested = { main: 8, last24: 8, last48: 16, awake: 2 };
    expect(sleepiness({ ...rested, awake: 20 }, 15)).to.be.above(sleepiness(rested, 15) + 2);
    expect(sleepiness({ ...rested, main: 4 }, 15)).to.be.above(sleepiness({ ...rested, main: 5.5 }, 15));
    expect(sleepiness(rested, 5)).to.be.above(sleepiness(rested, 17) + 2);
    const awakeAllNight = sleepiness({ ...rested, main: 7, awake: 24 }, 7);
    expect(awakeAllNight).to.be.within(7.3, 9);
    expect(speedLeft(awakeAllNight)).to.be.within(0.7, 0.8);
    expect(speedLeft(4)).to.equal(1);
  });

  it('gives tests whose speed is that of the person, less even ones to who is sleepy', () => {
    const random = createRandom('people');
    const person = makeSleeper(random);
    const tests = (kss: number) => Array.from({ length: 300 }, () => drawTrials(person, kss, random).reactionTimes);
    const speedOf = (times: readonly number[]) => mean(times.map((ms) => 1_000 / ms));
    const lapses = (all: readonly (readonly number[])[]) =>
      mean(all.map((one) => one.filter((ms) => ms >= 355).length));
    const [rested, sleepy] = [tests(3), tests(8)];
    expect(mean(rested.map(speedOf))).to.be.closeTo(person.speed, 0.05);
    expect(mean(sleepy.map(speedOf))).to.be.closeTo(person.speed * speedLeft(8), 0.08);
    expect(lapses(sleepy)).to.be.above(3 * lapses(rested));
  });

  it('sleeps as stated before days, first nights and nights', () => {
    const random = createRandom('sleep');
    const person = { ...makeSleeper(random), sleepOffset: 0 };
    const { sleep, sleepless } = DISTRIBUTIONS;
    const drawn = (kind: 'day' | 'night', isFirst: boolean) =>
      Array.from({ length: 20_000 }, () => drawSleep(person, kind, isFirst, random));
    for (const [kind, isFirst, stated] of [
      ['day', false, sleep.day],
      ['night', true, sleep.firstNight],
      ['night', false, sleep.night],
    ] as const) {
      const sleeps = drawn(kind, isFirst);
      expect(mean(sleeps.map(({ main }) => main))).to.be.closeTo(stated, 0.05);
      const none = sleeps.filter(({ last24 }) => last24 <= sleepless.nap).length / sleeps.length;
      expect(none).to.be.closeTo(sleepless[kind], 4 * Math.sqrt(sleepless[kind] / sleeps.length));
    }
  });

  it('names people by RUTs that check', () => {
    for (const index of [0, 1, 57, 399]) expect(parseRut(demoRut(index)).ok).to.equal(true);
  });
});
