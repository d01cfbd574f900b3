import type { Allowance } from '../../platform/access/allowance.ts';
import type { Principal } from '../../platform/access/principal.ts';
import type { Worker } from '../../platform/db/unit-of-work.ts';

/** Who asks, as far as rules about people need to know: a request's context, or a job that works for a profile. */
export interface Caller extends Worker {
  readonly principal: Pick<Principal, 'profileId' | 'support' | 'grants' | 'tokenScopes'> &
    Partial<Pick<Principal, 'personId'>>;
  readonly allowance: Allowance;
}
