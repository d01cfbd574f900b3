import { BRUTE_FORCE } from '../realm.ts';

/** Failed sign-ins of one user; times in milliseconds since 1970. */
export interface Failures {
  count: number;
  last: number;
  lockedUntil: number;
}

export const NO_FAILURES: Readonly<Failures> = { count: 0, last: 0, lockedUntil: 0 };

export function isLocked(failures: Failures, at: number): boolean {
  return at < failures.lockedUntil;
}

/**
 * Counts one failure as Keycloak does (strategy MULTIPLE): from the fifth on, each locks for 5 minutes times the number
 * of whole fives, 40 minutes at most; before, two within a second lock for one minute. Twelve quiet hours forget all.
 */
export function afterFailure(failures: Failures, at: number): Failures {
  const quiet = at - failures.last > BRUTE_FORCE.forgetAfter * 1000;
  const count = (quiet ? 0 : failures.count) + 1;
  const fives = Math.floor(count / BRUTE_FORCE.failures);
  let wait = Math.min(fives * BRUTE_FORCE.waitStep, BRUTE_FORCE.waitMax);
  if (wait === 0 && at - failures.last < BRUTE_FORCE.quickLoginMs) wait = BRUTE_FORCE.quickLoginWait;
  return { count, last: at, lockedUntil: at + wait * 1000 };
}
