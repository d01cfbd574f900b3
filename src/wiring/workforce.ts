import { declaredHoursList, leaveList } from '../modules/workforce/absences/absences.repository.ts';
import { declaredHoursModule, leaveModule } from '../modules/workforce/absences/absences.router.ts';
import { createDeclaredHoursService, createLeaveService } from '../modules/workforce/absences/absences.service.ts';
import { mustTakeIn } from '../modules/organization/companies/companies.repository.ts';
import { createAlignment } from '../modules/workforce/assignments/alignment.ts';
import { ALIGN_ASSIGNMENTS, alignJob, rosterTick } from '../modules/workforce/assignments/assignments.jobs.ts';
import { createAssignmentLifecycle } from '../modules/workforce/assignments/assignments.lifecycle.ts';
import { assignmentList } from '../modules/workforce/assignments/assignments.repository.ts';
import type { Ground } from '../modules/workforce/assignments/assignments.repository.ts';
import { assignmentsModule } from '../modules/workforce/assignments/assignments.router.ts';
import { createAssignmentsService } from '../modules/workforce/assignments/assignments.service.ts';
import { createMayEnd } from '../modules/workforce/assignments/letting-go.ts';
import { batchJobs, COMMIT } from '../modules/workforce/batch/batch.jobs.ts';
import { createBatchLifecycle } from '../modules/workforce/batch/batch.lifecycle.ts';
import { batchErrorList, batchList } from '../modules/workforce/batch/batch.repository.ts';
import { batchModule } from '../modules/workforce/batch/batch.router.ts';
import { createBatchService } from '../modules/workforce/batch/batch.service.ts';
import { INVITE, inviteeJobs } from '../modules/workforce/batch/invitees.jobs.ts';
import type { InvitePayload } from '../modules/workforce/batch/invitees.jobs.ts';
import { createContractLifecycle } from '../modules/workforce/contracts/contracts.lifecycle.ts';
import { contractList } from '../modules/workforce/contracts/contracts.repository.ts';
import { contractsModule } from '../modules/workforce/contracts/contracts.router.ts';
import { createContractsService } from '../modules/workforce/contracts/contracts.service.ts';
import type {
  AssignmentGate,
  BulkInviting,
  MayWork,
  Notices,
  People,
  PeopleBulk,
  Seats,
  ShiftGate,
  Zones,
} from '../modules/workforce/ports.ts';
import { createProjectLifecycle } from '../modules/workforce/projects/projects.lifecycle.ts';
import { projectList } from '../modules/workforce/projects/projects.repository.ts';
import { projectsModule } from '../modules/workforce/projects/projects.router.ts';
import { createProjectsService } from '../modules/workforce/projects/projects.service.ts';
import { expiryTick } from '../modules/workforce/qualifications/credentials.jobs.ts';
import { credentialLifecycle } from '../modules/workforce/qualifications/credentials.lifecycle.ts';
import { credentialList, expiringList } from '../modules/workforce/qualifications/credentials.repository.ts';
import { credentialsModule } from '../modules/workforce/qualifications/credentials.router.ts';
import { createCredentialsService } from '../modules/workforce/qualifications/credentials.service.ts';
import { equipmentKindList } from '../modules/workforce/qualifications/equipment-kinds.repository.ts';
import { requirementList } from '../modules/workforce/qualifications/requirements.repository.ts';
import { requirementsModule } from '../modules/workforce/qualifications/requirements.router.ts';
import { createRequirementsService } from '../modules/workforce/qualifications/requirements.service.ts';
import { riskGroupList } from '../modules/workforce/qualifications/risk-groups.repository.ts';
import { taskKindList } from '../modules/workforce/qualifications/task-kinds.repository.ts';
import {
  equipmentKindsModule,
  riskGroupsModule,
  taskKindsModule,
} from '../modules/workforce/qualifications/task-kinds.router.ts';
import {
  createEquipmentKindsService,
  createRiskGroupsService,
  createTaskKindsService,
} from '../modules/workforce/qualifications/task-kinds.service.ts';
import { createExceptionEffects } from '../modules/workforce/rosters/roster-exceptions.effects.ts';
import { createRosterExceptionLifecycle } from '../modules/workforce/rosters/roster-exceptions.lifecycle.ts';
import { rosterExceptionList } from '../modules/workforce/rosters/roster-exceptions.repository.ts';
import { rosterExceptionsModule } from '../modules/workforce/rosters/roster-exceptions.router.ts';
import { createRosterExceptionsService } from '../modules/workforce/rosters/roster-exceptions.service.ts';
import { createRosters } from '../modules/workforce/rosters/rosters.service.ts';
import { shiftPatternList } from '../modules/workforce/rosters/shift-patterns.repository.ts';
import { shiftPatternsModule } from '../modules/workforce/rosters/shift-patterns.router.ts';
import { createShiftPatternsService } from '../modules/workforce/rosters/shift-patterns.service.ts';
import { createShiftLifecycle } from '../modules/workforce/rosters/shifts.lifecycle.ts';
import { shiftList } from '../modules/workforce/rosters/shifts.repository.ts';
import type { ShiftRow } from '../modules/workforce/rosters/shifts.repository.ts';
import { shiftsModule } from '../modules/workforce/rosters/shifts.router.ts';
import { createCrud } from '../platform/crud/service.ts';
import type { Repository } from '../platform/db/repository.ts';
import type { List } from '../platform/db/list.ts';
import type { Tx } from '../platform/db/database.ts';
import type { PlanLimits } from '../modules/organization/companies/limits.ts';
import type { Module } from '../platform/http/module.ts';
import type { FileRoom } from '../platform/storage/company-files.ts';
import type { Assignments } from '../modules/organization/roles/assignments.service.ts';
import type { ProfileFollower } from './people.ts';
import type { Platform } from './platform.ts';

