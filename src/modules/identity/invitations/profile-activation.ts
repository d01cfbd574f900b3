import type { Tx } from '../../../platform/db/database.ts';

/** What the profile module gives: an invited profile gets its person and becomes active, in the company's transaction. */
export interface ProfileActivation {
  activate(tx: Tx, profileId: string, personId: string): Promise<void>;
}
