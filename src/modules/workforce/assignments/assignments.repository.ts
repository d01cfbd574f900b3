import Type from 'typebox';
import { code, day, entity, instant, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import { shown } from '../../../platform/schema/entity.ts';

export const ASSIGNMENT_STATES = ['draft', 'active', 'suspended', 'ended', 'cancelled'] as const;

const GIVEN = [
  'contractId',
  'role',
  'taskKindIds',
  'equipmentKindIds',
  'shiftPatternId',
  'patternStartsOn',
  'startsOn',
  'endsOn',
] as const;

export const WorkAssignment = entity({
  table: 'work_assignment',
  fields: {
    profileId: uuid(),
    projectId: uuid(),
    contractId: nullable(uuid({ description: 'Required for people of a contractor' })),
    role: code(60, { description: 'Role in the work, which credentials are required by', examples: ['operator'] }),
    taskKindIds: Type.Array(uuid(), { maxItems: 20, uniqueItems: true }),
    equipmentKindIds: nullable(
      Type.Array(uuid(), { maxItems: 20, uniqueItems: true, description: 'Kinds of equipment that it is done with' }),
    ),
    shiftPatternId: nullable(uuid()),
    patternStartsOn: nullable(
      day({ description: 'Day of the pattern’s first day; absent: the first day of the work' }),
    ),
    startsOn: day(),
    endsOn: nullable(day({ description: 'Last day, included' })),
    status: oneOf(ASSIGNMENT_STATES),
  },
  hidden: { endsAt: nullable(instant()) },
  create: ['profileId', 'projectId', ...GIVEN],
  edit: GIVEN,
});
export type AssignmentRow = RowOf<typeof WorkAssignment>;

export const assignmentList = listOf(WorkAssignment, {
  sorts: ['-startsOn'],
  filters: ['status', 'profileId', 'projectId', 'contractId'],
});

/** Profile, project and contract of an assignment as they stand; locked, so that none changes before the commit. */
export interface Standing {
  readonly profile: { readonly status: string; readonly kind: string } | undefined;
  readonly project: { readonly status: string } | undefined;
  readonly contract:
    | {
        readonly status: string;
        readonly projectId: string | null;
        readonly startsOn: string;
        readonly endsOn: string | null;
      }
    | undefined;
}

/** Reads and locks what an assignment stands on, in the one order of locks. */
export const standingOf = async (tx: Tx, row: AssignmentRow): Promise<Standing> => {
  const { companyId } = tx;
  const [contract] = await tx.prepared<NonNullable<Standing['contract']>>(
    `select k.status, k.project_id as "projectId", k.starts_on as "startsOn", k.ends_on as "endsOn" from contract k
     where k.company_id = $1 and k.id = $2 and k.deleted_at is null for share`,
    [companyId, row.contractId],
  );
  const [profile] = await tx.prepared<NonNullable<Standing['profile']>>(
    'select p.status, p.kind from profile p where p.company_id = $1 and p.id = $2 and p.deleted_at is null for share',
    [companyId, row.profileId],
  );
  const [project] = await tx.prepared<NonNullable<Standing['project']>>(
    'select p.status from project p where p.company_id = $1 and p.id = $2 and p.deleted_at is null for share',
    [companyId, row.projectId],
  );
  return { profile, project, contract };
};

/** Whether the profile has another active assignment in the project. */
export const hasOtherActive = async (reader: Reader, { profileId, projectId, id }: AssignmentRow): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from work_assignment a where a.company_id = $1 and a.profile_id = $2 and a.project_id = $3 and a.id <> $4
       and a.status = 'active' and a.deleted_at is null`,
      [reader.companyId, profileId, projectId, id],
    )
  ).length > 0;

/** Whether somebody has an assignment that is active. */
export const isWorking = async (reader: Reader, profileId: string): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from work_assignment a
       where a.company_id = $1 and a.profile_id = $2 and a.status = 'active' and a.deleted_at is null limit 1`,
      [reader.companyId, profileId],
    )
  ).length > 0;

/** People who count against the plan's limit of workers: those with an assignment that is active. */
export const countWorkers = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ workers: number }>(
    `select count(distinct a.profile_id)::int as workers from work_assignment a
     where a.company_id = $1 and a.status = 'active' and a.deleted_at is null`,
    [reader.companyId],
  );
  return row?.workers ?? 0;
};

/** What of `ids` is a live task kind, and the offerings whose tests they require, each once and sorted. */
export const taskKindsOf = async (
  tx: Tx,
  ids: readonly string[],
): Promise<{ readonly found: number; readonly offerings: readonly string[] }> => {
  const rows = await tx.prepared<{ tests: string[] }>(
    `select k.required_tests as tests from task_kind k
     where k.company_id = $1 and k.id = any($2::uuid[]) and k.deleted_at is null order by k.id for share`,
    [tx.companyId, ids],
  );
  return { found: rows.length, offerings: [...new Set(rows.flatMap(({ tests }) => tests))].toSorted() };
};

/** How many of `ids` are live kinds of equipment; locked, so that none goes before the commit. */
export const equipmentKindsAmong = async (tx: Tx, ids: readonly string[]): Promise<number> =>
  (
    await tx.prepared(
      `select e.id from equipment_kind e
       where e.company_id = $1 and e.id = any($2::uuid[]) and e.deleted_at is null order by e.id for share`,
      [tx.companyId, ids],
    )
  ).length;

/** Ids of all active assignments with a roster, ascending, after `after`, at most `limit`. */
export const rosteredAssignments = async (reader: Reader, after: string, limit: number): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select a.id from work_assignment a where a.company_id = $1 and a.status = 'active' and a.shift_pattern_id is not null
       and a.deleted_at is null and a.id > $2 order by a.id limit $3`,
    [reader.companyId, after, limit],
  );
  return rows.map(({ id }) => id);
};

/** What assignments stand on. */
export interface Ground {
  readonly kind: 'profile' | 'project' | 'contract';
  readonly id: string;
}

/** The assignments in force that stand on a ground. */
export const worksOn = (
  reader: Reader,
  { kind, id }: Ground,
): Promise<Pick<AssignmentRow, 'id' | 'profileId' | 'projectId' | 'endsAt'>[]> =>
  reader.prepared(
    `select a.id, a.profile_id as "profileId", a.project_id as "projectId", ${shown('a.ends_at', instant())} as "endsAt"
     from work_assignment a
     where a.company_id = $1 and a.status = 'active' and a.deleted_at is null and a.${kind}_id = $2 order by a.id`,
    [reader.companyId, id],
  );

/** Ids of a ground's assignments that are not over, ascending, after `after`, at most `limit`. */
export const openAssignments = async (
  reader: Reader,
  { kind, id }: Ground,
  after: string,
  limit: number,
): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select a.id from work_assignment a where a.company_id = $1 and a.status in ('draft', 'active', 'suspended')
       and a.deleted_at is null and a.${kind}_id = $2 and a.id > $3 order by a.id limit $4`,
    [reader.companyId, id, after, limit],
  );
  return rows.map((row) => row.id);
};
