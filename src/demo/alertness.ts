import type { Random } from './random.ts';

/** One person as the model knows them. */
export interface Sleeper {
  /** Mean response speed when rested, 1/s. */
  readonly speed: number;
  /** Spread of that speed from test to test, 1/s. */
  readonly spread: number;
  /** How much longer than others this person sleeps, in hours; negative: shorter. */
  readonly sleepOffset: number;
}

export interface Sleep {
  /** Hours of the last main sleep, which ended `awake` hours ago. */
  readonly main: number;
  /** Hours slept in the last 24 and 48 h. */
  readonly last24: number;
  readonly last48: number;
  readonly awake: number;
}

export interface Trials {
  readonly reactionTimes: readonly number[];
  readonly falseStarts: number;
}

/**
 * What the demo's people are drawn from: means with standard deviations, parts of one. They are of the order that is
 * published for rested adults in the 3-minute PVT (Basner, Mollicone & Dinges, Acta Astronaut 2011;69:949: about 4 responses
 * a second) and for 12-hour rosters in camps, where sleep by day after a night is the shorter one (Åkerstedt, Occup Med
 * 2003;53:89). Their exact values are this demo's choice: none is fitted to levels or to a company's limits.
 */
export const DISTRIBUTIONS = {
  /** Response speed between people, 1/s, and from test to test as a part of the own. */
  speed: { mean: 4.2, sd: 0.35, low: 3.6, high: 5.1, withinPerson: 0.05 },
  /** Hours of a main sleep, by what follows it; spread from day to day, and of people's own means. */
  sleep: { day: 7.1, firstNight: 7.4, night: 6.8, sd: 0.5, betweenPeople: 0.2 },
  /** Hours awake when the test is taken. */
  awake: { day: 1.8, firstNight: 8, night: 4.5, sd: 0.8 },
  /** Parts of main sleeps that are short, and that do not happen at all, before days and before nights. */
  short: { day: 0.003, night: 0.006, mean: 4.4, sd: 0.4 },
  sleepless: { day: 0.012, night: 0.012, nap: 1 },
  /** Trials of a 3-minute test; their spread as a part of the speed, and how much it grows with each point of sleepiness. */
  trials: { count: 64, spread: 0.15, unstable: 0.06 },
  /** Points by which people say another sleepiness than predicted. */
  kss: { sd: 0.8 },
  /** Part of the speed that each point of predicted sleepiness above 4 costs: a night without sleep (8) a quarter. */
  costOfSleepiness: 0.06,
} as const;

const { speed: SPEED, sleep: SLEEP, awake: AWAKE, short: SHORT, sleepless: SLEEPLESS, trials: TRIALS } = DISTRIBUTIONS;

export const makeSleeper = (random: Random): Sleeper => {
  const speed = random.bounded(SPEED.mean, SPEED.sd, SPEED.low, SPEED.high);
  return { speed, spread: speed * SPEED.withinPerson, sleepOffset: random.normal(0, SLEEP.betweenPeople) };
};

const quarter = (hours: number) => Math.round(hours * 4) / 4;

/** Sleep before a shift of this kind; `isFirst`: the first of its kind in a swing. */
export const drawSleep = (person: Sleeper, kind: 'day' | 'night', isFirst: boolean, random: Random): Sleep => {
  const before = kind === 'day' ? 'day' : isFirst ? 'firstNight' : 'night';
  const own = SLEEP[before] + person.sleepOffset;
  const hours = () => Math.max(0, random.normal(own, SLEEP.sd));
  const awake = Math.max(0.5, random.normal(AWAKE[before], AWAKE.sd));
  const [main, last] = [hours(), hours()];
  const draw = random.next();
  if (draw < SLEEPLESS[kind]) {
    const nap = SLEEPLESS.nap * random.next();
    return { main: last, last24: quarter(nap), last48: quarter(last + nap), awake: quarter(awake + 16 + main) };
  }
  const slept = draw < SLEEPLESS[kind] + SHORT[kind] ? Math.max(0, random.normal(SHORT.mean, SHORT.sd)) : main;
  return { main: slept, last24: quarter(slept), last48: quarter(slept + last), awake: quarter(awake) };
};

/** Constants of the three-process model: asymptotes and rates of the homeostatic process, 1/h. */
const LOWEST = 2.4;
const HIGHEST = 14.3;
const FALL = 0.0353;
const RISE = 0.381;
/** The homeostatic process at bedtime, after 16 h awake. */
const AT_BEDTIME = LOWEST + (14 - LOWEST) * Math.exp(-FALL * 16);

const wave = (hour: number, peak: number, period: number): number => Math.cos(((hour - peak) / period) * 2 * Math.PI);

/**
 * Sleepiness on the Karolinska scale, 1–9, from hours asleep, hours awake and the local hour: the three-process model of
 * alertness (Åkerstedt & Folkard, Chronobiol Int 1997;14:115) with the scale of Ingre et al., PLoS One 2014;9:e108679:
 * KSS = 10.6 − 0.6 (S + C + U). S falls by 0.0353/h towards 2.4 awake and rises by 0.381/h towards 14.3 asleep; C and U are
 * the 24-hour (peak 16.8 h) and 12-hour (21.8 h) rhythms. Left out: the slower rise above 12.2, and sleep inertia.
 */
export const sleepiness = ({ main, awake }: Sleep, localHour: number): number => {
  const atWaking = HIGHEST - (HIGHEST - AT_BEDTIME) * Math.exp(-RISE * main);
  const homeostatic = LOWEST + (atWaking - LOWEST) * Math.exp(-FALL * awake);
  const rhythms = 2.5 * wave(localHour, 16.8, 24) + 0.5 * wave(localHour, 21.8, 12) - 0.5;
  return Math.min(9, Math.max(1, 10.6 - 0.6 * (homeostatic + rhythms)));
};

/** How much of the rested speed a predicted sleepiness leaves. */
export const speedLeft = (kss: number): number => 1 - DISTRIBUTIONS.costOfSleepiness * Math.max(0, kss - 4);

/**
 * The trials of one 3-minute reaction test at a predicted sleepiness. Reciprocal times are normal around the speed of the test, which is
 * normal around the person's own; sleepy people answer less evenly (wake-state instability: Doran, Van Dongen & Dinges, Arch Ital Biol
 * 2001;139:253).
 */
export const drawTrials = ({ speed, spread }: Sleeper, kss: number, random: Random): Trials => {
  const today = random.normal(speed, spread) * speedLeft(kss);
  const uneven = today * (TRIALS.spread + TRIALS.unstable * Math.max(0, kss - 4));
  const reactionTimes = Array.from({ length: TRIALS.count }, () =>
    Math.round(1_000 / random.bounded(today, uneven, 0.5, 8)),
  );
  return { reactionTimes, falseStarts: random.chance(0.03 + 0.03 * Math.max(0, kss - 4)) ? 1 : 0 };
};

/** What somebody says of their sleepiness, 1–9. */
export const drawSleepiness = (kss: number, random: Random): number =>
  Math.round(random.bounded(kss, DISTRIBUTIONS.kss.sd, 1, 9));
