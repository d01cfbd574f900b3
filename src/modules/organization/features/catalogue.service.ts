import { createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts, MovingParts, Tx } from '../../../platform/module.ts';
import { featureOf } from './catalogue.repository.ts';
import type { FeatureRow, PlanFeatureRow, PlanRow } from './catalogue.repository.ts';

interface CatalogueParts {
  readonly features: MovingParts<FeatureRow>;
  readonly plans: CrudParts<PlanRow>;
  readonly planFeatures: CrudParts<PlanFeatureRow>;
}

type Declared = Pick<FeatureRow, 'type' | 'onByDefault' | 'unit' | 'period'>;

const check = ({ type, onByDefault, unit, period }: Declared): void => {
  if ((unit === null) !== (period === null)) throw invalid(unit === null ? '/unit' : '/period', 'required');
  if (type !== 'kill_switch') return;
  if (!onByDefault) throw invalid('/onByDefault', 'KILL_SWITCH_ON');
  if (unit !== null) throw invalid('/unit', 'KILL_SWITCH_UNCOUNTED');
};

/** Throws 422 for what cannot be given (all have a kill switch), and for a quota of what is not counted. */
const mustBeGivable = async (tx: Tx, code: string, quota: number | null): Promise<void> => {
  const feature = await featureOf(tx, code);
  if (feature === undefined) throw invalid('/feature', 'UNKNOWN_REFERENCE');
  if (feature.type === 'kill_switch') throw invalid('/feature', 'KILL_SWITCH_GIVEN');
  if (quota !== null && feature.period === null) throw invalid('/quota', 'FEATURE_UNCOUNTED');
};

/** The operator's catalogue: features, plans, and what each plan has. Codes stay, since everything names them. */
export const createFeatureCatalogue = ({ features, plans, planFeatures }: CatalogueParts) => ({
  mustBeGivable,
  features: createCrud({
    ...features,
    onCreate: (_tx, body) => {
      check(body);
    },
    onEdit: (_tx, row, patch) => {
      check({ ...row, ...patch });
    },
  }),
  plans: createCrud(plans),
  planFeatures: createCrud({
    ...planFeatures,
    onCreate: (tx, { feature, quota }) => mustBeGivable(tx, feature, quota),
    onEdit: (tx, { feature }, { quota = null }) => mustBeGivable(tx, feature, quota),
    onRemove: true,
  }),
});

export type FeatureCatalogue = ReturnType<typeof createFeatureCatalogue>;
