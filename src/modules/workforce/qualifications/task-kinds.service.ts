import { createCrud } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict } from '../../../platform/problem.ts';
import { riskGroupIsUsed } from './risk-groups.repository.ts';
import type { RiskGroupRow } from './risk-groups.repository.ts';
import { taskKindIsUsed } from './task-kinds.repository.ts';
import type { TaskKindRow } from './task-kinds.repository.ts';

interface Dependencies<Row> {
  readonly repository: Repository<Row>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly now: () => Date;
}

/** Risk groups of people and work. */
export const createRiskGroupsService = ({ repository, list, work, now }: Dependencies<RiskGroupRow>) =>
  createCrud({
    repository,
    list,
    work,
    now,
    onRemove: async (tx, row) => {
      if (await riskGroupIsUsed(tx, row.id)) throw conflict('RISK_GROUP_IN_USE');
    },
  });

/** Kinds of work, with what they require of who does them. */
export const createTaskKindsService = ({ repository, list, work, now }: Dependencies<TaskKindRow>) =>
  createCrud({
    repository,
    list,
    work,
    now,
    onRemove: async (tx, row) => {
      if (await taskKindIsUsed(tx, row.id)) throw conflict('TASK_KIND_IN_USE');
    },
  });
