import { timingSafeEqual } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { Database } from '../../../platform/db/database.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { conflict, Problem } from '../../../platform/module.ts';
import type { Enqueue, Reader, Repository, Tx } from '../../../platform/module.ts';
import type { Persons } from '../persons/persons.service.ts';
import type { NewPerson, Registration } from '../persons/registration.service.ts';
import type { ProfileActivation } from './profile-activation.ts';
import { hashLinkToken, readLinkToken } from './accept-link-token.ts';
import { invitedProfile, invitingCompany, openLinkOf } from './accept-links.repository.ts';
import type { AcceptLinkRow, InvitingCompany } from './accept-links.repository.ts';

export const DELIVER_LINK = 'identity.accept-link.deliver';
const DAY = 86_400_000;
const LIFE = 7 * DAY;
const MOST_RESENDS = 5;

interface InvitationsDependencies {
  readonly db: Database;
  readonly vault: Pick<PersonalVault, 'open'>;
  readonly enqueue: Enqueue;
  readonly rates: RateLimits;
  readonly repository: Repository<AcceptLinkRow>;
  readonly persons: Pick<Persons, 'repository' | 'mover'>;
  readonly registration: Registration;
  readonly activation: () => ProfileActivation;
  readonly now: () => Date;
}

/** What a link shows before anybody proved anything: nothing of whether the person is known. */
export interface ShownInvitation {
  readonly company: { readonly name: string };
  readonly firstName: string;
  readonly email: string;
  readonly expiresAt: string;
}

export interface Invitations {
  /** Mails a link to a profile that was invited, or a new one in its place; 409 after five of those. */
  issue(tx: Tx, invitation: { profileId: string; email: string; locale: Locale }): Promise<void>;
  /** The same for somebody who joins the staff, in the operator's transaction. */
  issueToStaff(tx: Tx, invitation: { personId: string; email: string; locale: Locale }): Promise<void>;
  /** Ends the link that is open for a profile, if one is. */
  withdraw(tx: Tx, profileId: string): Promise<void>;
  /** 410 for a link that is used, replaced, too old, or never was. */
  show(token: string, traceId: string): Promise<ShownInvitation>;
  /**
   * Accepts: a new person gets this password, somebody who is known elsewhere proves with it that they are meant. Done
   * again with the same password it answers the same; of many at once one is first, and 410 for the others. Throws 401,
   * 409, 410, 422.
   */
  accept(request: { token: string; password: string }, context: PublicContext): Promise<InvitingCompany>;
}

const over = (): Problem => new Problem(410, 'LINK_OVER');

interface Found {
  readonly link: AcceptLinkRow;
  readonly company: InvitingCompany;
  readonly person: Omit<NewPerson, 'id'>;
}