/** What other areas hand to the workforce. */
export interface WorkforceNeeds {
  readonly people: People;
  readonly zones: Zones;
  /** Adds many people at once. */
  readonly bulk: PeopleBulk;
  /** Invites many people at once. */
  readonly inviting: BulkInviting;
  readonly seats: Seats;
  /** Asked before an assignment becomes active and before a shift starts. */
  readonly gate: AssignmentGate & ShiftGate;
  /** Wraps the repository of shifts: what follows the roster in its own transactions. */
  readonly followShifts?: (shifts: Repository<ShiftRow>) => Repository<ShiftRow>;
  /** Tells people what is about to expire. */
  readonly notices: Notices;
  readonly limits: PlanLimits;
  readonly room: FileRoom;
  /** Takes what nobody holds any more of the roles within a scope that goes. */
  readonly endLapsedIn: Assignments['endLapsed'];
  readonly mayWork: MayWork;
}

const wireRosters = (platform: Platform, { people, gate, followShifts }: WorkforceNeeds, zones: Zones) => {
  const patterns = platform.crud(shiftPatternList);
  const shifts = platform.crud(shiftList, createShiftLifecycle(gate), followShifts);
  const { repository, mover } = shifts;
  const exceptionLifecycle = createRosterExceptionLifecycle(
    createExceptionEffects({ shifts: repository, mover, zones, gate }),
    (tx, caller, profileId) => people.reaches(tx, caller, profileId),
  );
  const exceptions = platform.crud(rosterExceptionList, exceptionLifecycle);
  return {
    rosters: createRosters({ shifts: repository, mover, patterns: patterns.repository, zones }),
    modules: [
      shiftPatternsModule(createShiftPatternsService(patterns)),
      shiftsModule(createCrud({ ...shifts, restrict: (context) => people.restrict(context) })),
      rosterExceptionsModule(createRosterExceptionsService({ ...exceptions, shifts: repository, people })),
    ],
  };
};

