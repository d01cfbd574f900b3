/** A seeded source of chance: the same seed gives the same demo, on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Whole number in [from, to]. */
  between(from: number, to: number): number;
  /** Normal with mean and standard deviation (Box–Muller). */
  normal(mean: number, sd: number): number;
  /** Normal cut to [low, high]. */
  bounded(mean: number, sd: number, low: number, high: number): number;
  /** True with probability `p`. */
  chance(p: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** Sixteen bytes. */
  bytes(): Uint8Array;
  /** A source of its own for `name`, independent of how much the others were used. */
  fork(name: string): Random;
}

/** mulberry32 (Tommy Ettinger): 32 bits of state, good enough for a demo and the same everywhere. */
const mulberry32 = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** FNV-1a, to turn names into seeds. */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193);
  return value >>> 0;
};

export const createRandom = (seed: string): Random => {
  const next = mulberry32(hash(seed));
  const normal = (mean: number, sd: number): number => {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return mean + sd * radius * Math.cos(2 * Math.PI * next());
  };
  return {
    next,
    normal,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    bounded: (mean, sd, low, high) => Math.min(high, Math.max(low, normal(mean, sd))),
    chance: (p) => next() < p,
    pick: (values) => values[Math.floor(next() * values.length)]!,
    bytes: () => new Uint8Array(Uint32Array.from({ length: 4 }, () => next() * 4_294_967_296).buffer),
    fork: (name) => createRandom(`${seed}/${name}`),
  };
};
