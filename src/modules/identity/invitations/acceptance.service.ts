import type { Database } from '../../../platform/db/database.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { PasswordProof } from '../../../platform/identity-provider/port.ts';
import type { Beat } from '../../../platform/http/beat.ts';
import { checkCompanyHints } from '../../../platform/http/company-hints.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import { conflict, invalid, Problem } from '../../../platform/module.ts';
import type { Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import { normalizeEmail } from '../persons/identifiers.ts';
import type { PersonRow, Persons, Wanted } from '../persons/persons.service.ts';
import type { NewPerson, Registration } from '../persons/registration.service.ts';
import { isTokenOf, readInvitationToken } from './invitation-token.ts';
import { invitedProfile, invitingCompany } from './invitations.repository.ts';
import type { InvitationRow, InvitedProfile, InvitingCompany } from './invitations.repository.ts';
import type { InvitedProfiles } from './invited-profiles.ts';

interface AcceptanceDependencies {
  readonly db: Database;
  readonly rates: RateLimits;
  readonly beat: Beat;
  readonly repository: Repository<InvitationRow>;
  readonly mover: Mover<InvitationRow>;
  readonly persons: Pick<Persons, 'repository' | 'mover' | 'contacts' | 'align' | 'wantedBy' | 'identify'>;
  readonly registration: Registration;
  readonly profiles: () => Pick<InvitedProfiles, 'activate' | 'lock'>;
  readonly now: () => Date;
}

/** What a link shows before anybody proved anything: nothing of whether the person is known. */
export interface ShownInvitation {
  readonly company: { readonly name: string };
  readonly firstName: string;
  readonly email: string;
  readonly expiresAt: string;
}

/** What somebody accepts with: `identifier` where they sign in with another address than the one that was mailed. */
interface AcceptanceRequest extends PasswordProof {
  readonly token: string;
  readonly identifier?: string;
}

export interface Acceptance {
  /**
   * 410 for a link that is used, replaced, declined, revoked, too old, or never was; 409 while its company is suspended; 403, as
   * all that is done with a link, where the request names another company.
   */
  show(token: string, context: PublicContext): Promise<ShownInvitation>;
  /**
   * Accepts: a new person gets this password, somebody who has an account proves with it that they are meant. What the profile
   * says of them, its national id too, has no part in that. Done again with the same password it answers the same; of many at
   * once one is first, and 410 for the others. Throws 400, 401, 403, 409, 410, 422.
   */
  accept(request: AcceptanceRequest, context: PublicContext): Promise<Pick<InvitingCompany, 'id' | 'slug' | 'name'>>;
  /** Declines; done again it is the same. 410 for a link that is over in another way. */
  decline(token: string, context: PublicContext): Promise<void>;
}

const VIA = 'invitation';
const over = (): Problem => new Problem(410, 'LINK_OVER');

interface Found {
  readonly invitation: InvitationRow;
  readonly company: InvitingCompany;
  readonly person: Omit<NewPerson, 'id'>;
}

/** What whoever has the mailed link does with it. */
export const createAcceptance = (dependencies: AcceptanceDependencies): Acceptance => {
  const { db, rates, beat, repository, mover, persons, registration, profiles, now } = dependencies;

  /** Whether somebody of the staff is still invited, at this address: who reads it is given all that their role may do. */
  const isAskedAt = (person: PersonRow, email: string): boolean =>
    person.status === 'invited' && persons.contacts.emailOf(person) === normalizeEmail(email);

  /** Whether somebody is still asked to be this profile: a temporary one is over at its end, whatever its state says by then. */
  const isAsked = ({ status, expiresAt }: InvitedProfile): boolean =>
    status === 'invited' && (expiresAt === null || new Date(expiresAt) > now());

  const personOf = async (reader: Reader, invitation: InvitationRow): Promise<Found['person'] | undefined> => {
    const { profileId, email, locale } = invitation;
    if (profileId === null) {
      const person = await persons.repository.find(reader, invitation.personId);
      if (person === undefined || (invitation.status === 'pending' && !isAskedAt(person, email))) return undefined;
      return { firstName: person.firstName, lastName: person.lastName, email, locale };
    }
    const profile = await invitedProfile(reader, profileId);
    if (profile === undefined || (invitation.status === 'pending' && !isAsked(profile))) return undefined;
    return { firstName: profile.firstName, lastName: profile.lastName, email, locale };
  };

  /** The invitation whose last token this is, whatever became of it. */
  const find = async (token: string, traceId: string): Promise<Found> => {
    const named = readInvitationToken(token);
    if (named === undefined) throw over();
    return db.read(systemScope(named.companyId, VIA, traceId), async (reader) => {
      const invitation = await repository.find(reader, named.invitationId);
      const company = await invitingCompany(reader);
      const isKnown = isTokenOf(invitation?.tokenHash, token);
      if (invitation === undefined || company === undefined || !isKnown) throw over();
      const person = await personOf(reader, invitation);
      if (person === undefined) throw over();
      return { invitation, company, person };
    });
  };
  /** The same, unless the request names another company than that of the link. */
  const findNamed = async (token: string, { traceId, hints }: PublicContext): Promise<Found> => {
    const found = await find(token, traceId);
    const { id, slug, customDomain } = found.company;
    checkCompanyHints(hints, { companyId: id, companySlug: slug, customDomain });
    return found;
  };
  const mustBePending = (found: Found): Found => {
    const { status, expiresAt } = found.invitation;
    if (status !== 'pending' || new Date(expiresAt) <= now()) throw over();
    return found;
  };

  /** It can be accepted, too: while the company is suspended it waits. */
  const mustBeOpen = (found: Found): Found => {
    if (!mustBePending(found).company.takesIn) throw conflict('COMPANY_NOT_LIVE');
    return found;
  };

  /** What was found is still so, now that nobody else writes it. */
  const mustStillBe = ({ invitation }: Found, row: InvitationRow): void => {
    if (row.status !== 'pending' || row.tokenHash !== invitation.tokenHash) throw over();
  };

  /** Locks it, after its profile; 410 when it is another, or over, by now. */
  const lockPending = async (tx: Tx, found: Found): Promise<InvitationRow> => {
    const { id, profileId } = found.invitation;
    if (profileId !== null) await profiles().lock(tx, profileId);
    const row = await repository.lock(tx, id);
    mustStillBe(found, row);
    return row;
  };

  const use = async (tx: Tx, found: Found, personId: string): Promise<void> => {
    const { profileId, attributes } = found.invitation;
    const row = await lockPending(tx, found);
    if (profileId !== null) await profiles().activate(tx, profileId, personId, attributes);
    await mover.moveAs(tx, { scope: tx.scope }, row, 'accept', { personId });
  };

  const scopeIn = (companyId: string, { traceId, address, agent }: PublicContext): Scope => ({
    ...systemScope(companyId, VIA, traceId),
    address,
    agent,
  });

  /**
   * One transaction: the person in the operator's company, then the profile in its own. Of many who accept one link at once
   * only the first gets as far as `person`, so that nobody else's password is set.
   */
  const commit = (found: Found, context: PublicContext, person: (tx: Tx) => Promise<string>): Promise<void> => {
    const there = scopeIn(found.company.id, context);
    return db.write(scopeIn(OPERATOR_COMPANY, context), async (tx) => {
      await serialize(tx, `invitation:${found.invitation.id}`);
      await inCompany(tx, there, async (own) => mustStillBe(found, await repository.get(own, found.invitation.id)));
      const personId = await person(tx);
      await inCompany(tx, there, (own) => use(own, found, personId));
    });
  };

  /** 410 where it was used since it was found, maybe by whoever made the account at which a password was tried. */
  const mustBeUnused = async (found: Found, traceId: string): Promise<void> => {
    const row = await db.read(systemScope(found.company.id, VIA, traceId), (reader) =>
      repository.find(reader, found.invitation.id),
    );
    if (row === undefined) throw over();
    mustStillBe(found, row);
  };

  /** Refused as a sign-in is. */
  const acceptAsKnown = async (found: Found, wanted: Wanted, proof: PasswordProof, context: PublicContext) => {
    const person = await beat(async () =>
      registration.prove(await persons.identify(wanted, context.traceId), proof, context),
    ).catch(async (error: unknown) => {
      if (error instanceof Problem && error.status === 401) await mustBeUnused(found, context.traceId);
      throw error;
    });
    await commit(found, context, async (tx) => {
      await registration.keep(tx, person.id);
      return person.id;
    });
  };

  const acceptAsNew = async (found: Found, password: string, context: PublicContext): Promise<void> => {
    const person: NewPerson = { ...found.person, id: found.invitation.personId };
    await db.write(systemScope(OPERATOR_COMPANY, VIA, context.traceId), (tx) => registration.announce(tx, person.id));
    await commit(found, context, async (tx) => {
      const made = await registration.createUser(tx, person, password);
      return (await registration.insert(tx, person, made, 'active')).id;
    });
  };

  const acceptAsStaff = async (found: Found, password: string, context: PublicContext): Promise<void> => {
    const { personId, email } = found.invitation;
    const person: NewPerson = { ...found.person, id: personId };
    await commit(found, context, async (tx) => {
      await registration.hold(tx, person);
      const row = await persons.repository.lock(tx, personId);
      mustStillBe(found, await repository.get(tx, found.invitation.id));
      if (!isAskedAt(row, email)) throw over();
      const keycloakId = await registration.createUser(tx, person, password);
      const known = await persons.repository.update(tx, row, { keycloakId }, { action: 'align' });
      await persons.mover.moveAs(tx, { scope: tx.scope }, known, 'activate');
      await persons.align(tx, personId);
      return personId;
    });
  };

  /** A second try of what was done already answers the same to who has the password, and nothing to others. */
  const acceptAgain = async (found: Found, proof: PasswordProof, context: PublicContext): Promise<void> => {
    const person = await db.read(systemScope(OPERATOR_COMPANY, VIA, context.traceId), (reader) =>
      persons.repository.find(reader, found.invitation.personId),
    );
    if (person === undefined) throw over();
    await registration.prove(person, proof, context).catch((error: unknown) => {
      throw error instanceof Problem && error.status === 401 ? over() : error;
    });
  };

  /** Somebody who says that they have an account: as often as they may sign in to it. */
  const acceptAsNamed = async (found: Found, identifier: string, proof: PasswordProof, context: PublicContext) => {
    if (found.invitation.profileId === null) throw invalid('/identifier', 'LOGIN_OF_ITS_OWN');
    const wanted = await persons.wantedBy(identifier, context.hints);
    await rates.count('signIn', `account:${wanted.hashes[0]}`);
    await acceptAsKnown(found, wanted, proof, context);
  };

  const acceptOnce = async (found: Found, proof: PasswordProof, context: PublicContext): Promise<void> => {
    if (found.invitation.profileId === null) return acceptAsStaff(found, proof.password, context);
    const wanted = await persons.wantedBy(found.person.email, []);
    return (await persons.identify(wanted, context.traceId)) === undefined
      ? acceptAsNew(found, proof.password, context)
      : acceptAsKnown(found, wanted, proof, context);
  };

  return {
    show: async (token, context) => {
      const { invitation, company, person } = mustBeOpen(await findNamed(token, context));
      const { firstName, email } = person;
      return { company: { name: company.name }, firstName, email, expiresAt: invitation.expiresAt };
    },
    accept: async ({ token, identifier, ...proof }, context) => {
      // Whoever names themselves says by a hint where they are known.
      const found = await (identifier === undefined ? findNamed(token, context) : find(token, context.traceId));
      await rates.count('signIn', `invitation:${found.invitation.id}`);
      if (found.invitation.status === 'accepted') await acceptAgain(found, proof, context);
      else if (identifier === undefined) await acceptOnce(mustBeOpen(found), proof, context);
      else await acceptAsNamed(mustBeOpen(found), identifier, proof, context);
      const { id, slug, name } = found.company;
      return { id, slug, name };
    },
    decline: async (token, context) => {
      const found = await findNamed(token, context);
      if (found.invitation.status === 'declined') return;
      mustBePending(found);
      await db.write(scopeIn(found.company.id, context), async (tx) => {
        await mover.moveAs(tx, { scope: tx.scope }, await lockPending(tx, found), 'decline');
      });
    },
  };
};
