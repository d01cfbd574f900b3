/** The pause before try `failures + 1`, in ms. */
export type Backoff = (failures: number) => number;

/** Doubling pauses from `base` up to `cap` ms, of which half is left to chance so that failures do not return together. */
export const createBackoff =
  ({ base, cap }: { base: number; cap: number }): Backoff =>
  (failures) => {
    const full = Math.min(cap, base * 2 ** Math.min(failures - 1, 30));
    return Math.round(full / 2 + (Math.random() * full) / 2);
  };
