import Type from 'typebox';
import { entity, line, listOf } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';

export const RiskGroup = entity({
  table: 'risk_group',
  fields: {
    name: line(100),
    highRisk: Type.Boolean({ description: 'A missing or invalid test holds, it does not only restrict' }),
  },
  create: ['name', 'highRisk'],
  edit: ['name', 'highRisk'],
});
export type RiskGroupRow = RowOf<typeof RiskGroup>;

export const riskGroupList = listOf(RiskGroup, { sorts: ['name'] });
