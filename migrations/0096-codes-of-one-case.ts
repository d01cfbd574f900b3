import { twins } from '../src/platform/db/blocked.ts';
import { companyIndex } from '../src/platform/db/ddl.ts';

const LIVE = 'deleted_at is null';
/** Their indices by the code itself stay, for lists sort by it. */
const CODES = [
  ['contract', 'number'],
  ['department', 'code'],
  ['equipment_kind', 'code'],
  ['project', 'code'],
  ['role', 'code'],
  ['shift_pattern', 'code'],
  ['site', 'code'],
  ['task_kind', 'code'],
] as const;
const NUMBERED = { unique: true, where: `employee_number is not null and ${LIVE}` };

/** What differs by case alone is one: nobody tells `ope-1` from `OPE-1`. */
export const up = [
  ...CODES.map(([table, column]) => companyIndex(table, `lower(${column})`, { unique: true, where: LIVE })),
  companyIndex('profile', 'lower(employee_number)', NUMBERED),
  'drop index profile_employee_number_key',
];

export const blockedBy = [
  ...CODES.map(([table, column]) => twins(table, `lower(${column})`, column, LIVE)),
  twins('profile', 'lower(employee_number)', 'employee_number', NUMBERED.where),
];

export const down = [
  companyIndex('profile', 'employee_number', NUMBERED),
  'drop index profile_lower_employee_number_key',
  ...CODES.map(([table, column]) => `drop index ${table}_lower_${column}_key`),
];
