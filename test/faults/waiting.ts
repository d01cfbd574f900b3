import { setTimeout as sleep } from 'node:timers/promises';

/** Longest that anything is waited for, where nothing else is said, ms: far longer than it takes, so that only what never comes is given up. */
const PATIENCE = 300_000;
const LOOK_EVERY = 50;

interface Patience {
  /** Longest, ms. */
  readonly most?: number;
  /** From one look to the next, ms. */
  readonly every?: number | (() => number);
}

const open = new Set<string>();
/** What is waited for just now. */
export const waitedFor = (): readonly string[] => [...open];

/** Whether something comes to hold in time. A look that hangs is given up, too. */
export const holdsWithin = async (
  holds: () => boolean | Promise<boolean>,
  { most = PATIENCE, every = LOOK_EVERY }: Patience = {},
): Promise<boolean> => {
  const over = new AbortController();
  const look = async (): Promise<boolean> => {
    while (!over.signal.aborted) {
      if (await holds()) return true;
      await sleep(typeof every === 'number' ? every : every());
    }
    return false;
  };
  try {
    return await Promise.race([look(), sleep(most, false, { signal: over.signal })]);
  } finally {
    over.abort();
  }
};

const late = (what: string, most: number): Error => new Error(`${what}: not within ${most / 1_000} s`);

/** Resolves when something holds. Throws, with what it is, when it does not in time. */
export const waitFor = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience: Patience = {},
): Promise<void> => {
  open.add(what);
  try {
    if (!(await holdsWithin(holds, patience))) throw late(what, patience.most ?? PATIENCE);
  } finally {
    open.delete(what);
  }
};

/** Resolves with what a work answers. Throws, with what it is and what was waited for meanwhile, when it goes on too long. */
export const inTime = async <T>(what: string, work: Promise<T>, most = PATIENCE): Promise<T> => {
  const over = new AbortController();
  const tooLate = sleep(most, undefined, { signal: over.signal }).then(() => {
    const others = waitedFor().filter((other) => other !== what);
    throw late([what, ...others.map((other) => `waiting for ${other}`)].join(', '), most);
  });
  open.add(what);
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    open.delete(what);
    over.abort();
  }
};
