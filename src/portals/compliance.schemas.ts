import Type from 'typebox';
import { integer, nullable } from '../platform/schema/types.ts';

export const count = () => integer(0, 2_147_483_647);
export const percent = nullable(
  Type.Number({ description: 'On time of what was required, in percent with one decimal; null: nothing was' }),
);
/** What became of the required tests, and the rate made of it: the same wherever it is shown. */
export const COUNTS = {
  onTime: count(),
  late: count(),
  missed: count(),
  overdue: count(),
  excused: count(),
  blocked: count(),
  invalid: count(),
  required: count(),
  percent,
};
