import type { Database, Tx } from '../../../platform/db/database.ts';
import type { I18n } from '../../../platform/i18n/i18n.ts';
import { job } from '../../../platform/jobs/definitions.ts';
import type { Enqueue, JobDefinition } from '../../../platform/jobs/definitions.ts';
import type { Mailer } from '../../../platform/messaging/messages.ts';
import type { Persons } from '../persons/persons.service.ts';

const SEND_NOTICE = 'identity.notice.send';
export type NoticeKind =
  | 'passwordChanged'
  | 'passwordTooWeak'
  | 'newPasswordRequired'
  | 'secondFactorSetUp'
  | 'secondFactorRefused'
  | 'secondFactorRemoved'
  | 'addressChanged'
  | 'locked'
  | 'erasureAsked';

interface NoticesDependencies {
  readonly db: Database;
  readonly enqueue: Enqueue;
  readonly persons: Pick<Persons, 'repository' | 'contacts'>;
  readonly mailer: Mailer;
  readonly i18n: I18n;
  readonly publicUrl: string;
}

/** Mails that tell a person what happened to their login. */
export interface Notices {
  /**
   * In the operator's transaction: the mail goes out once it is committed, to the person's address or to the one that they had
   * (`before`, as it was sealed).
   */
  send(tx: Tx, personId: string, kind: NoticeKind, before?: string | null): Promise<void>;
  readonly jobs: readonly JobDefinition[];
}

/** Notices to the sign-in address, the only one that is surely the person's own. */
export const createNotices = (dependencies: NoticesDependencies): Notices => {
  const { db, enqueue, persons, mailer, i18n, publicUrl } = dependencies;
  const deliver = job<{ personId: string; kind: NoticeKind; before?: string | null }>({
    name: SEND_NOTICE,
    run: async ({ personId, kind, before }, { scope, id }) => {
      const person = await db.read(scope, (reader) => persons.repository.find(reader, personId));
      // What their key sealed opens no more.
      if (person === undefined || person.status === 'erased') return;
      const to = persons.contacts.emailOf(before === undefined ? person : { ...person, emailSealed: before });
      if (to === null) return;
      const locale = i18n.locale(undefined, person.locale);
      const say = (part: 'subject' | 'text') => i18n.t(locale, `identity:notice.${kind}.${part}`);
      await mailer.send({
        to,
        subject: say('subject'),
        text: say('text'),
        messageId: `${id}@${new URL(publicUrl).hostname}`,
      });
    },
  });
  return {
    jobs: [deliver],
    send: async (tx, personId, kind, before) => {
      await enqueue(tx, SEND_NOTICE, { personId, kind, ...(before !== undefined && { before }) });
    },
  };
};
