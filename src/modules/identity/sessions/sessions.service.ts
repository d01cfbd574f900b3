import type { Directory, Membership, PersonRecord, SessionRecord } from '../../../platform/access/directory.ts';
import type { Principal } from '../../../platform/access/principal.ts';
import type { PrincipalStore } from '../../../platform/access/principals.ts';
import type { Configuration } from '../../../platform/configuration.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import { SessionEnded } from '../../../platform/db/errors.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Claims } from '../../../platform/http/authentication.ts';
import { areNamed } from '../../../platform/http/company-hints.ts';
import type { CompanyHint } from '../../../platform/http/company-hints.ts';
import type { Context, PublicContext } from '../../../platform/http/context.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import { forbidden, Problem } from '../../../platform/problem.ts';
import { realmRoleOf } from '../persons/realm-roles.ts';
import { deviceOf } from './device.ts';
import { holdSessions, holdSid, isOver } from './openings.ts';
import type { Origin } from './openings.ts';
import { liveSessionsOf, touchSession } from './sessions.repository.ts';
import type { SessionRow } from './sessions.repository.ts';
import { SESSIONS_SETTING } from './settings.ts';

/** Why nothing may be written in a company, by its status. */
const READ_ONLY: Readonly<Record<string, Principal['readOnly']>> = {
  pending: 'COMPANY_PENDING',
  suspended: 'COMPANY_SUSPENDED',
};

const DAY = 86_400_000;
const LONGEST = 30 * DAY;
/** A session that was idle for so long is over at the identity provider: it takes nobody's place. */
const LONGEST_IDLE = 8 * 3_600_000;
const MOST_OF_STAFF = 5;
/** How old `last_seen_at` may be, in milliseconds. */
export const SEEN = 60_000;

export interface NewSession {
  readonly companyId: string;
  readonly personId: string;
  readonly profileId: string | null;
  readonly kind: 'member' | 'operator' | 'support';
  readonly client: 'worker' | 'admin';
  readonly sid: string;
  /** Default: 30 days from now, the longest life of a session. */
  readonly expiresAt?: Date;
  /** Why staff enter a company. */
  readonly reason?: string;
}

type Where = Pick<PublicContext, 'address' | 'agent' | 'traceId'>;
/** Where a session goes on: another company of the person, the operator, or a company that staff help. */
export type Destination = Pick<NewSession, 'companyId' | 'profileId' | 'kind' | 'expiresAt' | 'reason'>;

interface SessionsDependencies {
  readonly db: Database;
  readonly work: UnitOfWork;
  readonly directory: Directory;
  readonly repository: Repository<SessionRow>;
  readonly configuration: Configuration;
  readonly identityProvider: Pick<IdentityProvider, 'users'>;
  readonly endAtProvider: (sid: string) => Promise<void>;
  readonly now: () => Date;
}

export interface Sessions extends PrincipalStore {
  /**
   * Opens the session of a token; the oldest ends where there are too many. One of this sid that lives already stays, in
   * whichever company; one that ended does not come back. False where the person's sessions were ended after the token was made.
   */
  open(session: NewSession, token: Origin, where: Where): Promise<boolean>;
  /**
   * The company a person enters: the one that is named, else the one used last. By the client of workers nobody enters one
   * that is suspended: only its owner reads it, by the other. Throws 403 when there is none.
   */
  choose(personId: string, hints: readonly CompanyHint[], client: NewSession['client']): Promise<Membership>;
  memberships(personId: string): Promise<Membership[]>;
  /** Whether a request with this token would be let in: its session may act now, or is one that the request would open. */
  admits(claims: Claims): Promise<boolean>;
  /** Why nobody acts in the company of a token, where that is so: it is pending, or suspended. */
  closedTo(claims: Claims): Promise<Principal['readOnly']>;
  /** The company in which a request with this token would act now; undefined where it would be refused, or none has come yet. */
  companyOf(claims: Claims): Promise<string | undefined>;
  /** What a machine client may do with this token: its scopes, or those that it asked for; undefined where it would be refused. */
  scopesOf(claims: Claims): Promise<readonly string[] | undefined>;
  /** Ends the caller's session and opens one elsewhere under the same sid: both or neither. */
  exchange(context: Context, destination: Destination): Promise<void>;
}

const clientOf = ({ azp }: Claims): 'worker' | 'admin' => (azp === 'angelis-admin' ? 'admin' : 'worker');

/** Whether a person may have sessions: a lock stops sign-ins, at the identity provider, and no session that lives. */
const isAdmitted = (status: string): boolean => status === 'active' || status === 'locked';

