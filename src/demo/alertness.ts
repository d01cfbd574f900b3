import type { Random } from './random.ts';

/** One person as the model knows them. */
export interface Sleeper {
  /** Mean response speed when rested, 1/s. */
  readonly speed: number;
  /** Spread of that speed from test to test, 1/s. */
  readonly spread: number;
  /** Mean of a main sleep after a day shift, in hours. */
  readonly sleepNeed: number;
}

export interface Sleep {
  /** Hours slept in the last 24 and 48 h. */
  readonly last24: number;
  readonly last48: number;
  /** Hours awake since the last main sleep. */
  readonly awake: number;
}

export interface Trials {
  readonly reactionTimes: readonly number[];
  readonly falseStarts: number;
}

/**
 * A rested adult in the 3-min PVT-B: speed normal around 4/s with 0.3/s between people, and about 0.18/s from test to test.
 * Chosen to look plausible in a demo; not a norm.
 */
export const makeSleeper = (random: Random): Sleeper => ({
  speed: random.bounded(4, 0.3, 3.5, 4.8),
  spread: random.bounded(0.18, 0.04, 0.1, 0.3),
  sleepNeed: random.bounded(7.3, 0.4, 6.6, 8.5),
});

/**
 * Sleep before a shift. Days: near the person's need. Nights: day sleep is shorter, and people
 * have been awake longer before the first night of a swing. One in a hundred had a bad night.
 */
export const drawSleep = (person: Sleeper, kind: 'day' | 'night', isFirst: boolean, random: Random): Sleep => {
  const mean = kind === 'day' ? person.sleepNeed : isFirst ? 6.8 : 6.5;
  const isBad = random.chance(kind === 'day' ? 0.006 : 0.012);
  const main = isBad ? random.bounded(3.9, 0.5, 2, 4.8) : random.bounded(mean, 0.45, 5.3, 9);
  const before = random.bounded(person.sleepNeed, 0.45, 6, 9);
  const awake = kind === 'day' ? random.bounded(1.8, 0.4, 0.8, 4) : random.bounded(isFirst ? 8 : 4.5, 1, 2, 12);
  const round = (hours: number) => Math.round(hours * 4) / 4;
  return { last24: round(main), last48: round(main + before), awake: round(awake) };
};

/**
 * How much of the rested speed is left: two-process model in its simplest form. Each hour awake beyond 16 h costs 2.5 %,
 * each hour of sleep below 5.5 in the last 24 costs 9 %, and the circadian trough near 04:00 costs up to 5 %.
 */
export const alertness = ({ last24, awake }: Sleep, localHour: number): number => {
  const pressure = Math.max(0, awake - 16) * 0.025 + Math.max(0, 5.5 - last24) * 0.09;
  const trough = 0.05 * Math.max(0, Math.cos(((localHour - 4) / 24) * 2 * Math.PI)) ** 4;
  return Math.max(0.5, 1 - pressure - trough);
};

const TRIALS = 40;

/**
 * The trials of one 3-min reaction test. From test to test a person's speed is even around their own: what falls out of that
 * has a cause in sleep or hour. Reciprocal times are normal around the speed of the test.
 */
export const drawTrials = (person: Sleeper, left: number, random: Random): Trials => {
  const { speed, spread } = person;
  const today = (speed + spread * Math.sqrt(3) * (2 * random.next() - 1)) * left;
  const reactionTimes = Array.from({ length: TRIALS }, () =>
    Math.round(1_000 / random.bounded(today, today * 0.13, 1.2, 7)),
  );
  return { reactionTimes, falseStarts: random.chance(0.03 + (1 - left)) ? 1 : 0 };
};

/** Sleepiness on the Karolinska scale, 1–9: 3 when rested, one more for each 6 % of alertness that is gone. */
export const drawSleepiness = (left: number, random: Random): number =>
  Math.round(random.bounded(3 + (1 - left) / 0.06, 0.8, 1, 9));
