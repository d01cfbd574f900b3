import {
  entity,
  exact,
  instant,
  integer,
  keeps,
  listOf,
  nullable,
  oneOf,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Reader, RowOf } from '../../../platform/module.ts';

export const RESIDENT_STATES = ['active', 'inactive', 'graduated'] as const;

/** That a profile is a resident of the institution, in which year after graduation. */
export const Resident = entity({
  table: 'resident_profile',
  fields: {
    profileId: uuid(),
    pgyLevel: integer(1, 10, { description: 'Postgraduate year' }),
    status: oneOf(RESIDENT_STATES),
    graduatedAt: nullable(instant()),
  },
  create: ['profileId', 'pgyLevel'],
  edit: ['pgyLevel'],
});
export type ResidentRow = RowOf<typeof Resident>;

/** A row of the list: with the name that a screen shows beside it. */
export const ResidentItem = exact(
  { ...Resident.view.properties, firstName: text(100), lastName: text(100), departmentId: nullable(uuid()) },
  { 'x-component': 'resident_item' },
);

export const residentList = listOf(Resident, {
  sorts: ['createdAt', 'pgyLevel'],
  filters: ['profileId', 'status', 'pgyLevel'],
  join: 'join profile p on p.company_id = $1 and p.id = t.profile_id',
  extra: {
    firstName: { sql: 'p.first_name', as: 'text' },
    lastName: { sql: 'p.last_name', as: 'text' },
    departmentId: { sql: 'p.department_id', as: 'plain' },
  },
});

/** Residents who count against the plan's limit: those who have not graduated. */
export const countResidents = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ residents: number }>(
    `select count(*)::int as residents from resident_profile
     where company_id = $1 and status in ('active', 'inactive') and deleted_at is null`,
    [reader.companyId],
  );
  return row!.residents;
};

/** Whether a profile is, or was, a resident. */
export const isResident = async (reader: Reader, profileId: string): Promise<boolean> => {
  const rows = await reader.prepared(
    'select 1 from resident_profile where company_id = $1 and profile_id = $2 and deleted_at is null',
    [reader.companyId, profileId],
  );
  return rows.length > 0;
};

export const residentErasure: Erasure = keeps('resident_profile');
