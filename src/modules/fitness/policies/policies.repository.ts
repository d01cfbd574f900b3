import Type from 'typebox';
import { equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { exact, instant, integer, nullable, oneOf, text, uuid } from '../../../platform/schema/types.ts';
import { FitnessPolicySchema } from '../classification/policy.ts';

const POLICY_STATES = ['active', 'superseded'] as const;

/** One version of a policy; what a result was judged by stays as it was. */
export const StoredPolicy = entity({
  table: 'fitness_policy',
  fields: {
    riskGroupId: nullable(uuid({ description: 'Null: the company’s default' })),
    revision: integer(1, 2_147_483_647),
    policy: FitnessPolicySchema,
    status: oneOf(POLICY_STATES),
    reason: nullable(text(500)),
    supersededAt: nullable(instant()),
  },
  create: ['riskGroupId', 'policy', 'reason'],
  edit: [],
});
export type StoredPolicyRow = RowOf<typeof StoredPolicy>;

/** A new version: the whole policy, and why. */
export const PolicyRevision = exact({ policy: FitnessPolicySchema, reason: text(500) });

export const policyList: ListDefinition = {
  name: 'fitness-policies',
  from: 'from fitness_policy f',
  alias: 'f',
  where: 'f.company_id = $1 and f.deleted_at is null',
  item: StoredPolicy.json('f'),
  sorts: { createdAt: 'f.created_at' },
  defaultSort: '-createdAt',
  filters: {
    status: equalTo('f.status', oneOf(POLICY_STATES)),
    riskGroupId: equalTo('f.risk_group_id', uuid()),
  },
};

export const DefaultPolicy = exact({ policy: FitnessPolicySchema, ruleVersion: Type.String() });
