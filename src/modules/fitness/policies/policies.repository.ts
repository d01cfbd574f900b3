import Type from 'typebox';
import { entity, exact, instant, integer, listOf, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';
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

export const policyList = listOf(StoredPolicy, {
  sorts: ['-createdAt'],
  coarse: { status: 'policies are few', riskGroupId: 'the same' },
});

export const DefaultPolicy = exact({ policy: FitnessPolicySchema, ruleVersion: Type.String() });
