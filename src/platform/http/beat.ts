import { setTimeout as wait } from 'node:timers/promises';

/** Runs work that may be refused; a failure is thrown at the next beat, so that its time tells nothing of its reason. */
export type Beat = <T>(work: () => Promise<T>) => Promise<T>;

/** Milliseconds from `taken` to the next multiple of `every`. */
export const untilBeat = (taken: number, every: number): number => Math.ceil(taken / every) * every - taken;

/** A beat of `every` milliseconds, counted anew for each work from its begin; what succeeds waits for nothing. */
export const createBeat =
  (every: number): Beat =>
  async (work) => {
    const begun = performance.now();
    try {
      return await work();
    } catch (error) {
      await wait(untilBeat(performance.now() - begun, every));
      throw error;
    }
  };
