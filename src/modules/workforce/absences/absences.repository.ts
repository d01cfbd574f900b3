import { atLeast, atMost, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { day, integer, oneOf, text, uuid } from '../../../platform/schema/types.ts';

const LEAVE_KINDS = ['vacation', 'sick', 'parental', 'unpaid', 'training', 'other'] as const;

/** Days on which a person does not work; the gate blocks them. */
export const Leave = entity({
  table: 'leave',
  fields: {
    profileId: uuid(),
    kind: oneOf(LEAVE_KINDS),
    startsOn: day(),
    endsOn: day({ description: 'Last day, included' }),
  },
  create: ['profileId', 'kind', 'startsOn', 'endsOn'],
  edit: ['kind', 'startsOn', 'endsOn'],
});
export type LeaveRow = RowOf<typeof Leave>;

export const leaveList: ListDefinition = {
  name: 'leave',
  from: 'from leave v',
  alias: 'v',
  where: 'v.company_id = $1 and v.deleted_at is null',
  item: Leave.json('v'),
  sorts: { startsOn: 'v.starts_on' },
  defaultSort: '-startsOn',
  filters: {
    profileId: equalTo('v.profile_id', uuid()),
    kind: equalTo('v.kind', oneOf(LEAVE_KINDS)),
    from: atLeast('v.ends_on', day()),
    to: atMost('v.starts_on', day()),
  },
};

/** Work for another employer that a person declares; it counts in the hours that the gate looks at. */
export const DeclaredHours = entity({
  table: 'declared_hours',
  fields: {
    profileId: uuid(),
    employer: text(200),
    workedOn: day(),
    minutes: integer(1, 1_440),
  },
  create: ['profileId', 'employer', 'workedOn', 'minutes'],
  edit: ['employer', 'workedOn', 'minutes'],
});
export type DeclaredHoursRow = RowOf<typeof DeclaredHours>;

export const declaredHoursList: ListDefinition = {
  name: 'declared-hours',
  from: 'from declared_hours h',
  alias: 'h',
  where: 'h.company_id = $1 and h.deleted_at is null',
  item: DeclaredHours.json('h'),
  sorts: { workedOn: 'h.worked_on' },
  defaultSort: '-workedOn',
  filters: {
    profileId: equalTo('h.profile_id', uuid()),
    from: atLeast('h.worked_on', day()),
    to: atMost('h.worked_on', day()),
  },
};
