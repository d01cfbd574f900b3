import Type from 'typebox';
import { entity, listOf, nullable, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

const GIVEN = ['name', 'highRisk', 'policyId'] as const;

export const RiskGroup = entity({
  table: 'risk_group',
  fields: {
    name: text(100),
    highRisk: Type.Boolean({ description: 'A missing or invalid test holds, it does not only restrict' }),
    policyId: nullable(uuid({ description: 'Fitness policy; absent: the default' })),
  },
  create: GIVEN,
  edit: GIVEN,
});
export type RiskGroupRow = RowOf<typeof RiskGroup>;

export const riskGroupList = listOf(RiskGroup, { sorts: ['name'] });

/** Whether a task kind or a person belongs to the group. */
export const riskGroupIsUsed = async (reader: Reader, id: string): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from task_kind k where k.company_id = $1 and k.risk_group_id = $2 and k.deleted_at is null
       union all
       select 1 from profile p where p.company_id = $1 and p.risk_group_id = $2 and p.deleted_at is null limit 1`,
      [reader.companyId, id],
    )
  ).length > 0;
