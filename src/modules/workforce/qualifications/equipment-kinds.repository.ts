import { code, entity, line, listOf } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

/** What people work with, as far as credentials tell it apart: a company's own catalogue. A piece of equipment is of one kind. */
export const EquipmentKind = entity({
  table: 'equipment_kind',
  fields: { code: code(40, { examples: ['HAUL-TRUCK'] }), name: line(100) },
  create: ['code', 'name'],
  edit: ['name'],
  search: ['code', 'name'],
});
export type EquipmentKindRow = RowOf<typeof EquipmentKind>;

export const equipmentKindList = listOf(EquipmentKind, { sorts: ['code', 'name'] });

/** Whether a work assignment that is not over names the kind. */
export const equipmentKindIsUsed = async (reader: Reader, id: string): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from work_assignment a where a.company_id = $1 and a.equipment_kind_ids @> array[$2::uuid]
       and a.status not in ('ended', 'cancelled') and a.deleted_at is null limit 1`,
      [reader.companyId, id],
    )
  ).length > 0;
