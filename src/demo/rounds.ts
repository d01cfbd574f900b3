export interface RoundsOptions {
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  /** Milliseconds between two looks. Default 20 s. */
  readonly every?: number;
}

export interface Rounds {
  /** Stops after what is being done. */
  stop(): Promise<void>;
}

/** Does again and again what has come between the last look and this one; `since` is the first one's beginning. */
export const startRounds = (
  look: (from: Date, to: Date) => Promise<void>,
  since: Date,
  { now, onError, every = 20_000 }: RoundsOptions,
): Rounds => {
  let last = since;
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    if (running !== undefined) return;
    const [from, to] = [last, now()];
    last = to;
    running = look(from, to)
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }, every);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
