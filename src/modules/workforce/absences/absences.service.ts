import { createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts } from '../../../platform/module.ts';
import type { People } from '../ports.ts';
import type { DeclaredHoursRow, LeaveRow } from './absences.repository.ts';

type Parts<Row> = CrudParts<Row> & { readonly people: People };

const mustBeInOrder = ({ startsOn, endsOn }: Pick<LeaveRow, 'startsOn' | 'endsOn'>): void => {
  if (endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
};

/** Leave of the people whom the caller reaches. */
export const createLeaveService = ({ people, ...parts }: Parts<LeaveRow>) =>
  createCrud({
    ...parts,
    restrict: (context) => people.restrict(context),
    audience: ({ profileId }) => [profileId],
    onCreate: async (tx, body, context) => {
      mustBeInOrder(body);
      await people.mustReach(tx, context, body.profileId);
    },
    onEdit: (_tx, row, patch) => {
      mustBeInOrder({ ...row, ...patch });
    },
    onRemove: true,
  });

/** Hours with other employers, declared by the person or a superior. */
export const createDeclaredHoursService = ({ people, ...parts }: Parts<DeclaredHoursRow>) =>
  createCrud({
    ...parts,
    restrict: (context) => people.restrict(context),
    audience: ({ profileId }) => [profileId],
    onCreate: (tx, body, context) => people.mustReach(tx, context, body.profileId),
    onRemove: true,
  });
