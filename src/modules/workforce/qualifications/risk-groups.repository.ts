import Type from 'typebox';
import type { Reader } from '../../../platform/db/database.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { nullable, text, uuid } from '../../../platform/schema/types.ts';

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

export const riskGroupList: ListDefinition = {
  name: 'risk-groups',
  from: 'from risk_group g',
  alias: 'g',
  where: 'g.company_id = $1 and g.deleted_at is null',
  item: RiskGroup.json('g'),
  sorts: { name: 'g.name' },
  defaultSort: 'name',
};

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
