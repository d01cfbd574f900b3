import type { Static } from 'typebox';
import type { Catalogue, Openings } from '../../../platform/access/catalogue.ts';
import { explained } from '../../../platform/access/explained.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict, forbidden, notFound } from '../../../platform/module.ts';
import type { Context, Reader } from '../../../platform/module.ts';
import type { Persons } from '../persons/persons.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import { showSession } from '../sessions/session-views.ts';
import type { SessionsView } from '../sessions/session-views.ts';
import type { Sessions } from '../sessions/sessions.service.ts';
import { readSurroundings } from './me.reads.ts';
import type { CompaniesView, MeEdit, MeView, PermissionsView } from './me-schemas.ts';

interface MeDependencies {
  readonly work: UnitOfWork;
  readonly persons: Persons;
  readonly sessions: Pick<Sessions, 'memberships' | 'exchange'>;
  readonly endings: Pick<Endings, 'of' | 'end' | 'endAll'>;
  readonly catalogue: () => Catalogue;
  readonly openings: () => Openings;
  /** Whether a person may sign in to a company by a one-time code. */
  readonly takesCodes: (personId: string, companyId: string) => Promise<boolean>;
}

export interface Me {
  read(context: Context): Promise<Static<typeof MeView>>;
  edit(context: Context, patch: Static<typeof MeEdit>, version: number): Promise<Static<typeof MeView>>;
  sessions(context: Context): Promise<Static<typeof SessionsView>>;
  /** Ends one of the caller's sessions, in whatever company. 404 when it is nobody's or somebody else's. */
  endSession(context: Context, id: string): Promise<void>;
  /** Ends all but the session that asks. */
  endOtherSessions(context: Context): Promise<{ ended: number }>;
  permissions(context: Context, wanted?: string): Promise<Static<typeof PermissionsView>>;
  companies(context: Context): Promise<Static<typeof CompaniesView>>;
  /**
   * Goes on in another company under the same sign-in; 404 where the caller has no active profile, 403 where the company does
   * not take the one-time code that the caller signed in with.
   */
  switch(context: Context, companyId: string): Promise<void>;
}

/** What people see and change of themselves. */
export const createMe = (dependencies: MeDependencies): Me => {
  const { work, persons, sessions, endings, catalogue, openings, takesCodes } = dependencies;
  const view = async (reader: Reader, { principal }: Context) => {
    const person = await persons.repository.get(reader, principal.personId);
    const { company, session, nationalIdMask } = await readSurroundings(reader, principal.sessionId);
    const { id, version, firstName, lastName, locale, preferences } = person;
    return {
      id,
      version,
      firstName,
      lastName,
      locale,
      preferences,
      nationalIdMask,
      company,
      session,
      email: persons.contacts.emailOf(person),
      phone: persons.contacts.phoneOf(person),
      profileId: principal.profileId,
      roles: [...principal.roles],
    };
  };
  /** What spans companies is read outside of any: the session is checked first. */
  const checkSession = (context: Context): Promise<void> => work.read(context, () => Promise.resolve());

  return {
    read: (context) => work.read(context, (reader) => view(reader, context)),
    edit: (context, patch, version) =>
      work.write(context, async (tx) => {
        await persons.asSelf(tx, context, async (own) => {
          const row = await persons.repository.lock(own, context.principal.personId, version);
          await persons.repository.update(own, row, patch);
          if (patch.firstName !== undefined || patch.lastName !== undefined) await persons.align(own, row.id);
        });
        return view(tx, context);
      }),
    sessions: async (context) => {
      await checkSession(context);
      const live = await endings.of(context.principal.personId);
      return {
        items: live.map((session) => ({
          ...showSession(session),
          current: session.id === context.principal.sessionId,
        })),
      };
    },
    endSession: async (context, id) => {
      await checkSession(context);
      const session = (await endings.of(context.principal.personId)).find((one) => one.id === id);
      if (session === undefined) throw notFound();
      await endings.end(session, { because: 'by_person', traceId: context.traceId, by: 'self' });
    },
    endOtherSessions: async (context) => {
      await checkSession(context);
      const { personId, sessionId } = context.principal;
      const ending = { because: 'by_person', traceId: context.traceId, by: 'self' } as const;
      return { ended: await endings.endAll(personId, ending, { isKept: ({ id }) => id === sessionId }) };
    },
    permissions: async (context, wanted) => {
      await checkSession(context);
      const known = Object.entries(catalogue()).filter(([name]) => wanted === undefined || name === wanted);
      const inOrder = known.toSorted(([a], [b]) => (a < b ? -1 : 1));
      const { principal } = context;
      // Of what nothing asks for by itself the client says nothing.
      const isOpen = (name: string): boolean => openings().get(name)?.has(principal.client) ?? true;
      return { items: inOrder.map(([name, about]) => explained(principal, name, about, isOpen(name))) };
    },
    companies: async (context) => {
      await checkSession(context);
      const memberships = await sessions.memberships(context.principal.personId);
      return {
        items: memberships.map((one) => ({
          id: one.companyId,
          slug: one.companySlug,
          name: one.companyName,
          status: one.companyStatus,
          profileId: one.profileId,
          profileStatus: one.profileStatus,
          current: one.companyId === context.principal.companyId,
        })),
      };
    },
    switch: async (context, companyId) => {
      const memberships = await sessions.memberships(context.principal.personId);
      const target = memberships.find((one) => one.companyId === companyId && one.profileStatus === 'active');
      if (target === undefined) throw notFound();
      if (context.principal.support) throw conflict('SUPPORT_SESSION');
      if (companyId === context.principal.companyId) return;
      if (context.principal.byCode === true && !(await takesCodes(context.principal.personId, companyId)))
        throw forbidden('OTP_NOT_TAKEN');
      await sessions.exchange(context, { companyId, profileId: target.profileId, kind: 'member' });
    },
  };
};
