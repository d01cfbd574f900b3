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
 * A rested adult in the 3-min PVT-B: speed normal around 3.9/s with 0.35/s between people, and about 0.18/s from test to
 * test. Chosen to look plausible in a demo; not a norm.
 */
export const makeSleeper = (random: Random): Sleeper => ({
  speed: random.bounded(3.9, 0.35, 3.1, 4.8),
  spread: random.bounded(0.18, 0.04, 0.1, 0.3),
  sleepNeed: random.bounded(7, 0.6, 5.5, 8.5),
});

/**
 * Sleep before a shift. Days: near the person's need. Nights: day sleep is shorter, and people
 * have been awake longer before the first night of a swing. One in a hundred had a bad night.
 */
export const drawSleep = (person: Sleeper, kind: 'day' | 'night', isFirst: boolean, random: Random): Sleep => {
  const mean = kind === 'day' ? person.sleepNeed : isFirst ? 6.6 : 6.3;
  const isBad = random.chance(kind === 'day' ? 0.006 : 0.012);
  const main = isBad ? random.bounded(3.9, 0.5, 2, 4.8) : random.bounded(mean, 0.6, 5.1, 9);
  const before = random.bounded(person.sleepNeed, 0.6, 5.2, 9);
  const awake = kind === 'day' ? random.bounded(1.8, 0.4, 0.8, 4) : random.bounded(isFirst ? 8 : 4.5, 1, 2, 12);
  const round = (hours: number) => Math.round(hours * 4) / 4;
  return { last24: round(main), last48: round(main + before), awake: round(awake) };
};

/**
 * How much of the rested speed is left: two-process model in its simplest form. Each hour awake beyond 16 h costs 2.5 %,
 * each hour of sleep below 6 in the last 24 costs 4 %, and the circadian trough near 04:00 costs up to 6 %.
 */
export const alertness = ({ last24, awake }: Sleep, localHour: number): number => {
  const pressure = Math.max(0, awake - 16) * 0.025 + Math.max(0, 6 - last24) * 0.04;
  const trough = 0.06 * Math.max(0, Math.cos(((localHour - 4) / 24) * 2 * Math.PI));
  return Math.max(0.5, 1 - pressure - trough);
};

const TRIALS = 40;

/** The trials of one 3-min reaction test: reciprocal times are normal around the person's speed at this hour. */
export const drawTrials = (person: Sleeper, left: number, random: Random): Trials => {
  const today = random.normal(person.speed, person.spread) * left;
  const reactionTimes = Array.from({ length: TRIALS }, () =>
    Math.round(1_000 / random.bounded(today, today * 0.13, 1.2, 7)),
  );
  return { reactionTimes, falseStarts: random.chance(0.15 + (1 - left)) ? random.between(1, 2) : 0 };
};

/** Sleepiness on the Karolinska scale, 1–9: 3 when rested, one more for each 6 % of alertness that is gone. */
export const drawSleepiness = (left: number, random: Random): number =>
  Math.round(random.bounded(3 + (1 - left) / 0.06, 0.8, 1, 9));
