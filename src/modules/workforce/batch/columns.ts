import Type from 'typebox';
import { code, day, email, exact, oneOf, text } from '../../../platform/schema/types.ts';

/** The columns of a file of people, in the order of the template. An upload gives no role: there is no column for one. */
export const ROW = exact({
  first_name: text(100),
  last_name: text(100),
  rut: Type.Optional(Type.String({ maxLength: 40 })),
  passport: Type.Optional(Type.String({ maxLength: 40 })),
  email: Type.Optional(email()),
  phone: Type.Optional(Type.String({ maxLength: 40 })),
  employee_number: Type.Optional(code(40)),
  kind: Type.Optional(oneOf(['employee', 'contractor', 'guest', 'temporary'])),
  department: Type.Optional(code(40)),
  site: Type.Optional(code(40)),
  risk_group: Type.Optional(text(100)),
  expires_on: Type.Optional(day()),
  safer_id: Type.Optional(text(100)),
  fit2000_id: Type.Optional(text(100)),
  checkingmate_id: Type.Optional(text(100)),
});
export type FileRow = Type.Static<typeof ROW>;

export const COLUMNS = Object.keys(ROW.properties) as readonly (keyof FileRow)[];
export const NEEDED: readonly (keyof FileRow)[] = ['first_name', 'last_name'];

/** Columns that link a person to another system. */
export const LINK_COLUMNS = { SAFER: 'safer_id', FIT2000: 'fit2000_id', CHECKINGMATE: 'checkingmate_id' } as const;

/** Columns that decide whose a test result is, and by which policy: not the operator's staff's. */
export const CLOSED_TO_SUPPORT: readonly (keyof FileRow)[] = ['risk_group', ...Object.values(LINK_COLUMNS)];

const EXAMPLE: FileRow = {
  first_name: 'Ana',
  last_name: 'Rojas Díaz',
  rut: '12.345.678-5',
  email: 'ana@example.cl',
  phone: '+56912345678',
  employee_number: 'E-001',
  kind: 'employee',
};

/** The template: headings and one line that shows how they are filled. */
export const TEMPLATE_ROWS: readonly FileRow[] = [EXAMPLE];
