import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { lasts, lastingUntil } from '../../../platform/access/lasting.ts';
import type { GrantScope } from '../../../platform/access/principal.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import { decide } from '../../../platform/access/decision.ts';
import { conflict, forbidden } from '../../../platform/module.ts';
import type { Problem, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import {
  beyondOwn,
  givesOf,
  grantsOf,
  holdsWithin,
  lineageOf,
  lostOf,
  namesWithin,
  outranks,
  rankWithin,
  worthOf,
} from './authority.ts';
import type { Covers, Holding, RoleParts } from './authority.ts';
import { heldAmong, holdingsOf, rolesOf, scopesAround, steadyOwners } from './roles.repository.ts';
import type { Holder } from './roles.repository.ts';

/** What a write makes of holders: of what they hold, or of the company's own roles. */
export interface Effect {
  readonly held?: (held: readonly Holding[]) => readonly Holding[];
  readonly roles?: (all: ReadonlyMap<string, RoleParts>) => ReadonlyMap<string, RoleParts>;
}

/** Whom a grant is for; nothing of it: all of the company. */
interface Whom {
  readonly departmentId: string | null;
  readonly roleId: string | null;
  readonly systemRole: string | null;
}

/** By which roles are given. */
export const GIVE = 'organization:role-assignment:write';

const SUPPORT_SESSION: readonly Holding[] = [{ systemRole: 'support_session', roleId: null, scope: null }];
const OWNER: readonly Holding[] = [{ systemRole: 'owner', roleId: null, scope: null }];

/** A caller, who may give until an instant, null: for good; what they hold for less counts for nothing then. Absent: what they hold now. */
export interface Standee extends Pick<Caller, 'principal'> {
  readonly until?: string | null;
}

/** What a caller holds in the company: people their roles, staff the one of their support session, machines none. */
const heldBy = async (tx: Tx, { principal, until }: Standee): Promise<readonly Holding[]> => {
  const { profileId, support } = principal;
  if (support) return SUPPORT_SESSION;
  const held = profileId === null ? [] : await holdingsOf(tx, profileId, tx.now);
  return until === undefined ? held : held.filter(({ expiresAt }) => lasts(expiresAt, until));
};

/** Above everybody of a company. */
const OPERATOR_LEVEL = 1_000;

/** One unit of work of the company at a time changes what roles are, or who holds which. Taken after a profile's lock, before a role's. */
export const serializeRoles = (tx: Tx): Promise<void> => serialize(tx, 'roles');

/** Which of a caller's scopes takes which in, `scope` among them; a scope that is not there is in none. */
export const coversOf = async (
  tx: Tx,
  { grants }: Pick<Caller['principal'], 'grants'>,
  scope: GrantScope | null,
): Promise<Covers> => {
  if (scope === null) return () => false;
  const around = await scopesAround(tx, [scope, ...grants.flatMap((grant) => grant.scope ?? [])]);
  return (outer, inner) => outer.kind === inner.kind && around.get(inner.id)?.has(outer.id) === true;
};

/** Who stands above whom, and what follows from it for writes of roles. */
export const createStanding = (catalogue: () => Catalogue) => {
  /** Why whoever holds `held`, with these grants, does not stand above a holding; undefined when they do. */
  const above = (
    held: readonly Holding[],
    grants: Caller['principal']['grants'],
    holding: Holding,
    all: ReadonlyMap<string, RoleParts>,
    covers: Covers,
  ): Problem | undefined => {
    const worth = worthOf(holding, all);
    const isRanked = holding.systemRole !== null || worth > 0;
    if (isRanked && !outranks(rankWithin(held, all, holding.scope, covers), worth)) return forbidden('ROLE_ABOVE_OWN');
    const lineage = lineageOf(all.get(holding.roleId ?? ''), all);
    const beyond = beyondOwn(lineage, grants, catalogue(), holding.scope, covers);
    return beyond === undefined ? undefined : forbidden('GRANT_ABOVE_OWN', { params: { permission: beyond } });
  };

  /**
   * Refuses whoever does not stand above all of `holdings`: by rank what is of system roles, by own permissions the rest. A role
   * that names what it gives puts nobody above anything else.
   */
  const mustStandAbove = async (tx: Tx, caller: Standee, holdings: readonly Holding[]): Promise<void> => {
    const { principal } = caller;
    const all = await rolesOf(tx);
    const held = await heldBy(tx, caller);
    const free = held.filter((each) => givesOf(each, all) === undefined);
    for (const holding of holdings) {
      const covers = await coversOf(tx, principal, holding.scope);
      const refusal = above(held, principal.grants, holding, all, covers);
      if (refusal !== undefined) throw refusal;
      if (free.length === held.length || namesWithin(held, all, holding, covers)) continue;
      if (above(free, grantsOf(free, all), holding, all, covers) !== undefined) throw forbidden('ROLE_NOT_YOURS');
    }
  };

  /** Owners who stay and may do all that owners may. */
  const wholeOwners = async (tx: Tx): Promise<string[]> => {
    await serialize(tx, 'owners');
    const all = await rolesOf(tx);
    const whole = grantsOf(OWNER, all);
    return (await steadyOwners(tx, tx.now))
      .filter(({ held }) => lostOf(whole, grantsOf(held, all), catalogue()) === undefined)
      .map(({ profileId }) => profileId);
  };

  /** Throws 409 when none of the owners who stay and may do all would be left without these profiles. */
  const mustLeaveOwner = async (tx: Tx, without: readonly string[]): Promise<void> => {
    const owners = await wholeOwners(tx);
    if (owners.length > 0 && owners.every((id) => without.includes(id))) throw conflict('LAST_OWNER');
  };

  /** How high a caller stands in the company as a whole, for what they gave to be taken back by their equals only. */
  const levelOf = async (tx: Tx, caller: Standee): Promise<number> =>
    caller.principal.support
      ? OPERATOR_LEVEL
      : rankWithin(await heldBy(tx, caller), await rolesOf(tx), null, () => false);

  /** Whether a caller stands above everybody: an owner, or the operator's staff. */
  const standsAboveAll = async (tx: Tx, caller: Standee): Promise<boolean> =>
    outranks(await levelOf(tx, caller), Infinity);

  return {
    mustStandAbove,
    standsAboveAll,
    /** Refuses whoever changes what bounds themselves, but owners: nobody else stands above them. */
    mustNotBeOwn: async (tx: Tx, context: Standee, profileId: string): Promise<void> => {
      if (context.principal.profileId === profileId && !(await standsAboveAll(tx, context)))
        throw forbidden('OWN_LIMITS');
    },
    mustLeaveOwner,
    levelOf,
    /**
     * A caller who gives something until then, null: for good, by what they hold as long; `permission` is the one by which it is
     * given. Throws 403 for whoever gives nothing so long.
     */
    givingUntil: <C extends Caller>(caller: C, until: string | null, permission: string): C & Standee => {
      const principal = lastingUntil(caller.principal, until);
      const decision = decide(principal, permission, catalogue()[permission]);
      if (!decision.allowed) throw forbidden('OUT_OF_REACH');
      return { ...caller, principal, allowance: decision, until };
    },
    /** Refuses whoever may give roles only by one that names those that it gives, where `holding` is none of them. */
    mustBeGivable: async (tx: Tx, caller: Standee, holding: Holding): Promise<void> => {
      const all = await rolesOf(tx);
      const held = await heldBy(tx, caller);
      const free = held.filter((each) => givesOf(each, all) === undefined);
      const covers = await coversOf(tx, caller.principal, holding.scope);
      if (free.length === held.length || namesWithin(held, all, holding, covers)) return;
      const decision = decide({ grants: grantsOf(free, all) }, GIVE, catalogue()[GIVE]);
      if (!decision.allowed || !holdsWithin(decision, 'self', holding.scope, covers)) throw forbidden('ROLE_NOT_YOURS');
    },
    /** Whether a caller holds a permission in all of a scope only by roles that name whom they are about. Null is the whole company. */
    holdsByNameOnly: async (
      tx: Tx,
      caller: Standee,
      permission: string,
      scope: GrantScope | null,
    ): Promise<boolean> => {
      const all = await rolesOf(tx);
      const held = await heldBy(tx, caller);
      const free = held.filter((each) => givesOf(each, all) === undefined);
      if (free.length === held.length) return false;
      const decision = decide({ grants: grantsOf(free, all) }, permission, catalogue()[permission]);
      return !decision.allowed || !holdsWithin(decision, 'self', scope, await coversOf(tx, caller.principal, scope));
    },
    /**
     * Refuses whoever does not stand above everybody of the company, of a department or with a role, but for themselves. Nobody
     * of a company stands above its owners, or above the operator's staff.
     */
    mustStandAboveAll: async (tx: Tx, caller: Standee, { departmentId, roleId, systemRole }: Whom): Promise<void> => {
      if (await standsAboveAll(tx, caller)) return;
      const all = await rolesOf(tx);
      const isIt = ({ id, systemParent }: RoleParts): boolean =>
        id === roleId || (systemRole !== null && systemParent === systemRole);
      const own = [...all.values()].filter((role) => lineageOf(role, all).some(isIt)).map(({ id }) => id);
      const system = systemRole === null ? [] : [systemRole];
      const circle = { departmentId, roles: roleId === null && systemRole === null ? null : { own, system } };
      await mustStandAbove(tx, caller, await heldAmong(tx, circle, caller.principal.profileId, tx.now));
    },
    /**
     * Refuses a write that takes a permission from a holder above whom the caller does not stand, or from the last owner.
     * What somebody keeps by another role is not taken.
     */
    mustMayTake: async (
      tx: Tx,
      context: Pick<Caller, 'principal'>,
      holders: readonly Holder[],
      effect: Effect,
    ): Promise<void> => {
      const { held: heldAfter = (held) => held, roles: rolesAfter = (roles) => roles } = effect;
      const all = await rolesOf(tx);
      const after = rolesAfter(all);
      const isLoss = ({ held }: Holder): boolean =>
        lostOf(grantsOf(held, all), grantsOf(heldAfter(held), after), catalogue()) !== undefined;
      const alike = Map.groupBy(holders, ({ held }) => JSON.stringify(held)).values();
      const losing = [...alike].filter(([first]) => isLoss(first!));
      if (losing.length === 0) return;
      const losers = losing.flat().map(({ profileId }) => profileId);
      await mustLeaveOwner(tx, losers);
      for (const [first] of losing) await mustStandAbove(tx, context, first!.held);
    },
  };
};

export type Standing = ReturnType<typeof createStanding>;
