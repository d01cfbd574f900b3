/** Abramowitz and Stegun 7.1.26: off by 1.5e-7 at most. */
const complementaryError = (x: number): number => {
  const t = 1 / (1 + 0.3275911 * x);
  const terms = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  return terms.reduceRight((sum, term) => (sum + term) * t, 0) * Math.exp(-x * x);
};

/**
 * Mann and Whitney's rank test (1947): how likely two samples of one distribution differ at least as much as these, from 0
 * to 1. By the normal approximation with its corrections for ties and continuity, which is good from twenty values each.
 */
export const rankTest = (one: readonly number[], other: readonly number[]): number => {
  const all = [...one.map((value) => ({ value, isOne: true })), ...other.map((value) => ({ value, isOne: false }))];
  const count = all.length;
  let [before, ranks, ties] = [0, 0, 0];
  const ofValue = [...Map.groupBy(all, ({ value }) => value)].toSorted(([a], [b]) => a - b);
  for (const [, same] of ofValue) {
    // Those that are equal share the middle of their ranks.
    ranks += same.filter(({ isOne }) => isOne).length * (before + (same.length + 1) / 2);
    ties += same.length ** 3 - same.length;
    before += same.length;
  }
  const pairs = one.length * other.length;
  const u = ranks - (one.length * (one.length + 1)) / 2;
  const deviation = Math.sqrt((pairs / 12) * (count + 1 - ties / (count * (count - 1))));
  if (deviation === 0) return 1;
  const z = Math.max(0, Math.abs(u - pairs / 2) - 0.5) / deviation;
  return complementaryError(z / Math.SQRT2);
};
