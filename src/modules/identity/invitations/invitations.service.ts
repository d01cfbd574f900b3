import { v7 as uuidv7 } from 'uuid';
import type { Bind } from '../../../platform/db/list.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { conflict, createCrud } from '../../../platform/module.ts';
import type {
  Context,
  CrudService,
  Enqueue,
  MovingParts,
  MovingService,
  Repository,
  Tx,
} from '../../../platform/module.ts';
import { DELIVER_INVITATION } from './invitations.jobs.ts';
import type { InvitationDelivery } from './invitations.jobs.ts';
import { sentAt } from './invitations.lifecycle.ts';
import { isPendingTo, noteDepartment, pendingOf, profileOf } from './invitations.repository.ts';
import type { InvitationRow } from './invitations.repository.ts';
import type { Gifts, InvitedProfiles, Invitee, Offer } from './invited-profiles.ts';

/** Whom a profile's move asks to join. */
interface Asked extends Partial<Gifts> {
  readonly profileId: string;
  readonly departmentId: string | null;
  readonly email: string;
  readonly locale: Locale;
}

/** What a caller sends. */
export interface InvitationRequest extends Invitee, Offer {
  readonly locale?: Locale;
}

interface InvitationsDependencies extends MovingParts<InvitationRow> {
  readonly profiles: () => Pick<InvitedProfiles, 'invite' | 'mayManage'>;
  readonly deliver: (tx: Tx, row: InvitationRow, why: 'sent') => Promise<void>;
  /** SQL that holds for the profiles a caller may see. */
  readonly visible: (context: Context, idExpression: string, bind: Bind) => string;
}

export interface Invitations extends CrudService<InvitationRow>, MovingService<InvitationRow> {
  /** Mails a link to a profile that is invited, or a new one in its place; 409 after five of those, or while another of this address is pending. */
  issue(tx: Tx, asked: Asked): Promise<void>;
  /** The same for somebody who joins the staff, in the operator's transaction; a link mailed to another address ends. */
  issueToStaff(tx: Tx, asked: { personId: string; email: string; locale: Locale }): Promise<void>;
  /** Ends the invitation that is pending for somebody of the staff, if one is; in the operator's transaction. */
  withdrawFromStaff(tx: Tx, personId: string): Promise<void>;
  /** Ends the invitation that is pending for a profile, if one is; the profile's own state is for whoever asks. */
  withdraw(tx: Tx, profileId: string): Promise<void>;
  /** Takes the pending invitation of a profile along to another department. Throws 409 where one to its address is pending there. */
  follow(tx: Tx, profileId: string, departmentId: string | null): Promise<void>;
  /** Invites somebody by their address, as the caller may. Throws 403, 409, 422. */
  send(context: Context, request: InvitationRequest): Promise<InvitationRow>;
}

/** Asks for the delivery of an invitation's link. */
export const deliverBy =
  (enqueue: Enqueue) =>
  async (tx: Tx, { id, version, profileId }: InvitationRow, why: 'sent' | 'reminder'): Promise<void> => {
    const text = why === 'reminder' ? why : profileId === null ? 'staff' : 'profile';
    const delivery: InvitationDelivery = { invitationId: id, version, text };
    await enqueue(tx, DELIVER_INVITATION, delivery);
  };

/** Locks an invitation after its profile, in the one order in which all who write both take them. */
export const lockedAfter =
  (lock: (tx: Tx, profileId: string) => Promise<void>) =>
  (rows: Repository<InvitationRow>): Repository<InvitationRow> => ({
    ...rows,
    lock: async (tx, id, version) => {
      const profileId = await profileOf(tx, id);
      if (typeof profileId === 'string') await lock(tx, profileId);
      return rows.lock(tx, id, version);
    },
  });

/** Invitations as they are sent, listed and ended. */
export const createInvitations = (dependencies: InvitationsDependencies): Invitations => {
  const { repository, mover, work, profiles, deliver, visible } = dependencies;

  const crud = createCrud<InvitationRow>({
    ...dependencies,
    restrict: (context) => (bind) => visible(context, 't.profile_id', bind),
    mayChange: async (tx, id, context) => {
      const profileId = await profileOf(tx, id);
      if (typeof profileId === 'string') await profiles().mayManage(tx, context, profileId);
    },
  });

  const start = async (
    tx: Tx,
    asked: Omit<Asked, 'profileId'> & { readonly profileId: string | null; readonly personId: string },
  ): Promise<void> => {
    const { actor } = tx.scope;
    const row = await repository.insert(
      tx,
      {
        ...asked,
        ...sentAt(tx.now),
        givenRoles: [...(asked.givenRoles ?? [])],
        givenGrants: [...(asked.givenGrants ?? [])],
        attributes: asked.attributes ?? {},
        sentCount: 1,
        endedAt: null,
        invitedBy: actor.kind === 'profile' ? actor.id : null,
      },
      { action: 'send' },
    );
    await mover.schedule(tx, row);
    await deliver(tx, row, 'sent');
  };

  const again = async (tx: Tx, id: string, locale: Locale): Promise<void> => {
    await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, id), 'resend', { locale });
  };

  const end = async (tx: Tx, id: string | undefined): Promise<void> => {
    if (id !== undefined) await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, id), 'withdraw');
  };

  return {
    ...crud,
    issue: async (tx, asked) => {
      const pending = await pendingOf(tx, { profileId: asked.profileId, personId: null });
      if (pending !== undefined) return again(tx, pending, asked.locale);
      if (await isPendingTo(tx, asked.email, asked.departmentId)) throw conflict('INVITATION_PENDING');
      return start(tx, { ...asked, personId: uuidv7() });
    },
    issueToStaff: async (tx, { personId, ...asked }) => {
      const pending = await pendingOf(tx, { profileId: null, personId });
      if (pending !== undefined) {
        if ((await repository.get(tx, pending)).email === asked.email) return again(tx, pending, asked.locale);
        await end(tx, pending);
      }
      return start(tx, { ...asked, profileId: null, departmentId: null, personId });
    },
    withdrawFromStaff: async (tx, personId) => end(tx, await pendingOf(tx, { profileId: null, personId })),
    withdraw: async (tx, profileId) => end(tx, await pendingOf(tx, { profileId, personId: null })),
    follow: async (tx, profileId, departmentId) => {
      const id = await pendingOf(tx, { profileId, personId: null });
      if (id === undefined) return;
      if (await isPendingTo(tx, (await repository.get(tx, id)).email, departmentId))
        throw conflict('INVITATION_PENDING');
      await noteDepartment(tx, id, departmentId);
    },
    send: (context, request) =>
      work.write(context, async (tx) => {
        const profileId = await profiles().invite(tx, context, { locale: context.locale, ...request });
        const pending = await pendingOf(tx, { profileId, personId: null });
        return repository.entity.show(await repository.get(tx, pending!)) as InvitationRow;
      }),
  };
};
