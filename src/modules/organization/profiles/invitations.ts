import type { Tx } from '../../../platform/db/database.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';

/** How a profile's person is asked to join; identity fills it. */
export interface ProfileInvitations {
  /** Ends earlier invitations of the profile and mails a new link once the transaction is committed. */
  issue(
    tx: Tx,
    invitation: { readonly profileId: string; readonly email: string; readonly locale: Locale },
  ): Promise<void>;
  /** Ends the invitation that is open, if one is: its link is good no more. */
  withdraw(tx: Tx, profileId: string): Promise<void>;
}

/** What identity calls when the invited person accepted. */
export interface ProfileActivation {
  /** Links the person to an invited profile and makes it active. 409 when it is not invited, or the person is here already. */
  activate(tx: Tx, profileId: string, personId: string): Promise<void>;
}
