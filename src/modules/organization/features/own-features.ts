import { forbidden } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import type { Standee, Standing } from '../roles/standing.ts';
import type { changesAfter, depthFor, featureFacts } from './features.reads.ts';
import type { FeatureGrantRow } from './grants.repository.ts';
import { isMore } from './resolution.ts';
import type { GrantFact } from './resolution.ts';

interface OwnFeaturesDependencies {
  readonly standing: Pick<Standing, 'mustNotBeOwn' | 'standsAboveAll'>;
  readonly facts: typeof featureFacts;
  readonly depthFor: typeof depthFor;
  readonly changesAfter: typeof changesAfter;
}

type Given = Pick<
  FeatureGrantRow,
  | 'subject'
  | 'feature'
  | 'effect'
  | 'quota'
  | 'startsAt'
  | 'endsAt'
  | 'departmentId'
  | 'roleId'
  | 'systemRole'
  | 'profileId'
>;

/**
 * Nobody but an owner gives a feature to themselves, or has more of one by what they give to those of whom they are one, or take
 * back: neither now nor once something of theirs begins or ends that is known now. What is for all of the company is for everybody alike, whoever gives it.
 */
export const createOwnFeatures = (dependencies: OwnFeaturesDependencies) => {
  const { standing, facts, depthFor: depthOf, changesAfter: changes } = dependencies;
  /** Throws 403 where the caller has more of the feature, at any time at which this grant counts, with their grants as `change` makes them. */
  const mustNotHaveMore = async (
    tx: Tx,
    caller: Standee,
    { feature, startsAt, endsAt }: Pick<Given, 'feature' | 'startsAt' | 'endsAt'>,
    change: (
      grants: readonly GrantFact[],
      asked: { readonly profileId: string; readonly at: Date },
    ) => Promise<readonly GrantFact[]>,
  ): Promise<void> => {
    const { profileId } = caller.principal;
    if (profileId === null || (await standing.standsAboveAll(tx, caller))) return;
    const asked = new Date(startsAt);
    const begin = asked > tx.now ? asked : tx.now;
    for (const at of [begin, ...(await changes(tx, { profileId, at: begin, feature, until: endsAt }))]) {
      const [known] = await facts(tx, { profileId, at, feature });
      if (known === undefined) return;
      const grants = await change(known.grants, { profileId, at });
      if (isMore(known, { ...known, grants })) throw forbidden('OWN_LIMITS');
    }
  };
  return {
    mayGive: async (tx: Tx, caller: Standee, given: Given): Promise<void> => {
      if (given.profileId !== null) return standing.mustNotBeOwn(tx, caller, given.profileId);
      if (given.subject === 'company') return;
      await mustNotHaveMore(tx, caller, given, async (grants, asked) => {
        const depth = await depthOf(tx, asked, given);
        const { subject, effect, quota } = given;
        const added = { id: '', subject, effect, quota, byOperator: false, overtaken: false };
        return depth === undefined ? grants : [...grants, { ...added, depth }];
      });
    },
    mayTakeBack: (tx: Tx, caller: Standee, row: FeatureGrantRow): Promise<void> =>
      mustNotHaveMore(tx, caller, row, (grants) => Promise.resolve(grants.filter(({ id }) => id !== row.id))),
  };
};

export type OwnFeatures = ReturnType<typeof createOwnFeatures>;
