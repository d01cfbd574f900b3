import { createCrud } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { invalid } from '../../../platform/problem.ts';
import type { People } from '../ports.ts';
import type { DeclaredHoursRow, LeaveRow } from './absences.repository.ts';

interface Dependencies<Row> {
  readonly repository: Repository<Row>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly people: People;
  readonly now: () => Date;
}

const mustBeInOrder = ({ startsOn, endsOn }: Pick<LeaveRow, 'startsOn' | 'endsOn'>): void => {
  if (endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
};

/** Leave of the people whom the caller reaches. */
export const createLeaveService = ({ repository, list, work, people, now }: Dependencies<LeaveRow>) =>
  createCrud({
    repository,
    list,
    work,
    now,
    restrict: (context) => people.restrict(context, 'v.profile_id'),
    audience: ({ profileId }) => [profileId],
    onCreate: async (tx, body, context) => {
      const row = body as LeaveRow;
      mustBeInOrder(row);
      await people.mustReach(tx, context, row.profileId);
      return {};
    },
    onEdit: (_tx, row, patch: Partial<LeaveRow>) => {
      mustBeInOrder({ ...row, ...patch });
      return Promise.resolve({});
    },
    onRemove: () => Promise.resolve(),
  });

/** Hours with other employers, declared by the person or a superior. */
export const createDeclaredHoursService = ({ repository, list, work, people, now }: Dependencies<DeclaredHoursRow>) =>
  createCrud({
    repository,
    list,
    work,
    now,
    restrict: (context) => people.restrict(context, 'h.profile_id'),
    audience: ({ profileId }) => [profileId],
    onCreate: async (tx, body, context) => {
      await people.mustReach(tx, context, (body as DeclaredHoursRow).profileId);
      return {};
    },
    onRemove: () => Promise.resolve(),
  });
