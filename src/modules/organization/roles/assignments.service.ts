import { waysOf } from '../../../platform/access/allowance.ts';
import { lasts } from '../../../platform/access/lasting.ts';
import type { GrantScope } from '../../../platform/access/principal.ts';
import type { Bind, ListQuery } from '../../../platform/db/list.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict, forbidden, invalid, notFound } from '../../../platform/module.ts';
import type { Context, List, Repository, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { reaches, visibleProfiles } from '../reach.ts';
import { holdsWithin } from './authority.ts';
import type { Holding } from './authority.ts';
import { mustHavePlaces } from './places.ts';
import {
  assignmentsOf,
  assignmentsOfLeavers,
  expiredAssignments,
  holdingsOf,
  holdingsUntil,
  holdScope,
  isOfPerson,
  lapsedWithin,
  limitedRoles,
  ownersIn,
  rolesOf,
} from './roles.repository.ts';
import type { RoleAssignmentRow, RoleRow } from './roles.repository.ts';
import { coversOf, GIVE, serializeRoles } from './standing.ts';
import type { Standing } from './standing.ts';
import { SYSTEM_ROLES } from './system-roles.ts';

export interface AssignmentBody {
  readonly profileId: string;
  readonly roleId?: string | null;
  readonly systemRole?: string | null;
  readonly scopeKind?: 'department' | 'project' | null;
  readonly scopeId?: string | null;
  readonly expiresAt?: string | null;
}

interface AssignmentsDependencies {
  readonly repository: Repository<RoleAssignmentRow>;
  readonly roles: Pick<Repository<RoleRow>, 'lock' | 'find'>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly standing: Standing;
  /** Locks a profile of the company and answers its status; 404 when the caller may not see it. */
  readonly lockProfile: (tx: Tx, context: Caller, id: string) => Promise<string>;
  /** What the person may do changed. */
  readonly raiseEpoch: (tx: Tx, profileId: string) => Promise<void>;
}

/** By which it is said until when people are there. */
const KEEP = 'organization:profile:write';
const ASSIGNABLE = new Set(SYSTEM_ROLES.filter(({ assignable }) => assignable).map(({ code }) => code));

const holdingFrom = (row: Partial<AssignmentBody>): Holding => ({
  systemRole: row.systemRole ?? null,
  roleId: row.roleId ?? null,
  scope: scopeFrom(row),
});
const scopeFrom = ({ scopeKind, scopeId }: Partial<AssignmentBody>): GrantScope | null =>
  (scopeKind ?? null) === null || (scopeId ?? null) === null ? null : { kind: scopeKind!, id: scopeId! };
const same = (a: Holding, b: Holding): boolean =>
  a.systemRole === b.systemRole &&
  a.roleId === b.roleId &&
  a.scope?.kind === b.scope?.kind &&
  a.scope?.id === b.scope?.id;

/** Who holds which role. Nobody gives or takes above their own rank, grants and scope, or for longer, nor touches their own roles. */
export const createAssignmentsService = (deps: AssignmentsDependencies) => {
  const { repository, roles, list, work, standing, lockProfile, raiseEpoch } = deps;

  /** Whether the caller reaches the profile in one of the ways in which they give roles in all of `scope`. */
  const reachesWithin = async (
    tx: Tx,
    { principal, allowance }: Caller,
    profileId: string,
    takesIn: (scope: GrantScope) => boolean,
  ): Promise<boolean> => {
    const { except = [] } = allowance;
    const ways = waysOf(allowance).flatMap(({ reach, scopes }) => {
      const within = scopes.filter(takesIn);
      return scopes.length > 0 && within.length === 0 ? [] : [{ reach, scopes: within }];
    });
    for (const way of ways) if (await reaches(tx, { principal, allowance: { ...way, except } }, profileId)) return true;
    return false;
  };

  /** Refuses whoever may not give this profile, or take from it, what `holding` is; within a scope that is gone, whoever may not in all of the company. */
  const mustCommand = async (tx: Tx, context: Caller, profileId: string, holding: Holding): Promise<void> => {
    const { scope } = holding;
    const covers = await coversOf(tx, context.principal, scope);
    const takesIn = (outer: GrantScope): boolean => scope !== null && covers(outer, scope);
    if (
      !holdsWithin(context.allowance, 'self', scope, covers) ||
      !(await reachesWithin(tx, context, profileId, takesIn))
    )
      throw forbidden('OUT_OF_REACH');
    await standing.mustBeGivable(tx, context, holding);
    await standing.mustStandAbove(tx, context, [holding]);
  };

  const mustNotBeOneself = ({ principal }: Caller, profileId: string): void => {
    if (principal.profileId === profileId) throw forbidden('OWN_ROLES');
  };

  const checkBody = (tx: Tx, body: AssignmentBody): void => {
    const { systemRole = null, roleId = null, scopeKind = null, scopeId = null, expiresAt = null } = body;
    if ((systemRole === null) === (roleId === null)) throw invalid('/roleId', 'ONE_ROLE');
    if ((scopeKind === null) !== (scopeId === null)) throw invalid('/scopeId', 'required');
    if (systemRole !== null && !ASSIGNABLE.has(systemRole)) throw invalid('/systemRole', 'UNKNOWN_REFERENCE');
    if (systemRole === 'owner' && scopeId !== null) throw invalid('/scopeId', 'OWNER_SCOPE');
    if (expiresAt !== null && new Date(expiresAt) <= tx.now) throw invalid('/expiresAt', 'IN_THE_PAST');
  };

  const takePlace = async (tx: Tx, roleId: string, profileId: string): Promise<void> => {
    if ((await roles.find(tx, roleId)) === undefined) throw invalid('/roleId', 'UNKNOWN_REFERENCE');
    await roles.lock(tx, roleId);
    await mustHavePlaces(tx, { roleId, joining: profileId, all: await rolesOf(tx), limits: await limitedRoles(tx) });
  };

  /** Throws 409 when the company would be without an owner who stays, and may do all, without this profile. */
  const mayLeave = (tx: Tx, profileId: string): Promise<void> => standing.mustLeaveOwner(tx, [profileId]);

  /** Gives the owner's role in a company that nobody owns yet: else 409. */
  const makeFirstOwner = async (tx: Tx, profileId: string): Promise<void> => {
    await serialize(tx, 'owners');
    if ((await ownersIn(tx, ['active', 'suspended'])).length > 0) throw conflict('COMPANY_HAS_OWNER');
    const owner = { profileId, roleId: null, systemRole: 'owner', scopeKind: null, scopeId: null, expiresAt: null };
    await repository.insert(tx, owner, { action: 'give' });
  };

  /** Takes away those of these assignments that are there still: what came with an invitation that nobody accepted. */
  const takeBack = async (tx: Tx, ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      const row = await repository.find(tx, id);
      if (row === undefined) continue;
      await raiseEpoch(tx, row.profileId);
      await repository.remove(tx, row, { action: 'take', audience: [row.profileId] });
    }
  };

  const restrictTo = (context: Context) => (bind: Bind) => visibleProfiles(context, 't.profile_id', bind);

  const drop = async (tx: Tx, ids: readonly string[]): Promise<void> => {
    for (const id of ids) await repository.remove(tx, await repository.get(tx, id), { action: 'take' });
  };

  return {
    mayLeave,
    makeFirstOwner,
    /** Profiles that were asked to own the company and have not come. */
    ownersAsked: (tx: Tx): Promise<string[]> => ownersIn(tx, ['draft', 'invited']),
    list: (context: Context, query: ListQuery & object): Promise<string> =>
      work.read(context, (reader) => list.page(reader, query, restrictTo(context))),
    /**
     * Throws 403 when somebody else's profile holds what the caller could not give: whoever writes a profile's address
     * can have its roles, so both are one question. Nor do staff change their own by a support session.
     */
    mayManage: async (tx: Tx, context: Caller, profileId: string): Promise<void> => {
      const { principal } = context;
      if (principal.support && (await isOfPerson(tx, profileId, principal.personId ?? null)))
        throw forbidden('OWN_LIMITS');
      if (principal.profileId !== profileId)
        await standing.mustStandAbove(tx, context, await holdingsOf(tx, profileId, tx.now));
    },
    /**
     * Throws 403 where somebody who is to be there until `until`, null: for good, holds something for longer by it than the
     * caller could give it. `now`: until when they are there.
     */
    mayKeep: async (
      tx: Tx,
      context: Caller,
      {
        profileId,
        now,
        until,
      }: { readonly profileId: string; readonly now: string | null; readonly until: string | null },
    ): Promise<void> => {
      const held = await holdingsUntil(tx, profileId, tx.now, until);
      const longer = held.filter(({ expiresAt }) => !lasts(now, expiresAt));
      for (const [end, holdings] of Map.groupBy(longer, ({ expiresAt }) => expiresAt)) {
        const giver = standing.givingUntil(context, end, KEEP);
        if (!(await reaches(tx, giver, profileId))) throw forbidden('OUT_OF_REACH');
        await standing.mustStandAbove(tx, giver, holdings);
      }
    },
    give: (context: Caller, body: AssignmentBody): Promise<RoleAssignmentRow> =>
      work.write(context, async (tx) => {
        checkBody(tx, body);
        mustNotBeOneself(context, body.profileId);
        const status = await lockProfile(tx, context, body.profileId);
        if (status === 'ended') throw conflict('PROFILE_ENDED');
        await serializeRoles(tx);
        const holding = holdingFrom(body);
        if (holding.roleId !== null) await takePlace(tx, holding.roleId, body.profileId);
        if (holding.scope !== null && !(await holdScope(tx, holding.scope)))
          throw invalid('/scopeId', 'UNKNOWN_REFERENCE');
        await mustCommand(tx, standing.givingUntil(context, body.expiresAt ?? null, GIVE), body.profileId, holding);
        const held = await holdingsOf(tx, body.profileId, tx.now);
        if (held.some((each) => same(each, holding)))
          throw conflict('DUPLICATE', { errors: [{ pointer: '/profileId', code: 'DUPLICATE', in: 'body' }] });
        const given = { held: () => [...held, holding] };
        await standing.mustMayTake(tx, context, [{ profileId: body.profileId, held }], given);
        const row = await repository.insert(
          tx,
          {
            profileId: body.profileId,
            roleId: holding.roleId,
            systemRole: holding.systemRole,
            scopeKind: holding.scope?.kind ?? null,
            scopeId: holding.scope?.id ?? null,
            expiresAt: body.expiresAt ?? null,
          },
          { action: 'give', audience: [body.profileId] },
        );
        await raiseEpoch(tx, body.profileId);
        return row;
      }),
    take: (context: Context, id: string, version: number): Promise<void> =>
      work.write(context, async (tx) => {
        const found = await repository.get(tx, id);
        await lockProfile(tx, context, found.profileId);
        mustNotBeOneself(context, found.profileId);
        await serializeRoles(tx);
        if (found.systemRole === 'owner') await mayLeave(tx, found.profileId);
        const row = await repository.lock(tx, id, version);
        const taken = holdingFrom(row);
        await mustCommand(tx, context, row.profileId, taken);
        const held = await holdingsOf(tx, row.profileId, tx.now);
        const left = { held: () => held.filter((each) => !same(each, taken)) };
        await standing.mustMayTake(tx, context, [{ profileId: row.profileId, held }], left);
        await repository.remove(tx, row, { action: 'take', audience: [row.profileId] });
        await raiseEpoch(tx, row.profileId);
      }),
    takeBack,
    /** Takes an own role from all who left. Their profiles are not locked, nor their sessions told: there are none. */
    takeFromLeavers: async (tx: Tx, roleId: string): Promise<void> => drop(tx, await assignmentsOfLeavers(tx, roleId)),
    /** Takes what nobody holds any more within a scope that goes: all else keeps it. Nobody's sessions have anything of it. */
    endLapsed: async (tx: Tx, scope: GrantScope): Promise<void> => drop(tx, await lapsedWithin(tx, scope, tx.now)),
    /** Takes every role, or a system role, away from somebody in the company and in every scope, because of what became of them. */
    endRoles: async (tx: Tx, profileId: string, systemRole?: string): Promise<void> =>
      takeBack(tx, await assignmentsOf(tx, profileId, systemRole)),
    /** Takes away, in one company, what was given until now. Repeat until nothing is left. */
    expire: (scope: Scope): Promise<number> =>
      work.write({ scope }, async (tx) => {
        const over = await expiredAssignments(tx, tx.now);
        for (const { id, profileId } of over) {
          await raiseEpoch(tx, profileId);
          const row = await repository.find(tx, id);
          if (row !== undefined) await repository.remove(tx, row, { action: 'expire', audience: [profileId] });
        }
        return over.length;
      }),
    one: async (context: Context, id: string) => {
      const found = await work.read(context, (reader) => list.one(reader, id, restrictTo(context)));
      if (found === undefined) throw notFound();
      return found;
    },
  };
};

export type Assignments = ReturnType<typeof createAssignmentsService>;
