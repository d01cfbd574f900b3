import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import type { Database } from '../../../platform/db/database.ts';
import type { I18n } from '../../../platform/i18n/i18n.ts';
import type { Mailer } from '../../../platform/messaging/messages.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository } from '../../../platform/module.ts';
import { hashInvitationToken, makeInvitationToken } from './invitation-token.ts';
import { armInvitation, invitingCompany } from './invitations.repository.ts';
import type { InvitationRow } from './invitations.repository.ts';
import type { InvitedProfiles } from './invited-profiles.ts';

export const DELIVER_INVITATION = 'identity.invitation.deliver';

/** What the delivery is told: the row's version, so that it mails nothing of an invitation that was sent again or ended. */
export interface InvitationDelivery {
  readonly invitationId: string;
  readonly version: number;
  /** Which text is mailed. */
  readonly text: 'profile' | 'staff' | 'reminder';
}

interface InvitationJobsDependencies {
  readonly db: Database;
  readonly keys: { readonly signing: KeyRing };
  readonly repository: Pick<Repository<InvitationRow>, 'find'>;
  readonly profiles: () => Pick<InvitedProfiles, 'isOfLeaver'>;
  readonly mailer: Mailer;
  readonly i18n: I18n;
  readonly publicUrl: string;
}

/** The job that makes an invitation's token and mails it. */
export const invitationJobs = (dependencies: InvitationJobsDependencies): JobDefinition[] => {
  const { db, keys, repository, profiles, mailer, i18n, publicUrl } = dependencies;
  return [
    job<InvitationDelivery>({
      name: DELIVER_INVITATION,
      run: async ({ invitationId, version, text }, { scope, id }) => {
        const token = makeInvitationToken(keys.signing, { companyId: scope.companyId, invitationId }, id);
        const armed = await db.write(scope, async (tx) => {
          const company = await invitingCompany(tx);
          // Nobody could accept it: the link that was mailed before stays good.
          if (company?.takesIn === false) return undefined;
          const invitation = await repository.find(tx, invitationId);
          if (invitation === undefined) return undefined;
          if (invitation.profileId !== null && (await profiles().isOfLeaver(tx, invitation.email))) return undefined;
          if (!(await armInvitation(tx, invitationId, version, hashInvitationToken(token)))) return undefined;
          return { invitation, company };
        });
        if (armed === undefined) return;
        const { invitation, company } = armed;
        const params = { company: company?.name ?? '', link: `${publicUrl}/angelis/auth/invitation?token=${token}` };
        const say = (part: 'subject' | 'text') =>
          i18n.t(invitation.locale, `identity:invitation.${text}.${part}`, params);
        const messageId = `${id}@${new URL(publicUrl).hostname}`;
        await mailer.send({ to: invitation.email, subject: say('subject'), text: say('text'), messageId });
      },
    }),
  ];
};
