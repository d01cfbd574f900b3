import { isUnbounded } from '../../../platform/access/allowance.ts';
import { conflict, createCrud, forbidden, invalid } from '../../../platform/module.ts';
import type { Context, MovingParts, Reader, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { reaches, reachesDepartment, visibleProfiles } from '../reach.ts';
import type { Standee, Standing } from '../roles/standing.ts';
import type { OwnFeatures } from './own-features.ts';
import { givenTo } from './grants.repository.ts';
import type { FeatureGrantRow } from './grants.repository.ts';
import { included } from './resolution.ts';
import type { FeatureFacts, Subject } from './resolution.ts';

type Whom = Pick<FeatureGrantRow, 'departmentId' | 'roleId' | 'systemRole' | 'profileId'>;
/** A grant as it is asked for; what was left out is null, but for the start. */
interface Wanted extends Whom, Pick<FeatureGrantRow, 'feature' | 'effect' | 'quota' | 'endsAt'> {
  readonly startsAt?: string;
}
/** Who gives by what they hold as long as what they give. */
type Giver = Caller & Standee;
/** By which features are given and withheld. */
export const WRITE = 'organization:feature-grant:write';
const IN_FORCE: readonly string[] = ['scheduled', 'active'];

interface GrantsDependencies extends MovingParts<FeatureGrantRow> {
  readonly standing: Pick<
    Standing,
    'givingUntil' | 'levelOf' | 'holdsByNameOnly' | 'mustStandAbove' | 'mustStandAboveAll'
  >;
  /** Throws 403 for what gives the caller themselves more. */
  readonly own: Pick<OwnFeatures, 'mayGive'>;
  /** Locks a profile that a body names. Throws 422 for one that the caller may not see; 409 for who left. */
  readonly lockHere: (tx: Tx, context: Caller, profileId: string) => Promise<void>;
  /** Throws 403 for somebody else's profile that holds what the caller could not give. */
  readonly mayManage: (tx: Tx, context: Caller, profileId: string) => Promise<void>;
  /** Throws 422 for a feature that nobody can be given, and for a quota of one that is not counted. */
  readonly mustBeGivable: (tx: Tx, feature: string, quota: number | null) => Promise<void>;
  /** What decides about a feature for the company as a whole. */
  readonly factsOf: (reader: Reader, feature: string) => Promise<FeatureFacts | undefined>;
}

const subjectOf = ({ departmentId, roleId, systemRole, profileId }: Whom): Subject => {
  const named = [
    ...(departmentId === null ? [] : (['department'] as const)),
    ...(roleId === null ? [] : (['role'] as const)),
    ...(systemRole === null ? [] : (['role'] as const)),
    ...(profileId === null ? [] : (['profile'] as const)),
  ];
  if (named.length > 1) throw invalid('', 'ONE_SUBJECT');
  return named[0] ?? 'company';
};

/** What is for all, or for a role, is given and taken by whoever reaches everybody; what is for a department by whoever reaches that. */
const mustReach = async (tx: Tx, { allowance }: Caller, { departmentId, profileId }: Whom): Promise<void> => {
  if (profileId !== null) return;
  const isReached =
    departmentId === null ? isUnbounded(allowance) : await reachesDepartment(tx, allowance, departmentId);
  if (!isReached) throw forbidden('OUT_OF_REACH');
};

/** Throws unless the caller stands at the level of a grant's giver or above, and has no more of the feature without it. */
export const createMayRevoke =
  ({ levelOf }: Pick<Standing, 'levelOf'>, own: Pick<OwnFeatures, 'mayTakeBack'>) =>
  async (tx: Tx, caller: Context, row: FeatureGrantRow): Promise<void> => {
    if ((await levelOf(tx, caller)) < row.level) throw forbidden('FEATURE_GRANT_ABOVE_OWN');
    await own.mayTakeBack(tx, caller, row);
  };

/** Grants of features. A company's own people give only what their company has; the operator's staff give what they like. */
export const createGrantsService = (dependencies: GrantsDependencies) => {
  const { standing, own, lockHere, mayManage, mustBeGivable, factsOf, ...parts } = dependencies;

  const mustCommand = async (tx: Tx, giver: Giver, whom: Whom): Promise<void> => {
    await mustReach(tx, giver, whom);
    const { profileId, roleId, systemRole } = whom;
    if (profileId !== null) {
      if (!(await reaches(tx, giver, profileId))) throw forbidden('OUT_OF_REACH');
      await mayManage(tx, giver, profileId);
    }
    if (roleId !== null || systemRole !== null)
      await standing.mustStandAbove(tx, giver, [{ roleId, systemRole, scope: null }]);
  };

  /** Whether the grant is for all of a company or department, and the caller gives by a role that names the few for whom it does. */
  const isForMoreThanNamed = async (tx: Tx, giver: Giver, whom: Whom): Promise<boolean> => {
    const { departmentId, roleId, systemRole } = whom;
    if (roleId !== null || systemRole !== null) return false;
    const scope = departmentId === null ? null : ({ kind: 'department', id: departmentId } as const);
    return standing.holdsByNameOnly(tx, giver, WRITE, scope);
  };

  /**
   * Who withholds a feature, or bounds its use, takes from everybody whom the grant is for: they stand above them all. So does who
   * gives one by a role that names those to whom it gives.
   */
  const mustBeAbove = async (tx: Tx, giver: Giver, { effect, quota, ...whom }: Wanted): Promise<void> => {
    if (whom.profileId !== null) return;
    const takes = effect === 'deny' || quota !== null;
    if (takes || (await isForMoreThanNamed(tx, giver, whom))) await standing.mustStandAboveAll(tx, giver, whom);
  };

  const mustHave = async (tx: Tx, feature: string): Promise<void> => {
    const facts = await factsOf(tx, feature);
    if (facts === undefined || !included(facts).allowed)
      throw conflict('FEATURE_NOT_INCLUDED', { params: { feature } });
  };

  /** What follows from a grant that is asked for. Throws for one that this caller may not give. */
  const settle = async (tx: Tx, body: Wanted, context: Caller) => {
    const { feature, effect, quota, endsAt } = body;
    const subject = subjectOf(body);
    const asked = new Date(body.startsAt ?? tx.now);
    const startsAt = asked > tx.now ? asked : tx.now;
    if (endsAt !== null && new Date(endsAt) <= startsAt) throw invalid('/endsAt', 'BEFORE_START');
    if (effect === 'deny' && quota !== null) throw invalid('/quota', 'QUOTA_OF_DENY');
    await mustBeGivable(tx, feature, quota);
    if (body.profileId !== null) await lockHere(tx, context, body.profileId);
    const giver = standing.givingUntil(context, endsAt, WRITE);
    await mustCommand(tx, giver, body);
    await mustBeAbove(tx, giver, body);
    await own.mayGive(tx, giver, { ...body, subject, startsAt: startsAt.toISOString() });
    const byOperator = context.principal.support;
    if (effect === 'allow' && !byOperator) await mustHave(tx, feature);
    return {
      subject,
      startsAt: startsAt.toISOString(),
      byOperator,
      level: await standing.levelOf(tx, giver),
      status: startsAt > tx.now ? 'scheduled' : 'active',
    } as const;
  };
  const audience = ({ profileId }: Whom): readonly string[] => (profileId === null ? [] : [profileId]);
  const revokeAll = async (tx: Tx, ids: readonly string[], reason: string): Promise<void> => {
    for (const id of ids) {
      const row = await parts.repository.lock(tx, id);
      if (IN_FORCE.includes(row.status)) await parts.mover.moveAs(tx, { scope: tx.scope }, row, 'revoke', { reason });
    }
  };

  const crud = createCrud<FeatureGrantRow>({
    ...parts,
    restrict: (context) => (bind) => `(t.profile_id is null or ${visibleProfiles(context, 't.profile_id', bind)})`,
    audience,
    onCreate: settle,
    mayChange: async (tx, id, context) => mustReach(tx, context, await parts.repository.get(tx, id)),
  });
  return {
    ...crud,
    /** Gives a feature to somebody, as the caller may; answers the grant's id. Throws 403, 409, 422. */
    give: async (
      tx: Tx,
      caller: Caller,
      given: Pick<FeatureGrantRow, 'feature' | 'reason'> & { profileId: string },
    ) => {
      const body = { ...given, departmentId: null, roleId: null, systemRole: null, quota: null, endsAt: null };
      const wanted = { ...body, effect: 'allow' } as const;
      const values = { ...wanted, ...(await settle(tx, wanted, caller)) };
      const row = await parts.repository.insert(tx, values, { audience: audience(wanted) });
      await parts.mover.schedule(tx, row);
      return row.id;
    },
    /** Takes back those of these grants that are in force, or will be. */
    revokeAll,
    /** Ends what somebody was given themselves, because of what became of them. */
    endGiven: async (tx: Tx, profileId: string, reason: string): Promise<void> =>
      revokeAll(tx, await givenTo(tx, profileId), reason),
  };
};
