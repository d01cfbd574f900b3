import { forbidden } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import type { Standing } from '../roles/standing.ts';
import type { depthFor, featureFacts } from './features.reads.ts';
import type { FeatureGrantRow } from './grants.repository.ts';
import { isMore } from './resolution.ts';
import type { GrantFact } from './resolution.ts';

interface OwnFeaturesDependencies {
  readonly standing: Pick<Standing, 'mustNotBeOwn' | 'standsAboveAll'>;
  readonly facts: typeof featureFacts;
  readonly depthFor: typeof depthFor;
}

type Given = Pick<
  FeatureGrantRow,
  'subject' | 'feature' | 'effect' | 'quota' | 'startsAt' | 'departmentId' | 'roleId' | 'systemRole' | 'profileId'
>;

/**
 * Nobody but an owner gives a feature to themselves, or has more of one by what they give to those of whom they are one, or take
 * back. What is for all of the company is for everybody alike, whoever gives it.
 */
export const createOwnFeatures = ({ standing, facts, depthFor: depthOf }: OwnFeaturesDependencies) => {
  /** Throws 403 where the caller has more of the feature, once this grant counts, with their grants as `change` makes them. */
  const mustNotHaveMore = async (
    tx: Tx,
    caller: Pick<Caller, 'principal'>,
    { feature, startsAt }: Pick<Given, 'feature' | 'startsAt'>,
    change: (
      grants: readonly GrantFact[],
      asked: { readonly profileId: string; readonly at: Date },
    ) => Promise<readonly GrantFact[]>,
  ): Promise<void> => {
    const { profileId } = caller.principal;
    if (profileId === null || (await standing.standsAboveAll(tx, caller))) return;
    const begin = new Date(startsAt);
    const asked = { profileId, at: begin > tx.now ? begin : tx.now };
    const [known] = await facts(tx, { ...asked, feature });
    if (known === undefined) return;
    if (isMore(known, { ...known, grants: await change(known.grants, asked) })) throw forbidden('OWN_LIMITS');
  };
  return {
    mayGive: async (tx: Tx, caller: Pick<Caller, 'principal'>, given: Given): Promise<void> => {
      if (given.profileId !== null) return standing.mustNotBeOwn(tx, caller, given.profileId);
      if (given.subject === 'company') return;
      await mustNotHaveMore(tx, caller, given, async (grants, asked) => {
        const depth = await depthOf(tx, asked, given);
        const { subject, effect, quota } = given;
        const added = { id: '', subject, effect, quota, byOperator: false, overtaken: false };
        return depth === undefined ? grants : [...grants, { ...added, depth }];
      });
    },
    mayTakeBack: (tx: Tx, caller: Pick<Caller, 'principal'>, row: FeatureGrantRow): Promise<void> =>
      mustNotHaveMore(tx, caller, row, (grants) => Promise.resolve(grants.filter(({ id }) => id !== row.id))),
  };
};

export type OwnFeatures = ReturnType<typeof createOwnFeatures>;
