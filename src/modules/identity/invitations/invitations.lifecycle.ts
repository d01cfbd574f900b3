import Type from 'typebox';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import { conflict, exact, lifecycle, move, oneOf, uuid } from '../../../platform/module.ts';
import type { Lifecycle, Tx } from '../../../platform/module.ts';
import { Invitation, MOST_RESENDS } from './invitations.repository.ts';
import type { InvitationRow } from './invitations.repository.ts';
import type { InvitedProfiles } from './invited-profiles.ts';

const DAY = 86_400_000;
/** How long an invitation waits for its answer, and how long before its end it is mailed once more; milliseconds. */
const LIFE = 7 * DAY;
const REMINDED_BEFORE = 3 * DAY;

/** What every sending says of the row. */
export const sentAt = (
  now: Date,
): Pick<InvitationRow, 'lastSentAt' | 'expiresAt' | 'remindedAt' | 'tokenHash' | 'status'> => ({
  status: 'pending',
  lastSentAt: now.toISOString(),
  expiresAt: new Date(now.getTime() + LIFE).toISOString(),
  remindedAt: null,
  tokenHash: null,
});

interface InvitationLifecycleDependencies {
  readonly profiles: () => Pick<InvitedProfiles, 'lapse' | 'takeBack' | 'mustTakeIn' | 'isOfLeaver'>;
  /** Mails the link of the row as it is. */
  readonly deliver: (tx: Tx, row: InvitationRow, why: 'sent' | 'reminder') => Promise<void>;
}

const ended = (_about: unknown, now: Date): Partial<InvitationRow> => ({ endedAt: now.toISOString() });

/** pending -> accepted | declined | revoked | expired. A profile is invited while its invitation is pending, and not else. */
export const createInvitationLifecycle = (deps: InvitationLifecycleDependencies): Lifecycle<InvitationRow> => {
  const takeBack = (tx: Tx, { row }: { row: InvitationRow }): Promise<void> => deps.profiles().takeBack(tx, row);
  const lapse = async (tx: Tx, about: { row: InvitationRow }): Promise<void> => {
    const { profileId } = about.row;
    if (profileId !== null) await deps.profiles().lapse(tx, profileId);
    await takeBack(tx, about);
  };
  return lifecycle<InvitationRow>({
    entity: Invitation,
    initial: 'pending',
    moves: {
      resend: move({
        from: ['pending'],
        to: 'pending',
        permission: 'organization:invitation:write',
        rate: 'invitation',
        summary: 'Send the invitation again, for seven days more; links sent before end',
        fields: exact({
          locale: Type.Optional(oneOf(LOCALES, { description: 'Language of the mail; default: the one before' })),
        }),
        when: ({ sentCount }) => (sentCount > MOST_RESENDS ? 'INVITATION_SENT_TOO_OFTEN' : undefined),
        check: async (tx, { row }) => {
          if (row.profileId === null) return;
          await deps.profiles().mustTakeIn(tx);
          if (await deps.profiles().isOfLeaver(tx, row.email)) throw conflict('PROFILE_ENDED');
        },
        set: ({ row, input }, now) => ({
          ...sentAt(now),
          sentCount: row.sentCount + 1,
          ...(input.locale !== undefined && { locale: input.locale }),
        }),
        effect: (tx, { row }) => deps.deliver(tx, row, 'sent'),
      }),
      revoke: move({
        from: ['pending'],
        to: 'revoked',
        permission: 'organization:invitation:write',
        summary: 'Take the invitation back: its link ends, with the roles and features that came with it',
        set: ended,
        effect: lapse,
      }),
      withdraw: move({
        from: ['pending'],
        to: 'revoked',
        system: true,
        summary: 'What was asked of the profile is over: it was withdrawn, ended, or has another address',
        set: ended,
        effect: takeBack,
      }),
      accept: move({
        from: ['pending'],
        to: 'accepted',
        system: true,
        summary: 'The person accepted',
        fields: exact({ personId: uuid() }),
        set: ({ input }, now) => ({ personId: input.personId, endedAt: now.toISOString() }),
      }),
      decline: move({
        from: ['pending'],
        to: 'declined',
        system: true,
        summary: 'The person does not want to',
        set: ended,
        effect: lapse,
      }),
      remind: move({
        from: ['pending'],
        to: 'pending',
        system: true,
        summary: 'Mail it once more, before its end; links sent before end',
        dueAt: ({ remindedAt, expiresAt }) =>
          remindedAt === null ? new Date(new Date(expiresAt).getTime() - REMINDED_BEFORE) : null,
        set: (_about, now) => ({ remindedAt: now.toISOString() }),
        effect: (tx, { row }) => deps.deliver(tx, row, 'reminder'),
      }),
      expire: move({
        from: ['pending'],
        to: 'expired',
        system: true,
        summary: 'Nobody answered it in time',
        dueAt: ({ expiresAt }) => new Date(expiresAt),
        set: ended,
        effect: lapse,
      }),
    },
  });
};
