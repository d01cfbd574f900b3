import Type from 'typebox';
import type { TObject } from 'typebox';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import { code, day, email, exact, line, oneOf } from '../../../platform/schema/types.ts';

/** The columns of a file of people, in the order of the template. An upload gives no role: there is no column for one. */
export const ROW = exact({
  first_name: line(100),
  last_name: line(100),
  rut: Type.Optional(Type.String({ maxLength: 40 })),
  passport: Type.Optional(Type.String({ maxLength: 40 })),
  email: Type.Optional(email()),
  phone: Type.Optional(Type.String({ maxLength: 40 })),
  employee_number: Type.Optional(code(40)),
  kind: Type.Optional(oneOf(['employee', 'contractor', 'guest', 'temporary'])),
  department: Type.Optional(code(40)),
  site: Type.Optional(code(40)),
  risk_group: Type.Optional(line(100)),
  expires_on: Type.Optional(day()),
  safer_id: Type.Optional(line(100)),
  fit2000_id: Type.Optional(line(100)),
  checkingmate_id: Type.Optional(line(100)),
});
export type FileRow = Type.Static<typeof ROW>;

/** The columns of a file of invitations. `role` is a system role, for the whole company; the language is the mail's; between `features` stand spaces. */
export const INVITEE_ROW = exact({
  email: email(),
  first_name: line(100),
  last_name: line(100),
  kind: Type.Optional(oneOf(['employee', 'contractor', 'guest', 'temporary'])),
  department: Type.Optional(code(40)),
  site: Type.Optional(code(40)),
  expires_on: Type.Optional(day()),
  language: Type.Optional(oneOf(LOCALES)),
  role: Type.Optional(line(40)),
  features: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]*( +[a-z][a-z0-9_]*){0,19}$', maxLength: 820 })),
  pgy_level: Type.Optional(Type.String({ pattern: '^([1-9]|10)$' })),
});
export type InviteeRow = Type.Static<typeof INVITEE_ROW>;

/** What files of one kind look like. */
export interface Sheet {
  readonly columns: readonly string[];
  /** Columns without which the file as a whole is refused. */
  readonly needed: readonly string[];
  /** Most rows of one file. */
  readonly most: number;
  /** The template: headings and one line that shows how they are filled. */
  readonly template: readonly Readonly<Record<string, string>>[];
}

const sheetOf = <Row extends TObject>(
  row: Row,
  most: number,
  example: Partial<Record<keyof Row['properties'] & string, string>>,
): Sheet => ({
  columns: Object.keys(row.properties),
  needed: row.required ?? [],
  most,
  template: [example as Readonly<Record<string, string>>],
});

/** Columns that link a person to another system. */
export const LINK_COLUMNS = { SAFER: 'safer_id', FIT2000: 'fit2000_id', CHECKINGMATE: 'checkingmate_id' } as const;

/** Columns that decide whose a test result is, and by which policy: not the operator's staff's. */
export const CLOSED_TO_SUPPORT: readonly (keyof FileRow)[] = ['risk_group', ...Object.values(LINK_COLUMNS)];

export const BATCH_KINDS = ['profiles', 'invitations'] as const;
export type BatchKind = (typeof BATCH_KINDS)[number];

/** The file of each kind of upload. Invitations are tried one by one, as if each were sent by hand: their files are short. */
export const SHEETS: Readonly<Record<BatchKind, Sheet>> = {
  profiles: sheetOf(ROW, 200_000, {
    first_name: 'Ana',
    last_name: 'Rojas Díaz',
    rut: '12.345.678-5',
    email: 'ana@example.cl',
    phone: '+56912345678',
    employee_number: 'E-001',
    kind: 'employee',
  }),
  invitations: sheetOf(INVITEE_ROW, 500, {
    email: 'ana@example.cl',
    first_name: 'Ana',
    last_name: 'Rojas Díaz',
    kind: 'employee',
    language: 'es',
    role: 'worker',
  }),
};
