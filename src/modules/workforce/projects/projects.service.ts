import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { MovingParts, Tx } from '../../../platform/module.ts';
import { ancestorsOf, heightOf, MOST_LEVELS } from './projects.repository.ts';
import type { ProjectRow } from './projects.repository.ts';

/** A parent must be there, must not be below the project itself, and the tree has at most five levels. */
const checkParent = async (tx: Tx, parentId: string | null | undefined, id?: string): Promise<void> => {
  if (parentId === null || parentId === undefined) return;
  const ancestors = await ancestorsOf(tx, parentId);
  if (ancestors.length === 0) throw invalid('/parentId', 'UNKNOWN_REFERENCE');
  if (id !== undefined && ancestors.includes(id)) throw conflict('PROJECT_CYCLE');
  const height = id === undefined ? 1 : await heightOf(tx, id);
  if (ancestors.length + height > MOST_LEVELS) throw conflict('PROJECT_TOO_DEEP', { params: { limit: MOST_LEVELS } });
};

/** ISO 4217: what ICU knows, and Chile's unit of account, which it leaves out. */
const CURRENCIES: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('currency'), 'CLF']);

const checkDates = ({ startsOn, endsOn }: Pick<ProjectRow, 'startsOn' | 'endsOn'>): void => {
  if (startsOn !== null && endsOn !== null && endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
};

const checkMoney = ({ budgetMinor, currency }: Pick<ProjectRow, 'budgetMinor' | 'currency'>): void => {
  if (budgetMinor !== null && currency === null) throw invalid('/currency', 'required');
  if (currency !== null && !CURRENCIES.has(currency)) throw invalid('/currency', 'UNKNOWN_REFERENCE');
};

interface ProjectsDependencies extends MovingParts<ProjectRow> {
  /** Takes what nobody holds any more of the roles within a project. */
  readonly endLapsed: (tx: Tx, id: string) => Promise<void>;
}

/** Projects: their tree, their money in minor units, their moves. */
export const createProjectsService = ({ endLapsed, ...parts }: ProjectsDependencies) =>
  createCrud({
    ...parts,
    onCreate: async (tx, body) => {
      await checkParent(tx, body.parentId);
      checkDates(body);
      checkMoney(body);
    },
    onEdit: async (tx, row, patch) => {
      if (row.status === 'cancelled' || row.status === 'completed') throw conflict('PROJECT_CLOSED');
      await checkParent(tx, patch.parentId, row.id);
      checkDates({ ...row, ...patch });
      checkMoney({ ...row, ...patch });
    },
    onRemove: async (tx, row) => {
      if (row.status !== 'planning' && row.status !== 'cancelled') throw conflict('PROJECT_IN_USE');
      await endLapsed(tx, row.id);
    },
    onRestore: (tx, { parentId }) => checkParent(tx, parentId),
  });
