import {
  entity,
  exact,
  instant,
  integer,
  keeps,
  line,
  listOf,
  nullable,
  oneOf,
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
  { ...Resident.view.properties, firstName: line(100), lastName: line(100), departmentId: nullable(uuid()) },
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

/** Residents who have not graduated, with their profiles. */
const IN_RESIDENCY = `from resident_profile r join profile p on p.company_id = $1 and p.id = r.profile_id
  where r.company_id = $1 and r.status in ('active', 'inactive') and r.deleted_at is null`;

/** Residents who count against the plan's limit: those who have not graduated, nor left the company. */
export const countResidents = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ residents: number }>(
    `select count(*)::int as residents ${IN_RESIDENCY} and p.status <> 'ended'`,
    [reader.companyId],
  );
  return row!.residents;
};

/** Whether a profile, one that ended too, is a resident who has not graduated. */
export const isInResidency = async (reader: Reader, profileId: string): Promise<boolean> =>
  (await reader.prepared(`select 1 ${IN_RESIDENCY} and r.profile_id = $2`, [reader.companyId, profileId])).length > 0;

/** Whether a profile is, or was, a resident. */
export const isResident = async (reader: Reader, profileId: string): Promise<boolean> => {
  const rows = await reader.prepared(
    'select 1 from resident_profile where company_id = $1 and profile_id = $2 and deleted_at is null',
    [reader.companyId, profileId],
  );
  return rows.length > 0;
};

/** The profile that a residency is about. */
export const profileOfResident = async (reader: Reader, id: string): Promise<string | undefined> =>
  (
    await reader.prepared<{ profileId: string }>(
      'select profile_id as "profileId" from resident_profile where company_id = $1 and id = $2',
      [reader.companyId, id],
    )
  )[0]?.profileId;

/** Id of the residency that a profile is active in. */
export const activeResidencyOf = async (reader: Reader, profileId: string): Promise<string | undefined> =>
  (
    await reader.prepared<{ id: string }>(
      `select id from resident_profile
       where company_id = $1 and profile_id = $2 and status = 'active' and deleted_at is null`,
      [reader.companyId, profileId],
    )
  )[0]?.id;

export const residentErasure: Erasure = keeps(Resident);
