/** Work that repeats until it is stopped; it never runs twice at once. */
export interface Loop {
  /** Runs soon (after the settling time) instead of at the next poll. Ignored while backing off. */
  nudge(): void;
  /** Ends the loop and waits for the run that is under way. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** One round of the work. */
  readonly run: () => Promise<void>;
  /** Milliseconds between rounds. */
  readonly every: number;
  /** Told what a round threw. After each failure the pause doubles, up to `longestPause`. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds for which nudges are gathered. Default 20. */
  readonly settle?: number;
  /** Milliseconds. Default 10 s. */
  readonly longestPause?: number;
}

/** Starts a loop. */
export const startLoop = ({ run, every, onError, settle = 20, longestPause = 10_000 }: LoopOptions): Loop => {
  let failures = 0;
  let isStopped = false;
  let isNudged = false;
  let dueAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const schedule = (pause: number): void => {
    clearTimeout(timer);
    dueAt = performance.now() + pause;
    timer = setTimeout(begin, pause);
  };
  const round = async (): Promise<void> => {
    try {
      await run();
      failures = 0;
    } catch (error) {
      failures += 1;
      onError(error);
    }
    running = undefined;
    if (isStopped) return;
    schedule(isNudged && failures === 0 ? settle : Math.min(every * 2 ** failures, Math.max(longestPause, every)));
  };
  const begin = (): void => {
    isNudged = false;
    running = round();
  };
  schedule(every);
  return {
    nudge: () => {
      isNudged = true;
      const isWaiting = running === undefined && failures === 0 && !isStopped;
      if (isWaiting && dueAt - performance.now() > settle) schedule(settle);
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
};
