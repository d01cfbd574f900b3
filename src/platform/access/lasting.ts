import type { Principal } from './principal.ts';

/** Whether what ends at `end` (null: never) is there until `until`; null: for good. */
export const lasts = (end: string | null, until: string | null): boolean =>
  end === null || (until !== null && new Date(end) >= new Date(until));

/** Somebody with what they hold until then, null: for good; what is denied to them now counts all the while. */
export const lastingUntil = <P extends Pick<Principal, 'grants'>>(principal: P, until: string | null): P => ({
  ...principal,
  grants: principal.grants.filter(
    ({ effect, assignment }) => effect === 'deny' || lasts(assignment?.expiresAt ?? null, until),
  ),
});
