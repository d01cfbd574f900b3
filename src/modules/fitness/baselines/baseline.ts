import { DEFAULT_FITNESS_POLICY } from '../classification/policy.ts';
import type { FitnessPolicy } from '../classification/policy.ts';
import { addDays, daysBetween } from '../../../platform/time/zone.ts';

export const BASELINE_STATUSES = ['collecting', 'active', 'stale', 'superseded'] as const;
export type BaselineStatus = (typeof BASELINE_STATUSES)[number];

/** One test as the baseline sees it. `date` is its day in the site's zone; `speed` the scored response speed in 1/s. */
export interface BaselineTest {
  id: string;
  date: string;
  takenAt: Date;
  speed: number;
  valid: boolean;
  supervised: boolean;
  practice: boolean;
  /** The self-report shows that the sleep rule is kept. */
  rested: boolean;
  /** Level green: a test that failed never enters a baseline, so it can never lower one. */
  passed: boolean;
}

/** The policy's numbers for baselines. */
export type BaselineOptions = FitnessPolicy['baseline'];
const DEFAULTS = DEFAULT_FITNESS_POLICY.baseline;

export interface Baseline {
  version: number;
  status: BaselineStatus;
  /** Serves, but with the group's sd: `sd` is null until the baseline is active. */
  provisional: boolean;
  mean: number | null;
  sd: number | null;
  n: number;
  testIds: string[];
  /** Date of the last test it rests on; staleness counts from here. */
  from: string | null;
  /** The mean was held at the drift limit or at the minimum standard. */
  capped: boolean;
  /** Of a version that took another's place: only tests after this date enter it, and its mean is held within these speeds. */
  renewal: Renewal | null;
}

export interface Renewal {
  after: string;
  lowest: number;
  highest: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const squares = (values: readonly number[]): number => {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0);
};

/** Sample standard deviation (n - 1); null below two values. */
export const sampleSd = (values: readonly number[]): number | null =>
  values.length < 2 ? null : Math.sqrt(squares(values) / (values.length - 1));

/** The tests that may enter a baseline: valid, supervised, rested, passed, no practice; the first of each day, in order of time. */
export const eligibleTests = (tests: readonly BaselineTest[]): BaselineTest[] => {
  const byDay = new Map<string, BaselineTest>();
  for (const test of tests.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime())) {
    const fits = test.valid && test.supervised && test.rested && test.passed && !test.practice;
    if (fits && Number.isFinite(test.speed) && !byDay.has(test.date)) byDay.set(test.date, test);
  }
  return [...byDay.values()];
};

/**
 * The pooled within-person standard deviation of a group: the root of the summed squares over the summed degrees of freedom, one list of
 * speeds a person. People with fewer than two tests say nothing. Null below `people` people: then the policy's number serves.
 */
export const pooledSd = (
  group: readonly (readonly number[])[],
  people = DEFAULT_FITNESS_POLICY.deviation.pooledPeople,
): number | null => {
  const telling = group.filter((speeds) => speeds.length >= 2);
  if (telling.length < Math.max(1, people)) return null;
  const freedom = telling.reduce((sum, speeds) => sum + speeds.length - 1, 0);
  return Math.sqrt(telling.reduce((sum, speeds) => sum + squares(speeds), 0) / freedom);
};

const hold = (value: number, { lowest, highest }: Renewal): number => Math.min(highest, Math.max(lowest, value));

/** A version of the first tests given, within its renewal. */
const build = (
  { version, renewal }: Pick<Baseline, 'version' | 'renewal'>,
  tests: readonly BaselineTest[],
  options: BaselineOptions,
): Baseline => {
  const used = tests.slice(0, options.activeFrom);
  const speeds = used.map(({ speed }) => speed);
  const active = used.length >= options.activeFrom;
  const serves = used.length >= options.provisionalFrom;
  const own = serves ? mean(speeds) : null;
  const held = own === null || renewal === null ? own : hold(own, renewal);
  return {
    version,
    status: active ? 'active' : 'collecting',
    provisional: serves && !active,
    mean: held,
    sd: active ? sampleSd(speeds) : null,
    n: used.length,
    testIds: used.map(({ id }) => id),
    from: used.at(-1)?.date ?? null,
    capped: held !== own,
    renewal,
  };
};