const wireCredentials = (
  platform: Platform,
  { people, notices }: WorkforceNeeds,
  zones: Zones,
  assignments: List,
): Module => {
  const expiring = platform.list(expiringList);
  const parts = { ...platform, ...platform.crud(credentialList, credentialLifecycle), expiring, assignments };
  const ticks = [expiryTick({ work: platform.work, notices })];
  return credentialsModule({ service: createCredentialsService({ ...parts, people, zones }), expiring, ticks });
};

const wireBatch = (platform: Platform, { bulk: people, inviting, room }: WorkforceNeeds, zones: Zones): Module => {
  const lifecycle = createBatchLifecycle({
    mayCommit: async (tx, { kind }, { principal }) => {
      await mustTakeIn(tx);
      if (kind === 'invitations') inviting.mayInvite(principal);
    },
    commit: (tx, { id: uploadId, kind }, { principal }) =>
      kind === 'invitations'
        ? platform.enqueue(tx, INVITE, { uploadId, by: principal.profileId! } satisfies InvitePayload)
        : platform.enqueue(tx, COMMIT, { uploadId }),
  });
  const errors = platform.list(batchErrorList);
  const parts = { ...platform, ...platform.crud(batchList, lifecycle), errors, inviting, room, mustTakeIn };
  const jobs = [...batchJobs({ ...parts, people, zones }), ...inviteeJobs({ ...parts, zones })];
  return batchModule({ service: createBatchService(parts), errors, jobs });
};

export interface Workforce {
  readonly modules: readonly Module[];
  /** Brings the work of somebody in line with their state. */
  readonly follow: ProfileFollower;
}

/** Projects, contracts, task kinds, work assignments, rosters, credentials. */
export const wireWorkforce = (platform: Platform, needs: WorkforceNeeds): Workforce => {
  const { people, zones, limits, endLapsedIn, mayWork } = needs;
  const endLapsed = (tx: Tx, id: string) => endLapsedIn(tx, { kind: 'project', id });
  const { rosters, modules } = wireRosters(platform, needs, zones);
  const mustHaveRoom = (tx: Tx) => limits.mustHaveRoom(tx, 'workers', 1);
  const lifecycle = createAssignmentLifecycle({ ...needs, rosters, mustHaveRoom });
  const assignments = { ...platform, ...needs, ...platform.crud(assignmentList, lifecycle), rosters };
  const alignment = createAlignment(assignments);
  const alignOf =
    (kind: Ground['kind']) =>
    async (tx: Tx, { id }: { readonly id: string }) => {
      await platform.enqueue(tx, ALIGN_ASSIGNMENTS, { kind, id });
    };
  const projectLifecycle = createProjectLifecycle({ mayEnd: createMayEnd(mayWork, 'project') });
  const projects = platform.crud(projectList, { ...projectLifecycle, follow: alignOf('project') });
  const mayEndContract = createMayEnd(mayWork, 'contract');
  const contractLifecycle = createContractLifecycle({ mayEnd: mayEndContract });
  const contracts = platform.crud(contractList, { ...contractLifecycle, follow: alignOf('contract') });
  const own = [
    projectsModule(createProjectsService({ ...projects, endLapsed })),
    contractsModule(createContractsService({ ...contracts, zones, mayEnd: mayEndContract })),
    riskGroupsModule(createRiskGroupsService(platform.crud(riskGroupList))),
    taskKindsModule(createTaskKindsService(platform.crud(taskKindList))),
    equipmentKindsModule(createEquipmentKindsService(platform.crud(equipmentKindList))),
    ...modules,
    assignmentsModule(
      createAssignmentsService(assignments),
      [rosterTick({ ...platform, alignment })],
      [alignJob(alignment)],
    ),
    wireCredentials(platform, needs, zones, assignments.list),
    requirementsModule(createRequirementsService(platform.crud(requirementList))),
    leaveModule(createLeaveService({ ...platform.crud(leaveList), people })),
    declaredHoursModule(createDeclaredHoursService({ ...platform.crud(declaredHoursList), people, zones })),
    wireBatch(platform, needs, zones),
  ];
  return { modules: own, follow: alignOf('profile') };
};
