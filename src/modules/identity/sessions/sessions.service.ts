import type { Directory, Membership, PersonRecord, SessionRecord } from '../../../platform/access/directory.ts';
import type { Principal } from '../../../platform/access/principal.ts';
import type { PrincipalStore } from '../../../platform/access/principals.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Claims } from '../../../platform/http/authentication.ts';
import type { CompanyHint } from '../../../platform/http/company-hints.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import { forbidden, Problem } from '../../../platform/problem.ts';
import { liveSessionsOf } from './sessions.repository.ts';
import type { SessionRow } from './sessions.repository.ts';

const DAY = 86_400_000;
/** Longest life of a session (S3), and how many of a person live at once. */
const LONGEST = 30 * DAY;
const MOST = { member: 3, operator: 5 };

export interface NewSession {
  readonly companyId: string;
  readonly personId: string;
  readonly profileId: string | null;
  readonly kind: 'member' | 'operator';
  readonly client: 'worker' | 'admin';
  readonly sid: string;
}

interface SessionsDependencies {
  readonly db: Database;
  readonly directory: Directory;
  readonly repository: Repository<SessionRow>;
  readonly now: () => Date;
}

export interface Sessions extends PrincipalStore {
  /** Opens a session; the oldest ends where there are too many. A session of this sid that lives already stays. */
  open(session: NewSession, context: PublicContext): Promise<void>;
  /** The company a person enters: the one that is named, else the one used last. Throws 403 when there is none. */
  choose(personId: string, hints: readonly CompanyHint[]): Promise<Membership>;
}

const matches = (membership: Membership, { kind, value }: CompanyHint): boolean => {
  if (kind === 'slug') return membership.companySlug === value;
  return kind === 'id' ? membership.companyId === value : membership.customDomain === value;
};

const clientOf = ({ azp }: Claims): 'worker' | 'admin' => (azp === 'angelis-admin' ? 'admin' : 'worker');

const mayAct = (session: SessionRecord, now: Date): boolean =>
  session.personStatus === 'active' &&
  (session.profileId === null || session.profileStatus === 'active') &&
  session.companyStatus !== 'archived' &&
  session.companyStatus !== 'purged' &&
  new Date(session.expiresAt) > now;

/** Sessions: opened when a sid is first seen, bound to one company, ended for good. */
export const createSessions = ({ db, directory, repository, now }: SessionsDependencies): Sessions => {
  const endOldest = async (tx: Tx, { personId, kind }: NewSession): Promise<void> => {
    const live = await liveSessionsOf(tx, personId);
    for (const { id } of live.slice(0, Math.max(0, live.length + 1 - MOST[kind]))) {
      const row = await repository.lock(tx, id);
      await repository.update(
        tx,
        row,
        { revokedAt: tx.now.toISOString(), revokedBecause: 'too_many' },
        { action: 'revoke' },
      );
    }
  };

  const open = async (session: NewSession, context: PublicContext): Promise<void> => {
    const at = now();
    const scope = {
      ...systemScope(session.companyId, 'sign-in', context.traceId),
      address: context.address,
      agent: context.agent,
    };
    try {
      await db.write(scope, async (tx) => {
        await endOldest(tx, session);
        await repository.insert(
          tx,
          {
            ...session,
            device: null,
            reason: null,
            address: context.address,
            agent: context.agent,
            lastSeenAt: at.toISOString(),
            expiresAt: new Date(at.getTime() + LONGEST).toISOString(),
            revokedAt: null,
            revokedBecause: null,
          },
          { action: 'open' },
        );
      });
    } catch (error) {
      if (!(error instanceof Problem) || error.options.constraint !== 'session_sid_key') throw error;
    }
  };

  const choose = async (personId: string, hints: readonly CompanyHint[]): Promise<Membership> => {
    const possible = (await directory.memberships(personId)).filter(({ profileStatus }) => profileStatus === 'active');
    const wanted = possible.filter((membership) => hints.every((hint) => matches(membership, hint)));
    const [first] = wanted;
    if (first === undefined) throw forbidden(hints.length > 0 ? 'OTHER_COMPANY' : 'NO_COMPANY');
    return first;
  };

  const openFirst = async (
    person: PersonRecord,
    claims: Claims,
    sid: string,
    context: PublicContext,
  ): Promise<void> => {
    const base = { personId: person.id, client: clientOf(claims), sid };
    const isStaff = person.operatorRole !== null && base.client === 'admin' && context.hints.length === 0;
    if (isStaff) {
      await open({ ...base, companyId: OPERATOR_COMPANY, profileId: null, kind: 'operator' }, context);
      return;
    }
    const { companyId, profileId } = await choose(person.id, context.hints);
    await open({ ...base, companyId, profileId, kind: 'member' }, context);
  };

  const toPrincipal = async (session: SessionRecord): Promise<Principal> => {
    const grants = await directory.grants(session);
    return {
      ...session,
      sessionId: session.id,
      kind: session.kind === 'member' ? 'profile' : session.kind === 'machine' ? 'machine' : 'operator',
      roles: [...new Set(grants.map(({ role }) => role))],
      grants,
      readOnly: session.companyStatus === 'suspended' && session.kind === 'member',
      support: session.kind === 'support',
    };
  };

  return {
    open,
    choose,
    load: async (claims, context) => {
      const { sid } = claims;
      if (sid === undefined) throw new Problem(401, 'UNAUTHENTICATED');
      const known = await directory.session(sid);
      if (known === undefined) {
        const person = await directory.person(claims.sub);
        if (person === undefined || person.status !== 'active' || (await directory.hasEnded(sid)))
          throw new Problem(401, 'SESSION_ENDED');
        await openFirst(person, claims, sid, context);
      }
      const session = known ?? (await directory.session(sid));
      if (session === undefined || !mayAct(session, now())) throw new Problem(401, 'SESSION_ENDED');
      return toPrincipal(session);
    },
  };
};