/** Links by which people accept. */
export const createInvitations = (dependencies: InvitationsDependencies): Invitations => {
  const { db, vault, enqueue, rates, repository, persons, registration, activation, now } = dependencies;

  const send = async (
    tx: Tx,
    to: { profileId: string | null; personId: string | null; email: string; locale: Locale },
  ): Promise<void> => {
    const { profileId, personId, email, locale } = to;
    const expiresAt = new Date(tx.now.getTime() + LIFE).toISOString();
    const open = await openLinkOf(tx, to);
    const values = { email, locale, expiresAt, tokenHash: null };
    if (open === undefined) {
      const fresh = { ...values, profileId, personId: personId ?? uuidv7(), sends: 1, usedAt: null, revokedAt: null };
      const { id } = await repository.insert(tx, fresh, { action: 'send' });
      await enqueue(tx, DELIVER_LINK, { linkId: id, sends: 1 });
      return;
    }
    const row = await repository.lock(tx, open);
    if (row.sends > MOST_RESENDS) throw conflict('INVITATION_SENT_TOO_OFTEN', { params: { limit: MOST_RESENDS } });
    await repository.update(tx, row, { ...values, sends: row.sends + 1 }, { action: 'resend' });
    await enqueue(tx, DELIVER_LINK, { linkId: row.id, sends: row.sends + 1 });
  };

  const nationalIdOf = async (reader: Reader, profileId: string, sealed: string | null, kind: string) => {
    const value = sealed === null ? undefined : await vault.open(reader, profileId, sealed);
    return value === undefined ? null : { kind, value };
  };

  const personOf = async (reader: Reader, link: AcceptLinkRow): Promise<Found['person'] | undefined> => {
    const { profileId, email, locale } = link;
    if (profileId === null) {
      const person = await persons.repository.find(reader, link.personId);
      return person && { firstName: person.firstName, lastName: person.lastName, email, locale, nationalId: null };
    }
    const profile = await invitedProfile(reader, profileId);
    if (profile === undefined || (profile.status !== 'invited' && link.usedAt === null)) return undefined;
    const { firstName, lastName, nationalIdSealed, nationalIdKind } = profile;
    const nationalId = await nationalIdOf(reader, profileId, nationalIdSealed, nationalIdKind);
    return { firstName, lastName, email, locale, nationalId };
  };

  const find = async (token: string, traceId: string): Promise<Found> => {
    const named = readLinkToken(token);
    if (named === undefined) throw over();
    return db.read(systemScope(named.companyId, 'accept-link', traceId), async (reader) => {
      const link = await repository.find(reader, named.linkId);
      const company = await invitingCompany(reader);
      const given = Buffer.from(hashLinkToken(token));
      const stored = Buffer.from(link?.tokenHash ?? '');
      const isKnown = given.length === stored.length && timingSafeEqual(given, stored);
      if (link === undefined || company === undefined || !isKnown || link.revokedAt !== null) throw over();
      const person = await personOf(reader, link);
      if (person === undefined) throw over();
      return { link, company, person };
    });
  };
  const findOpen = async (token: string, traceId: string): Promise<Found> => {
    const found = await find(token, traceId);
    if (found.link.usedAt !== null || new Date(found.link.expiresAt) <= now()) throw over();
    return found;
  };

  const mustBeOpen = ({ link }: Found, row: AcceptLinkRow): void => {
    if (row.usedAt !== null || row.revokedAt !== null || row.tokenHash !== link.tokenHash) throw over();
  };

  const use = async (tx: Tx, found: Found, personId: string): Promise<void> => {
    const { id, profileId } = found.link;
    if (profileId !== null) await activation().activate(tx, profileId, personId);
    const row = await repository.lock(tx, id);
    mustBeOpen(found, row);
    await repository.update(tx, row, { usedAt: tx.now.toISOString(), personId }, { action: 'accept' });
  };

  /**
   * One transaction: the person in the operator's company, then the profile in its own. Of many who accept one link at once
   * only the first gets as far as `person`, so that nobody else's password is set.
   */
  const commit = (found: Found, context: PublicContext, person: (tx: Tx) => Promise<string>): Promise<void> => {
    const { traceId, address, agent } = context;
    const about = { address, agent };
    const scope: Scope = { ...systemScope(OPERATOR_COMPANY, 'accept-link', traceId), ...about };
    const there: Scope = { ...systemScope(found.company.id, 'accept-link', traceId), ...about };
    return db.write(scope, async (tx) => {
      await serialize(tx, `accept-link:${found.link.id}`);
      await inCompany(tx, there, async (own) => mustBeOpen(found, await repository.get(own, found.link.id)));
      const personId = await person(tx);
      await inCompany(tx, there, (own) => use(own, found, personId));
    });
  };

  const acceptAsKnown = async (found: Found, password: string, context: PublicContext, personId: string) => {
    const person = await db.read(systemScope(OPERATOR_COMPANY, 'accept-link', context.traceId), (reader) =>
      persons.repository.get(reader, personId),
    );
    await registration.prove(person, password, context.address);
    if (registration.isAnother(person, found.person.nationalId)) throw conflict('INVITATION_OF_ANOTHER');
    await commit(found, context, () => Promise.resolve(person.id));
  };

  const acceptAsNew = async (found: Found, password: string, context: PublicContext): Promise<void> => {
    const person: NewPerson = { ...found.person, id: found.link.personId };
    await db.write(systemScope(OPERATOR_COMPANY, 'accept-link', context.traceId), (tx) =>
      registration.announce(tx, person.id),
    );
    await commit(found, context, async (tx) => {
      const made = await registration.createUser(tx, person, password);
      return (await registration.insert(tx, person, made, 'active')).id;
    });
  };

  const acceptAsStaff = async (found: Found, password: string, context: PublicContext): Promise<void> => {
    await commit(found, context, async (tx) => {
      const keycloakId = await registration.createUser(tx, { ...found.person, id: found.link.personId }, password);
      const row = await persons.repository.lock(tx, found.link.personId);
      const known = await persons.repository.update(tx, row, { keycloakId }, { action: 'align' });
      await persons.mover.moveAs(tx, { scope: tx.scope }, known, 'activate');
      return row.id;
    });
  };

  /** A second try of what was done already answers the same to who has the password, and nothing to others. */
  const acceptAgain = async (found: Found, password: string, context: PublicContext): Promise<void> => {
    const person = await db.read(systemScope(OPERATOR_COMPANY, 'accept-link', context.traceId), (reader) =>
      persons.repository.find(reader, found.link.personId),
    );
    if (person === undefined) throw over();
    await registration.prove(person, password, context.address).catch((error: unknown) => {
      throw error instanceof Problem && error.status === 401 ? over() : error;
    });
  };

  const acceptOnce = async (found: Found, password: string, context: PublicContext): Promise<void> => {
    if (found.link.profileId === null) return acceptAsStaff(found, password, context);
    const known = await db.read(systemScope(OPERATOR_COMPANY, 'accept-link', context.traceId), (reader) =>
      registration.findKnown(reader, found.person),
    );
    return known === undefined
      ? acceptAsNew(found, password, context)
      : acceptAsKnown(found, password, context, known.id);
  };

  return {
    issue: (tx, invitation) => send(tx, { ...invitation, personId: null }),
    issueToStaff: (tx, invitation) => send(tx, { ...invitation, profileId: null }),
    withdraw: async (tx, profileId) => {
      const open = await openLinkOf(tx, { profileId, personId: null });
      if (open === undefined) return;
      const row = await repository.lock(tx, open);
      await repository.update(tx, row, { revokedAt: tx.now.toISOString() }, { action: 'revoke' });
    },
    show: async (token, traceId) => {
      const { link, company, person } = await findOpen(token, traceId);
      const { firstName, email } = person;
      return { company: { name: company.name }, firstName, email, expiresAt: link.expiresAt };
    },
    accept: async ({ token, password }, context) => {
      const found = await find(token, context.traceId);
      await rates.count('signIn', `link:${found.link.id}`);
      if (found.link.usedAt !== null) await acceptAgain(found, password, context);
      else await acceptOnce(await findOpen(token, context.traceId), password, context);
      return found.company;
    },
  };
};
