import { createBackoff } from './backoff.ts';

/** Something that is looked at again and again until it is stopped. */
export interface Loop {
  /** Look now. */
  nudge(): void;
  /** Looks no more; resolves when the look that runs is over. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** Answers whether there was something to do: then it looks again soon, else less and less often. */
  readonly look: () => Promise<boolean>;
  /** Shortest and longest pause, in ms. */
  readonly least: number;
  readonly most: number;
  readonly onError: (error: unknown) => void;
}

const SLOWER = 1.25;

/** Starts a loop. A look that fails is repeated with growing pauses, up to 5 s. */
export const startLoop = ({ look, least, most, onError }: LoopOptions): Loop => {
  const stopped = new AbortController();
  let isNudged = false;
  let wake = (): void => undefined;
  const backoff = createBackoff({ base: Math.max(least, 100), cap: 5_000 });

  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      if (stopped.signal.aborted || isNudged) {
        resolve();
        return;
      }
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    let pause = least;
    let failures = 0;
    while (!stopped.signal.aborted) {
      isNudged = false;
      try {
        pause = (await look()) ? least : Math.min(pause * SLOWER, most);
        failures = 0;
      } catch (error) {
        failures += 1;
        onError(error);
      }
      await sleep(failures === 0 ? pause : backoff(failures));
    }
  };

  const running = run();
  return {
    nudge: () => {
      isNudged = true;
      wake();
    },
    stop: () => {
      stopped.abort();
      wake();
      return running;
    },
  };
};
