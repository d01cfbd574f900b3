import Type from 'typebox';
import { coarse, equalTo } from '../../../platform/db/list.ts';
import { operatorListOf } from '../../../platform/db/list-of.ts';
import { code, entity, inEveryLanguage, integer, nullable, oneOf } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

const MOST_UNITS = 1_000_000_000_000;

export const featureCode = () => Type.String({ pattern: '^[a-z][a-z0-9_]{1,39}$', examples: ['live_transcription'] });
export const quotaSchema = (description: string) => nullable(integer(1, MOST_UNITS, { description }));

/** Something of the product that can be on or off for a company or some of its people. */
export const Feature = entity({
  table: 'feature',
  fields: {
    code: featureCode(),
    names: inEveryLanguage(100),
    type: oneOf(['permission', 'release', 'kill_switch'], {
      description: 'What is sold or given; what is new and shown to some; what all have until it is killed',
    }),
    onByDefault: Type.Boolean({ description: 'Companies have it without a plan, a subscription or a grant' }),
    unit: nullable(
      code(20, { description: 'What its use is counted in; absent: it is not counted', examples: ['second'] }),
    ),
    period: nullable(
      oneOf(['day', 'month', 'year'], { description: 'Counts begin anew with each, in the company’s zone' }),
    ),
    status: oneOf(['active', 'killed', 'retired']),
  },
  create: ['code', 'names', 'type', 'onByDefault', 'unit', 'period'],
  edit: ['names', 'onByDefault'],
});
export type FeatureRow = RowOf<typeof Feature>;

/** What a company has bought of the product as a whole. */
export const Plan = entity({
  table: 'plan',
  fields: { code: code(40, { examples: ['standard'] }), names: inEveryLanguage(100) },
  create: ['code', 'names'],
  edit: ['names'],
});
export type PlanRow = RowOf<typeof Plan>;

/** That a plan has a feature. */
export const PlanFeature = entity({
  table: 'plan_feature',
  fields: {
    plan: code(40, { examples: ['standard'] }),
    feature: featureCode(),
    byGrant: Type.Boolean({ description: 'The company gives it to whom it likes; else all its people have it' }),
    quota: quotaSchema('Most units in a period for all of a company together; absent: no limit'),
  },
  create: ['plan', 'feature', 'byGrant', 'quota'],
  edit: ['byGrant', 'quota'],
});
export type PlanFeatureRow = RowOf<typeof PlanFeature>;

const few = 'there are some dozens';

export const featureDefinition = operatorListOf(Feature, 'code', {
  type: coarse(equalTo('t.type', Feature.fields.type), few),
  status: coarse(equalTo('t.status', Feature.fields.status), few),
});
export const planDefinition = operatorListOf(Plan, 'code');
export const planFeatureDefinition = operatorListOf(PlanFeature, 'plan', {
  plan: coarse(equalTo('t.plan', PlanFeature.fields.plan), few),
  feature: coarse(equalTo('t.feature', PlanFeature.fields.feature), few),
});

/** What a grant or a plan needs to know of a feature that is not retired; undefined where there is none. */
export const featureOf = async (
  reader: Reader,
  feature: string,
): Promise<Pick<FeatureRow, 'type' | 'period'> | undefined> =>
  (
    await reader.prepared<Pick<FeatureRow, 'type' | 'period'>>(
      `select type, period from feature where code = $1 and status <> 'retired' and deleted_at is null`,
      [feature],
    )
  )[0];
