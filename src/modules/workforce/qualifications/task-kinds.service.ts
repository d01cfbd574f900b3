import { conflict, createCrud } from '../../../platform/module.ts';
import type { CrudParts } from '../../../platform/module.ts';
import type { RiskGroupRow } from './risk-groups.repository.ts';
import { taskKindIsUsed } from './task-kinds.repository.ts';
import type { TaskKindRow } from './task-kinds.repository.ts';

/** Risk groups of people and work. */
export const createRiskGroupsService = (parts: CrudParts<RiskGroupRow>) =>
  createCrud({
    ...parts,
    onRemove: true,
  });

/** Kinds of work, with what they require of who does them. */
export const createTaskKindsService = (parts: CrudParts<TaskKindRow>) =>
  createCrud({
    ...parts,
    onRemove: async (tx, { id }) => {
      if (await taskKindIsUsed(tx, id)) throw conflict('IN_USE', { extra: { usedBy: ['work_assignment'] } });
    },
  });
