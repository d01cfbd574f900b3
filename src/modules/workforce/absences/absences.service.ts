import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { Context, CrudParts, Tx } from '../../../platform/module.ts';
import { dateAt } from '../../../platform/time/zone.ts';
import type { People, Zones } from '../ports.ts';
import { isCounted, minutesBeside, siteOf } from './absences.repository.ts';
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
    onRestore: true,
  });

type HoursParts = Parts<DeclaredHoursRow> & { readonly zones: Zones };
type Declared = Pick<DeclaredHoursRow, 'profileId' | 'workedOn' | 'minutes'>;

const DAY_MINUTES = 24 * 60;

/**
 * Hours with other employers, declared by the person or a superior: of no day to come, and 24 in one day at most. What the gate has
 * counted the person does not lower: an entry that stops somebody would not outlive its shift. A superior does.
 */
export const createDeclaredHoursService = ({ people, zones, ...parts }: HoursParts) => {
  const mustFit = async (tx: Tx, { profileId, workedOn, minutes }: Declared, id: string | null): Promise<void> => {
    const today = dateAt(tx.now, await zones.of(tx, { siteId: await siteOf(tx, profileId) }));
    if (workedOn > today) throw invalid('/workedOn', 'IN_FUTURE');
    if ((await minutesBeside(tx, { profileId, workedOn }, id)) + minutes > DAY_MINUTES)
      throw invalid('/minutes', 'DAY_TOO_LONG');
  };
  const mayLower = async (tx: Tx, row: DeclaredHoursRow, { principal }: Context): Promise<void> => {
    if (principal.profileId === row.profileId && (await isCounted(tx, row))) throw conflict('HOURS_COUNTED');
  };
  return createCrud({
    ...parts,
    restrict: (context) => people.restrict(context),
    audience: ({ profileId }) => [profileId],
    onCreate: async (tx, body, context) => {
      await people.mustReach(tx, context, body.profileId);
      await mustFit(tx, body, null);
    },
    onEdit: async (tx, row, patch, context) => {
      const after = { ...row, ...patch };
      if (after.minutes < row.minutes || after.workedOn !== row.workedOn) await mayLower(tx, row, context);
      await mustFit(tx, after, row.id);
    },
    onRemove: mayLower,
    onRestore: (tx, row) => mustFit(tx, row, row.id),
  });
};
