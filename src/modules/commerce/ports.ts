import type { Tx } from '../../platform/db/database.ts';
import type { Context } from '../../platform/module.ts';

/** Ties a profile to its number in another system; the organization keeps these links. */
export interface SystemLinks {
  /**
   * Makes the link where the profile has none in `system` yet. Without `externalId` the profile's own number serves; with one
   * that cannot be linked, it throws a problem at `/externalId`; one of their own that the caller `by` gives is refused with 403.
   */
  ensure(tx: Tx, link: { profileId: string; system: string; externalId?: string; by?: Context }): Promise<void>;
}
