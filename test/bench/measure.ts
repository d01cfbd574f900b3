/** One line of the table. `ratio` is baseline ÷ ours for times, ours ÷ baseline for rates: above 1 we are better. */
export interface Row {
  readonly work: string;
  readonly baseline: string;
  /** Ours, in `unit`. */
  readonly value: number;
  readonly unit: string;
  readonly ratio: number | null;
  /** What it has to reach, as the table shows it: `≥ 1.0×`, `≤ 10 ms`. */
  readonly reach: string;
  readonly ok: boolean | null;
  /** Lowest and highest of what `value` is the median of. */
  readonly spread: readonly [number, number];
  /** Of how many values. */
  readonly rounds: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export const percentile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]!;
};

/**
 * Runs the candidates in turn, `rounds` times after `warmUps` that do not count, so that whatever slows the machine slows all of
 * them. Answers the figures of each, in the order of the candidates.
 */
export const interleave = async (
  candidates: readonly (() => Promise<number>)[],
  rounds: number,
  warmUps = 1,
): Promise<number[][]> => {
  const figures = candidates.map((): number[] => []);
  for (let round = -warmUps; round < rounds; round += 1)
    for (const [index, run] of candidates.entries()) {
      const figure = await run();
      if (round >= 0) figures[index]!.push(figure);
    }
  return figures;
};

/** Milliseconds that `work` takes. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
};

interface Named {
  readonly work: string;
  readonly baseline: string;
  readonly unit: string;
}

/** The lowest and the highest of the values, and how many they are. */
export const spreadOf = (values: readonly number[]): Pick<Row, 'spread' | 'rounds'> => ({
  spread: [Math.min(...values), Math.max(...values)],
  rounds: values.length,
});

/** A baseline as the table names it: what it is, the median of its values, their lowest and highest. `unit`: `/s` or ` ms`. */
export const against = (what: string, values: readonly number[], unit: string, digits = 0): string => {
  const [lowest, highest] = spreadOf(values).spread;
  return `${what}: ${median(values).toFixed(digits)}${unit} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
};

/**
 * How many times the one is of the other, of rounds that were run in turn: the middle of what each round tells. A machine that is slow for a while is slow
 * for both of a round, and would be so for one of two medians.
 */
const times = (values: readonly number[], of: readonly number[]): number =>
  median(values.map((value, round) => value / of[round]!));

/** More is better: requests or rows a second, round by round. Without a bound it is told and not judged. */
export const rate = (named: Named, ours: readonly number[], theirs: readonly number[], atLeast?: number): Row => {
  const ratio = times(ours, theirs);
  return {
    ...named,
    value: median(ours),
    ratio,
    reach: atLeast === undefined ? '–' : `≥ ${atLeast}×`,
    ok: atLeast === undefined ? null : ratio >= atLeast,
    ...spreadOf(ours),
  };
};

/** Less is better: times of the same work, round by round. Without a bound it is told and not judged. */
export const speed = (named: Named, ours: readonly number[], theirs: readonly number[], atLeast?: number): Row => {
  const ratio = times(theirs, ours);
  return {
    ...named,
    value: median(ours),
    ratio,
    reach: atLeast === undefined ? '–' : `≥ ${atLeast}×`,
    ok: atLeast === undefined ? null : ratio >= atLeast,
    ...spreadOf(ours),
  };
};

/** How much longer a page may take than elsewhere. */
const FLAT = 1.5;

/** A page's time, in ms, beside its time elsewhere or before, which it may exceed by half: request by request there are no rounds. */
export const flat = (work: string, beside: string, own: readonly number[], theirs: readonly number[]): Row => ({
  work,
  baseline: against(beside, theirs, ' ms', 2),
  value: median(own),
  unit: 'ms',
  ratio: median(theirs) / median(own),
  reach: `≤ ${FLAT}× its time`,
  ok: median(own) <= FLAT * median(theirs),
  ...spreadOf(own),
});

/** A figure that has to stay below a bound. Without one it is told and not judged. */
export const figure = (named: Named, values: readonly number[], atMost?: number): Row => ({
  ...named,
  value: median(values),
  ratio: null,
  reach: atMost === undefined ? '–' : `≤ ${atMost} ${named.unit}`,
  ok: atMost === undefined ? null : median(values) <= atMost,
  ...spreadOf(values),
});
