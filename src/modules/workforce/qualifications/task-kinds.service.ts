import { conflict, createCrud } from '../../../platform/module.ts';
import type { CrudParts, Tx } from '../../../platform/module.ts';
import { equipmentKindIsUsed } from './equipment-kinds.repository.ts';
import type { EquipmentKindRow } from './equipment-kinds.repository.ts';
import type { RiskGroupRow } from './risk-groups.repository.ts';
import { taskKindIsUsed } from './task-kinds.repository.ts';
import type { TaskKindRow } from './task-kinds.repository.ts';

/** Kinds in the lists of work assignments are in use as references are. */
const mustBeFree =
  (isUsed: (tx: Tx, id: string) => Promise<boolean>) =>
  async (tx: Tx, { id }: { readonly id: string }): Promise<void> => {
    if (await isUsed(tx, id)) throw conflict('IN_USE', { extra: { usedBy: ['work_assignment'] } });
  };

/** Risk groups of people and work. */
export const createRiskGroupsService = (parts: CrudParts<RiskGroupRow>) =>
  createCrud({
    ...parts,
    onRemove: true,
    onRestore: true,
  });

/** Kinds of work, with what they require of who does them. */
export const createTaskKindsService = (parts: CrudParts<TaskKindRow>) =>
  createCrud({ ...parts, onRemove: mustBeFree(taskKindIsUsed), onRestore: true });

/** Kinds of equipment that work is done with. */
export const createEquipmentKindsService = (parts: CrudParts<EquipmentKindRow>) =>
  createCrud({ ...parts, onRemove: mustBeFree(equipmentKindIsUsed), onRestore: true });
