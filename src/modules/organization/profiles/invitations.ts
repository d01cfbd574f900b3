import type { Tx } from '../../../platform/db/database.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Gifts } from '../../identity/invitations/invited-profiles.ts';

/** How a profile's person is asked to join; identity fills it. */
export interface ProfileInvitations {
  /** Mails a link once the transaction is committed; links of the profile that were mailed before end. Throws 409. */
  issue(
    tx: Tx,
    invitation: {
      readonly profileId: string;
      readonly departmentId: string | null;
      readonly email: string;
      readonly locale: Locale;
    } & Partial<Gifts>,
  ): Promise<void>;
  /** Ends the invitation that is pending, if one is: its link is good no more. */
  withdraw(tx: Tx, profileId: string): Promise<void>;
  /** Takes the pending invitation along when its profile is moved. Throws 409 where another of its address is pending there. */
  follow(tx: Tx, profileId: string, departmentId: string | null): Promise<void>;
}
