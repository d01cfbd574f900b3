import { createCrud } from '../../../platform/crud/service.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import { ancestorsOf, heightOf, MOST_LEVELS } from './projects.repository.ts';
import type { ProjectRow } from './projects.repository.ts';

interface ProjectsDependencies {
  readonly repository: Repository<ProjectRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<ProjectRow>;
  readonly now: () => Date;
}

/** A parent must be there, must not be below the project itself, and the tree has at most five levels. */
const checkParent = async (tx: Tx, parentId: string | null | undefined, id?: string): Promise<void> => {
  if (parentId === null || parentId === undefined) return;
  const ancestors = await ancestorsOf(tx, parentId);
  if (ancestors.length === 0) throw invalid('/parentId', 'UNKNOWN_REFERENCE');
  if (id !== undefined && ancestors.includes(id)) throw conflict('PROJECT_CYCLE');
  const height = id === undefined ? 1 : await heightOf(tx, id);
  if (ancestors.length + height > MOST_LEVELS) throw conflict('PROJECT_TOO_DEEP', { params: { limit: MOST_LEVELS } });
};

const checkMoney = ({ budgetMinor, currency }: Partial<ProjectRow>): void => {
  if ((budgetMinor ?? null) !== null && (currency ?? null) === null) throw invalid('/currency', 'required');
};

/** Projects: their tree, their money in minor units, their moves. */
export const createProjectsService = ({ repository, list, work, mover, now }: ProjectsDependencies) =>
  createCrud({
    repository,
    list,
    work,
    mover,
    now,
    onCreate: async (tx, body: Partial<ProjectRow>) => {
      await checkParent(tx, body.parentId);
      checkMoney(body);
      return { status: 'planning' };
    },
    onEdit: async (tx, row, patch: Partial<ProjectRow>) => {
      if (row.status === 'cancelled') throw conflict('PROJECT_CLOSED');
      await checkParent(tx, patch.parentId, row.id);
      checkMoney({ ...row, ...patch });
      return {};
    },
    onRemove: async (tx, row) => {
      if ((await heightOf(tx, row.id)) > 1) throw conflict('PROJECT_HAS_CHILDREN');
      if (row.status !== 'planning' && row.status !== 'cancelled') throw conflict('PROJECT_IN_USE');
    },
  });