/** Whether the token carries the realm's role for the one that somebody of the staff has: so their second factor was shown. */
const isStaffToken = ({ realm_access: realm }: Claims, operatorRole: string | null): boolean => {
  const role = operatorRole === null ? undefined : realmRoleOf(operatorRole);
  return role !== undefined && realm !== undefined && realm.roles.includes(role);
};

/** Whether somebody of the staff comes as such, and to no company. */
const comesAsStaff = ({ operatorRole }: PersonRecord, claims: Claims): boolean =>
  operatorRole !== null && clientOf(claims) === 'admin';

const mayAct = (session: SessionRecord, claims: Claims, now: Date): boolean =>
  isAdmitted(session.personStatus) &&
  (session.profileId === null || session.profileStatus === 'active') &&
  (isStaffToken(claims, session.operatorRole) || (session.kind !== 'operator' && session.kind !== 'support')) &&
  session.companyStatus !== 'archived' &&
  session.companyStatus !== 'purged' &&
  new Date(session.expiresAt) > now;

/** The scopes to which a machine client had its token narrowed; undefined where it did not. */
const scopesIn = ({ sid, scope = '' }: Claims): readonly string[] | undefined => {
  // Words of the provider's own have no such form.
  const scopes = sid === undefined ? scope.split(' ').filter((word) => word.includes(':')) : [];
  return scopes.length > 0 ? scopes : undefined;
};

const KINDS = { member: 'profile', machine: 'machine', operator: 'operator', support: 'operator' } as const;

