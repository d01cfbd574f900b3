import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import type { Database } from '../../../platform/db/database.ts';
import type { I18n } from '../../../platform/i18n/i18n.ts';
import type { Mailer } from '../../../platform/messaging/messages.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository } from '../../../platform/module.ts';
import { hashLinkToken, makeLinkToken } from './accept-link-token.ts';
import { armLink, invitingCompany } from './accept-links.repository.ts';
import type { AcceptLinkRow } from './accept-links.repository.ts';
import { DELIVER_LINK } from './invitations.service.ts';

interface AcceptLinkJobsDependencies {
  readonly db: Database;
  readonly keys: { readonly signing: KeyRing };
  readonly repository: Repository<AcceptLinkRow>;
  readonly mailer: Mailer;
  readonly i18n: I18n;
  readonly publicUrl: string;
}

/** The job that makes an invitation's token and mails it. */
export const acceptLinkJobs = (dependencies: AcceptLinkJobsDependencies): JobDefinition[] => {
  const { db, keys, repository, mailer, i18n, publicUrl } = dependencies;
  return [
    job<{ linkId: string; sends: number }>({
      name: DELIVER_LINK,
      run: async ({ linkId, sends }, { scope, id }) => {
        const token = makeLinkToken(keys.signing, { companyId: scope.companyId, linkId }, id);
        const armed = await db.write(scope, async (tx) => {
          if (!(await armLink(tx, linkId, sends, hashLinkToken(token)))) return undefined;
          return { link: await repository.get(tx, linkId), company: await invitingCompany(tx) };
        });
        if (armed === undefined) return;
        const { link, company } = armed;
        const kind = link.profileId === null ? 'staff' : 'profile';
        const params = { company: company?.name ?? '', link: `${publicUrl}/angelis/auth/invitation?token=${token}` };
        const say = (part: 'subject' | 'text') => i18n.t(link.locale, `identity:invitation.${kind}.${part}`, params);
        const messageId = `${id}@${new URL(publicUrl).hostname}`;
        await mailer.send({ to: link.email, subject: say('subject'), text: say('text'), messageId });
      },
    }),
  ];
};
