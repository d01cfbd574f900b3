import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds, looking every so many ms; the test's own time limit ends it. */
export const until = async (holds: () => boolean | Promise<boolean>, every = 10): Promise<void> => {
  while (!(await holds())) await sleep(every);
};