/** A person's first baseline out of all their tests: collecting, provisional from 3 eligible ones on, active from 10 on, of the first 10. */
export const firstBaseline = (tests: readonly BaselineTest[], options: BaselineOptions = DEFAULTS): Baseline =>
  build({ version: 1, renewal: null }, eligibleTests(tests), options);

/**
 * How far the latest eligible tests have moved from an active baseline, as a part of its mean (negative: slower).
 * Null while there are fewer than `driftTests` of them since.
 */
export const driftOf = (
  baseline: Baseline,
  tests: readonly BaselineTest[],
  options: BaselineOptions = DEFAULTS,
): number | null => {
  const { mean: was, from } = baseline;
  if (was === null || was <= 0 || from === null) return null;
  const latest = eligibleTests(tests)
    .filter(({ date }) => date > from)
    .slice(-options.driftTests);
  return latest.length < options.driftTests ? null : mean(latest.map(({ speed }) => speed)) / was - 1;
};

/**
 * The baseline on a date, given all the person's tests: a collecting one is computed anew, an active one stays as it is until it is stale
 * (180 days after its last test, or drift beyond the limit). Stale and superseded ones stay so; only `supersede` makes a new version.
 */
export const advanceBaseline = (
  baseline: Baseline,
  tests: readonly BaselineTest[],
  date: string,
  options: BaselineOptions = DEFAULTS,
): Baseline => {
  if (baseline.status === 'collecting') {
    const after = baseline.renewal?.after ?? '';
    const next = build(
      baseline,
      eligibleTests(tests).filter((test) => test.date > after),
      options,
    );
    return next.status === 'active' ? advanceBaseline(next, tests, date, options) : next;
  }
  if (baseline.status !== 'active' || baseline.from === null) return baseline;
  const old = daysBetween(baseline.from, date) >= options.staleAfterDays;
  const drift = driftOf(baseline, tests, options);
  return old || (drift !== null && Math.abs(drift) > options.maximumDrift)
    ? { ...baseline, status: 'stale' }
    : baseline;
};

/**
 * A new version in place of an active or stale one, as a safety admin asks for it: of the latest 10 eligible tests of the last 180 days
 * before `date`. Its mean is held within the drift limit of the old mean and never below the minimum standard. Too few tests: it collects
 * on from there, older ones stay out. Throws RangeError for a baseline that is still collecting or already superseded.
 */
export const supersede = (
  old: Baseline,
  tests: readonly BaselineTest[],
  { date, minimumSpeed }: { date: string; minimumSpeed: number },
  options: BaselineOptions = DEFAULTS,
): { old: Baseline; next: Baseline } => {
  if (old.status !== 'active' && old.status !== 'stale') {
    throw new RangeError(`a ${old.status} baseline has no new version: only active and stale ones are superseded`);
  }
  const after = addDays(date, -options.staleAfterDays);
  const recent = eligibleTests(tests).filter((test) => test.date > after && test.date <= date);
  const renewal = old.mean === null ? null : renewalOf(old.mean, after, minimumSpeed, options);
  const next = build({ version: old.version + 1, renewal }, recent.slice(-options.activeFrom), options);
  return { old: { ...old, status: 'superseded' }, next };
};

const renewalOf = (was: number, after: string, minimumSpeed: number, { maximumDrift }: BaselineOptions): Renewal => {
  const lowest = Math.max(minimumSpeed, was * (1 - maximumDrift));
  return { after, lowest, highest: Math.max(lowest, was * (1 + maximumDrift)) };
};