/** Sessions: opened when a sid is first seen, bound to one company, ended for good. */
export const createSessions = (dependencies: SessionsDependencies): Sessions => {
  const { db, work, directory, repository, configuration, endAtProvider, now } = dependencies;

  /** False for one that ended already. */
  const revoke = async (tx: Tx, id: string, because: string): Promise<boolean> => {
    const row = await repository.lock(tx, id);
    if (row.revokedAt !== null) return false;
    const patch = { revokedAt: tx.now.toISOString(), revokedBecause: because };
    await repository.update(tx, row, patch, { action: 'revoke' });
    return true;
  };

  const endOldest = async (tx: Tx, { personId, kind }: NewSession): Promise<void> => {
    const most = kind === 'member' ? (await configuration.get(tx, SESSIONS_SETTING)).mostLive : MOST_OF_STAFF;
    const live = await liveSessionsOf(tx, personId, new Date(tx.now.getTime() - LONGEST_IDLE));
    const surplus = live.slice(0, Math.max(0, live.length + 1 - most));
    for (const { id } of surplus) await revoke(tx, id, 'too_many');
    tx.afterCommit(() => {
      for (const { sid } of surplus) void endAtProvider(sid);
    });
  };

  const insert = async (tx: Tx, session: NewSession, { address, agent }: Where): Promise<void> => {
    const { expiresAt = new Date(tx.now.getTime() + LONGEST), reason = null, ...values } = session;
    await endOldest(tx, session);
    await repository.insert(
      tx,
      {
        ...values,
        device: deviceOf(agent),
        reason,
        address,
        agent,
        epoch: 1,
        lastSeenAt: tx.now.toISOString(),
        expiresAt: expiresAt.toISOString(),
        revokedAt: null,
        revokedBecause: null,
      },
      { action: 'open', ...(reason !== null && { reason }) },
    );
  };

  const open: Sessions['open'] = async (session, token, where) => {
    const { address, agent, traceId } = where;
    const scope: Scope = { ...systemScope(session.companyId, 'sign-in', traceId), address, agent };
    return db.write(scope, async (tx) => {
      await holdSessions(tx, session.personId);
      await holdSid(tx, session.sid);
      const isNew = (await directory.sessionOf(session.sid)) === undefined && !(await directory.hasEnded(session.sid));
      if (!isNew) return true;
      if (await isOver(token, dependencies)) return false;
      await insert(tx, session, where);
      return true;
    });
  };

  const choose: Sessions['choose'] = async (personId, hints, client) => {
    const possible = (await directory.memberships(personId)).filter(
      ({ profileStatus, companyStatus }) =>
        profileStatus === 'active' && (client === 'admin' || companyStatus !== 'suspended'),
    );
    const wanted = possible.filter((membership) => areNamed(hints, membership));
    const [first] = wanted;
    if (first === undefined) throw forbidden(hints.length > 0 ? 'OTHER_COMPANY' : 'NO_COMPANY');
    return first;
  };

  const openFirst = async (person: PersonRecord, claims: Claims, sid: string, context: PublicContext) => {
    const base = { personId: person.id, client: clientOf(claims), sid };
    if (comesAsStaff(person, claims) && context.hints.length === 0) {
      if (!isStaffToken(claims, person.operatorRole)) throw new Problem(401, 'INVALID_TOKEN');
      await open({ ...base, companyId: OPERATOR_COMPANY, profileId: null, kind: 'operator' }, claims, context);
      return;
    }
    const { companyId, profileId } = await choose(person.id, context.hints, base.client);
    await open({ ...base, companyId, profileId, kind: 'member' }, claims, context);
  };

  const touch = async (session: SessionRecord, { traceId }: PublicContext): Promise<void> => {
    if (now().getTime() - Date.parse(session.lastSeenAt) < SEEN) return;
    await db.write(systemScope(session.companyId, 'sessions', traceId), (tx) => touchSession(tx, session.id));
  };

  const toPrincipal = async (session: SessionRecord, claims: Claims): Promise<Principal> => {
    const tokenScopes = scopesIn(claims);
    const held = await directory.grants(session);
    const readOnly = session.kind === 'support' ? undefined : READ_ONLY[session.companyStatus];
    // Of a company that is not active only its owner sees anything.
    const grants = readOnly !== undefined && !held.some(({ role }) => role === 'owner') ? [] : held;
    return {
      ...session,
      sessionId: session.id,
      kind: KINDS[session.kind],
      roles: [...new Set(grants.map(({ role }) => role))],
      grants,
      readOnly,
      support: session.kind === 'support',
      byCode: claims.azp === 'angelis-otp',
      ...(tokenScopes && { tokenScopes }),
    };
  };

  /** The session that a token names, if it is known; a machine client has one, made with it and named like it. */
  const known = async ({ sid, azp }: Claims): Promise<SessionRecord | undefined> => {
    const key = sid ?? (azp.startsWith('angelis-machine-') ? azp : undefined);
    return key === undefined ? undefined : directory.session(key);
  };

  /** Whose session a token opens that was never seen. */
  const newcomer = async (claims: Claims): Promise<PersonRecord | undefined> => {
    const { sid, sub } = claims;
    if (sid === undefined || (await directory.hasEnded(sid))) return undefined;
    const person = await directory.person(sub);
    if (person === undefined || !isAdmitted(person.status)) return undefined;
    return (await isOver(claims, dependencies)) ? undefined : person;
  };

  /** Whether a session would be opened for somebody who names no company. */
  const hasPlace = async (person: PersonRecord, claims: Claims): Promise<boolean> =>
    comesAsStaff(person, claims)
      ? isStaffToken(claims, person.operatorRole)
      : (await directory.memberships(person.id)).some(({ profileStatus }) => profileStatus === 'active');

  return {
    open,
    choose,
    memberships: (personId) => directory.memberships(personId),
    admits: async (claims) => {
      const session = await known(claims);
      if (session !== undefined) return mayAct(session, claims, now());
      const person = await newcomer(claims);
      return person !== undefined && hasPlace(person, claims);
    },
    closedTo: async (claims) => READ_ONLY[(await known(claims))?.companyStatus ?? ''],
    companyOf: async (claims) => {
      const session = await known(claims);
      return session !== undefined && mayAct(session, claims, now()) ? session.companyId : undefined;
    },
    scopesOf: async (claims) => {
      const session = await known(claims);
      if (session === undefined || session.scopes === null || !mayAct(session, claims, now())) return undefined;
      const narrowed = scopesIn(claims);
      return narrowed === undefined ? session.scopes : session.scopes.filter((scope) => narrowed.includes(scope));
    },
    exchange: async (context, destination) => {
      const { principal } = context;
      const target: Scope = {
        ...context.scope,
        companyId: destination.companyId,
        actor:
          destination.profileId === null
            ? { kind: 'operator', id: principal.personId }
            : { kind: 'profile', id: destination.profileId },
      };
      await work.write(context, async (tx) => {
        await holdSessions(tx, principal.personId);
        const { sid } = await repository.get(tx, principal.sessionId);
        await holdSid(tx, sid);
        if (!(await revoke(tx, principal.sessionId, 'exchanged'))) throw new SessionEnded();
        const client = principal.client === 'admin' ? 'admin' : 'worker';
        const session: NewSession = { ...destination, personId: principal.personId, client, sid };
        await inCompany(tx, target, (there) => insert(there, session, context));
      });
    },
    load: async (claims, context) => {
      let session = await known(claims);
      if (session === undefined) {
        const person = await newcomer(claims);
        if (person === undefined || claims.sid === undefined) throw new Problem(401, 'INVALID_TOKEN');
        context.speak(person.locale);
        await openFirst(person, claims, claims.sid, context);
        session = await known(claims);
      }
      if (session === undefined || !mayAct(session, claims, now())) throw new Problem(401, 'INVALID_TOKEN');
      await touch(session, context);
      return toPrincipal(session, claims);
    },
  };
};
