/** Something that is looked at again and again until it is stopped; never twice at once. */
export interface Loop {
  /** Look soon (after the settling time) instead of at the end of the pause. Ignored while backing off. */
  nudge(): void;
  /** Looks no more; resolves when the look that runs is over. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** True when there was something to do: then it looks again after the shortest pause, else less and less often. */
  readonly look: () => Promise<boolean | void>;
  /** Shortest pause between looks, in ms. */
  readonly least: number;
  /** Longest pause, in ms. Default `least`: always the same. */
  readonly most?: number;
  /** Milliseconds for which nudges are gathered. Default 0. */
  readonly settle?: number;
  /** Told what a look threw. After each failure the pause doubles, up to `longest`. */
  readonly onError: (error: unknown) => void;
  /** Longest pause after failures, in ms. Default 10 s. */
  readonly longest?: number;
}

const SLOWER = 1.25;

/** Starts a loop; its first look is at once, after the caller's own turn. */
export const startLoop = ({ look, least, most = least, settle = 0, onError, longest = 10_000 }: LoopOptions): Loop => {
  const stopped = new AbortController();
  let isNudged = false;
  let failures = 0;
  let wake = (): void => undefined;

  /** Ends early when it is woken. */
  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const pauseFor = async (milliseconds: number): Promise<void> => {
    if (!isNudged || failures > 0) await sleep(milliseconds);
    if (isNudged && failures === 0 && settle > 0 && !stopped.signal.aborted) await sleep(settle);
  };

  const run = async (): Promise<void> => {
    let pause = least;
    // The caller's own turn ends first.
    await Promise.resolve();
    while (!stopped.signal.aborted) {
      isNudged = false;
      try {
        pause = (await look()) === true ? least : Math.min(pause * SLOWER, most);
        failures = 0;
      } catch (error) {
        failures += 1;
        onError(error);
      }
      if (stopped.signal.aborted) return;
      await pauseFor(failures === 0 ? pause : Math.min(Math.max(least, 100) * 2 ** failures, longest));
    }
  };

  const running = run();
  return {
    nudge: () => {
      const wasNudged = isNudged;
      isNudged = true;
      if (failures === 0 && !wasNudged) wake();
    },
    stop: () => {
      stopped.abort();
      wake();
      return running;
    },
  };
};
