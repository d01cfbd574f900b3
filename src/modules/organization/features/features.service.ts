import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context, Reader, Tx } from '../../../platform/module.ts';
import type { featureFacts, KnownFeature } from './features.reads.ts';
import { included, resolve } from './resolution.ts';
import type { Reason } from './resolution.ts';

/** What modules ask of features. The decision on permissions never does. */
export interface Features {
  /** Whether somebody has a feature now. Asked anew each time: what was killed, denied or not paid counts at once. */
  allows(reader: Reader, profileId: string, feature: string): Promise<boolean>;
  /**
   * Counts `amount` units, a whole number of at least 1, that somebody uses, against their quota and the company's in the
   * present period: both or neither, also where many take at once. What is not counted is only asked for. Throws 403
   * FEATURE_OFF; 409 FEATURE_QUOTA where not as much is left.
   */
  take(tx: Tx, profileId: string, feature: string, amount: number): Promise<void>;
}

interface ShownFeature {
  readonly feature: string;
  readonly name: string;
  readonly type: KnownFeature['type'];
  readonly allowed: boolean;
  readonly because: Reason;
  readonly unit: string | null;
  readonly period: KnownFeature['period'];
  /** First day of the present period. */
  readonly startsOn: string | null;
  readonly companyUsed: number | null;
  readonly companyQuota: number | null;
}

/** A feature as a person has it. */
export interface EffectiveFeature extends ShownFeature {
  readonly grantId: string | null;
  readonly used: number | null;
  readonly quota: number | null;
}

interface FeaturesDependencies {
  readonly facts: typeof featureFacts;
  readonly work: UnitOfWork;
  readonly now: () => Date;
  /** 404 when the caller may not see the profile. */
  readonly mustSee: (reader: Reader, context: Context, id: string) => Promise<void>;
  readonly take: Features['take'];
}

/** Who has which feature, and why. */
export const createFeatures = ({ facts, work, now, mustSee, take }: FeaturesDependencies) => {
  const shown = ({ code, names, type, unit, period, used }: KnownFeature, { locale }: Context) => ({
    feature: code,
    name: names[locale] ?? code,
    type,
    unit,
    period,
    startsOn: used?.startsOn ?? null,
    companyUsed: used?.company ?? null,
  });
  const effective = async (reader: Reader, context: Context, profileId: string | null): Promise<EffectiveFeature[]> =>
    (await facts(reader, { profileId, at: now() })).map((known) => {
      const { quota, ...resolution } = resolve(known);
      const used = known.used?.person ?? null;
      return { ...shown(known, context), ...resolution, used, quota: quota.person, companyQuota: quota.company };
    });
  return {
    take,
    allows: async (reader, profileId, feature) => {
      const [known] = await facts(reader, { profileId, at: now(), feature });
      return known !== undefined && resolve(known).allowed;
    },
    /** The caller's own. */
    own: (context: Context): Promise<EffectiveFeature[]> =>
      work.read(context, (reader) => effective(reader, context, context.principal.profileId)),
    of: (context: Context, profileId: string): Promise<EffectiveFeature[]> =>
      work.read(context, async (reader) => {
        await mustSee(reader, context, profileId);
        return effective(reader, context, profileId);
      }),
    /** What the company has to give. */
    company: (context: Context): Promise<ShownFeature[]> =>
      work.read(context, async (reader) =>
        (await facts(reader, { profileId: null, at: now() })).map((known) => {
          const { quota, ...basis } = included(known);
          return { ...shown(known, context), ...basis, companyQuota: quota };
        }),
      ),
  } satisfies Features & Record<string, unknown>;
};

export type FeaturesService = ReturnType<typeof createFeatures>;
