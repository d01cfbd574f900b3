import type { Static } from 'typebox';
import type { Decide } from '../../../platform/access/decision.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import type { Permission } from '../../../platform/http/route.ts';
import { IdentityProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import type { Action, Standing } from '../../../platform/lifecycle/mover.ts';
import { conflict, forbidden, notFound, refusalOf } from '../../../platform/problem.ts';
import type { Notices } from '../notices/notices.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import { showSession } from '../sessions/session-views.ts';
import type { PersonSessionsView } from '../sessions/session-views.ts';
import { readAddress, takenAddress } from './addresses.ts';
import type { AddressKind } from './addresses.ts';
import type { Invitations } from '../invitations/invitations.service.ts';
import { isStaff, staffRolesOf } from './persons.repository.ts';
import type { PersonRow, Persons } from './persons.service.ts';

interface PersonsAdminDependencies {
  readonly work: UnitOfWork;
  readonly persons: Persons;
  readonly endings: Pick<Endings, 'of' | 'end' | 'endAll' | 'endSoon'>;
  readonly notices: Pick<Notices, 'send'>;
  readonly invitations: Pick<Invitations, 'issueToStaff'>;
  readonly identityProvider: { readonly users: Pick<IdentityProvider['users'], 'hasSecondFactor'> };
  readonly decide: Decide;
  readonly now: () => Date;
}

/** What operator staff may do about a login. What changes it is for another's: 409 OWN_ACCOUNT for one's own. */
export interface PersonsAdmin {
  /** The person with this email, or whose profile has this RUT in a company; 404 without one, 400 for a RUT without a company. */
  find(context: Context, identifier: string, companyId?: string): Promise<PersonRow>;
  read(context: Context, id: string): Promise<PersonRow>;
  move(context: Context, id: string, move: string, input: object, version: number | undefined): Promise<PersonRow>;
  actions(context: Context, id: string): Promise<Action[]>;
  /**
   * Gives another sign-in email, or phone for codes, to somebody who lost theirs; who is invited to the staff gets a new link
   * at the email, and the one that went to the address before ends. 409 when it is taken.
   */
  changeAddress(
    context: Context,
    id: string,
    address: { readonly kind: AddressKind; readonly value: string; readonly reason: string },
    version: number,
  ): Promise<PersonRow>;
  /** Ends somebody's sessions and tells them; they sign in no more before they chose a new password by a mailed code. */
  requireNewPassword(context: Context, id: string, reason: string, version: number): Promise<PersonRow>;
  /**
   * Ends somebody's sessions, takes their second factor away and tells them; the staff set another up when they next sign in.
   * 409 for somebody who has none, unless the provider is away: then the job sees.
   */
  resetSecondFactor(context: Context, id: string, reason: string, version: number): Promise<PersonRow>;
  /** Where a person is signed in, in every company. */
  sessions(context: Context, id: string): Promise<Static<typeof PersonSessionsView>>;
  /** Ends one of their sessions. 404 when it is not theirs, or over. */
  endSession(context: Context, id: string, sessionId: string): Promise<void>;
  /** Ends all of them but the one that asks. */
  endSessions(context: Context, id: string): Promise<{ ended: number }>;
}

/** Logins in the hands of the operator's staff; the route's transactions are the operator's own. */
export const createPersonsAdmin = (dependencies: PersonsAdminDependencies): PersonsAdmin => {
  const { work, persons, endings, notices, invitations, identityProvider, decide, now } = dependencies;
  const { repository, mover } = persons;
  const show = (row: PersonRow): PersonRow => repository.entity.show(row) as PersonRow;
  /** The sessions of one of the staff are ended, and their login changed, by those who say who is staff. */
  const mayActOn = async (tx: Tx, { principal }: Context, id: string): Promise<void> => {
    if ((await isStaff(tx, id)) && !decide(principal, 'operator:staff:write').allowed)
      throw forbidden('ROLE_ABOVE_OWN');
  };
  const mustBeActedOn = (context: Context, id: string): Promise<void> =>
    work.write(context, async (tx) => {
      await repository.get(tx, id);
      await mayActOn(tx, context, id);
    });
  /** Nobody's own: a session proves nothing, and whoever got hold of one would make two factors one. `me` asks for proof. */
  const mayChange = async (tx: Tx, context: Context, id: string): Promise<void> => {
    await mayActOn(tx, context, id);
    if (id === context.principal.personId) throw conflict('OWN_ACCOUNT');
  };
  /** As far as the provider says: false while it is away. */
  const hasNoSecondFactor = async (id: string): Promise<boolean> => {
    try {
      return !(await identityProvider.users.hasSecondFactor(persons.usernameOf(id)));
    } catch (error) {
      if (error instanceof IdentityProviderError) return false;
      throw error;
    }
  };
  const byStaff = ({ traceId, scope }: Context) => ({ because: 'by_staff', traceId, by: scope.actor });
  /** Ends the sessions of somebody who proves themselves anew from now on, as `ask` has the provider see to. */
  const renew = async (
    context: Context,
    id: string,
    about: { readonly action: string; readonly reason: string; readonly because: string; readonly version: number },
    ask: (tx: Tx) => Promise<Partial<PersonRow>>,
  ): Promise<PersonRow> => {
    const { action, reason, because, version } = about;
    const after = await work.write(context, async (tx) => {
      const row = await repository.lock(tx, id, version);
      await mayChange(tx, context, id);
      const changed = await repository.update(
        tx,
        row,
        { epoch: row.epoch + 1, ...(await ask(tx)) },
        { action, reason },
      );
      // A job does what follows, should this process end before.
      await endings.endSoon(tx, id, because);
      return changed;
    });
    await endings.endAll(id, { ...byStaff(context), because });
    return show(after);
  };
  return {
    sessions: async (context, id) => {
      await work.read(context, (reader) => repository.get(reader, id));
      return { items: (await endings.of(id)).map(showSession) };
    },
    endSession: async (context, id, sessionId) => {
      await mustBeActedOn(context, id);
      const session = (await endings.of(id)).find((one) => one.id === sessionId);
      if (session === undefined) throw notFound();
      await endings.end(session, byStaff(context));
    },
    endSessions: async (context, id) => {
      await mustBeActedOn(context, id);
      const isOwn = (session: { id: string }): boolean => session.id === context.principal.sessionId;
      return { ended: await endings.endAll(id, byStaff(context), { isKept: isOwn }) };
    },
    find: async (context, identifier, companyId) => {
      await work.read(context, () => Promise.resolve());
      const hints = companyId === undefined ? [] : [{ kind: 'id' as const, value: companyId }];
      const row = await persons.identify(await persons.wantedBy(identifier, hints), context.traceId);
      if (row === undefined) throw notFound();
      return show(row);
    },
    read: async (context, id) => show(await work.read(context, (reader) => repository.get(reader, id))),
    move: async (context, id, move, input, version) =>
      show(await mover.move(context, id, move, input as never, version, (tx) => mayChange(tx, context, id))),
    actions: (context, id) =>
      work.write(context, async (tx) => {
        const row = await repository.get(tx, id);
        const refusal = await refusalOf(mayChange(tx, context, id));
        // Persons are the operator's: each permission reaches all of them.
        const standings = new Map<Permission, Standing>();
        for (const [permission, caller] of mover.callersOf(context)) standings.set(permission, { caller, refusal });
        return mover.actions(row, now(), standings);
      }),
    requireNewPassword: (context, id, reason, version) => {
      const because = 'new_password_required';
      return renew(context, id, { reason, version, because, action: 'require_new_password' }, async (tx) => {
        await persons.align(tx, id);
        await notices.send(tx, id, 'newPasswordRequired');
        return { passwordRequiredAt: tx.now.toISOString() };
      });
    },
    resetSecondFactor: async (context, id, reason, version) => {
      const because = 'second_factor_reset';
      const isWithout = await hasNoSecondFactor(id);
      return renew(context, id, { reason, version, because, action: 'reset_second_factor' }, async (tx) => {
        if (isWithout) throw conflict('NO_SECOND_FACTOR');
        await persons.align(tx, id, { newSecondFactor: true });
        await notices.send(tx, id, 'secondFactorRemoved');
        return {};
      });
    },
    changeAddress: async (context, id, { kind, value, reason }, version) => {
      try {
        return await work.write(context, async (tx) => {
          const row = await repository.lock(tx, id, version);
          await mayChange(tx, context, id);
          const note = { action: `change_${kind}`, reason };
          const address = readAddress(kind, value);
          await persons.mustBeFree(tx, id, kind, address);
          const after = await repository.update(tx, row, persons.contacts[kind](row, address), note);
          if (kind === 'phone') return show(after);
          await persons.align(tx, id);
          if (after.status === 'invited' && (await staffRolesOf(tx, id)).length > 0)
            await invitations.issueToStaff(tx, { personId: id, email: address, locale: after.locale });
          return show(after);
        });
      } catch (error) {
        throw takenAddress(kind, error);
      }
    },
  };
};
