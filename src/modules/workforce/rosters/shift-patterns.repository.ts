import Type from 'typebox';
import { code, entity, exact, integer, line, listOf, oneOf } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';
import { WORK_KINDS } from './swing.ts';

const patternDay = exact({
  kind: oneOf([...WORK_KINDS, 'off']),
  start: Type.Optional(Type.String({ maxLength: 5, description: 'Wall time `HH:MM` in the site’s zone' })),
  minutes: Type.Optional(integer(1, 1_440, { description: 'Length on the wall clock, past midnight too' })),
});

export const ShiftPattern = entity({
  table: 'shift_pattern',
  fields: {
    code: code(40),
    name: line(100),
    days: Type.Array(patternDay, { minItems: 1, maxItems: 366, description: 'Repeated for ever' }),
  },
  create: ['code', 'name', 'days'],
  edit: ['name', 'days'],
  search: ['code', 'name'],
});
export type ShiftPatternRow = RowOf<typeof ShiftPattern>;

export const shiftPatternList = listOf(ShiftPattern, { sorts: ['code', 'name'] });
