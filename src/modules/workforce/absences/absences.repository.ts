import { atLeast, atMost, day, entity, integer, listOf, oneOf, text, uuid } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';

/** Days on which a person does not work; the gate blocks them. */
export const Leave = entity({
  table: 'leave',
  fields: {
    profileId: uuid(),
    kind: oneOf(['vacation', 'sick', 'parental', 'unpaid', 'training', 'other']),
    startsOn: day(),
    endsOn: day({ description: 'Last day, included' }),
  },
  create: ['profileId', 'kind', 'startsOn', 'endsOn'],
  edit: ['kind', 'startsOn', 'endsOn'],
});
export type LeaveRow = RowOf<typeof Leave>;

export const leaveList = listOf(Leave, {
  sorts: ['-startsOn'],
  filters: ['profileId'],
  coarse: { kind: 'some kinds, all of them common' },
  also: { from: atLeast('t.ends_on', day()), to: atMost('t.starts_on', day()) },
});

/** Work for another employer that a person declares; it counts in the hours that the gate looks at. */
export const DeclaredHours = entity({
  table: 'declared_hours',
  fields: { profileId: uuid(), employer: text(200), workedOn: day(), minutes: integer(1, 1_440) },
  create: ['profileId', 'employer', 'workedOn', 'minutes'],
  edit: ['employer', 'workedOn', 'minutes'],
});
export type DeclaredHoursRow = RowOf<typeof DeclaredHours>;

export const declaredHoursList = listOf(DeclaredHours, {
  sorts: ['-workedOn'],
  filters: ['profileId'],
  also: { from: atLeast('t.worked_on', day()), to: atMost('t.worked_on', day()) },
});
