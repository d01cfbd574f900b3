import Type from 'typebox';
import { code, entity, line, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';
import { CREDENTIAL_KINDS, HAZARDS, TEST_OFFERINGS } from './kinds.ts';

const several = <const V extends readonly string[]>(values: V, description: string) =>
  Type.Array(oneOf(values), { uniqueItems: true, maxItems: values.length, description });

const GIVEN = ['name', 'riskGroupId', 'requiredCredentials', 'requiredTests', 'hazards'] as const;

export const TaskKind = entity({
  table: 'task_kind',
  fields: {
    code: code(40),
    name: line(100),
    riskGroupId: nullable(uuid()),
    requiredCredentials: several(CREDENTIAL_KINDS, 'Credentials that whoever does it must hold'),
    requiredTests: several(TEST_OFFERINGS, 'Offerings whose tests it requires: an assignment reserves their seats'),
    hazards: several(HAZARDS, 'What restrictions of a person are held against'),
  },
  create: ['code', ...GIVEN],
  edit: GIVEN,
  search: ['code', 'name'],
});
export type TaskKindRow = RowOf<typeof TaskKind>;

export const taskKindList = listOf(TaskKind, { sorts: ['code', 'name'], filters: ['riskGroupId'] });

/** Whether a work assignment that is not over names the task kind. */
export const taskKindIsUsed = async (reader: Reader, id: string): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from work_assignment a where a.company_id = $1 and a.task_kind_ids @> array[$2::uuid]
       and a.status not in ('ended', 'cancelled') and a.deleted_at is null limit 1`,
      [reader.companyId, id],
    )
  ).length > 0;
