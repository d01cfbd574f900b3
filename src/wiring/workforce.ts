import {
  DeclaredHours,
  declaredHoursList,
  Leave,
  leaveList,
} from '../modules/workforce/absences/absences.repository.ts';
import { declaredHoursModule, leaveModule } from '../modules/workforce/absences/absences.router.ts';
import { createDeclaredHoursService, createLeaveService } from '../modules/workforce/absences/absences.service.ts';
import { rosterTick } from '../modules/workforce/assignments/assignments.jobs.ts';
import { createAssignmentLifecycle } from '../modules/workforce/assignments/assignments.lifecycle.ts';
import { assignmentList, WorkAssignment } from '../modules/workforce/assignments/assignments.repository.ts';
import { assignmentsModule } from '../modules/workforce/assignments/assignments.router.ts';
import { createAssignmentsService } from '../modules/workforce/assignments/assignments.service.ts';
import { batchJobs, COMMIT } from '../modules/workforce/batch/batch.jobs.ts';
import { createBatchLifecycle } from '../modules/workforce/batch/batch.lifecycle.ts';
import { batchErrorList, batchList, BatchUpload } from '../modules/workforce/batch/batch.repository.ts';
import { batchModule } from '../modules/workforce/batch/batch.router.ts';
import { createBatchService } from '../modules/workforce/batch/batch.service.ts';
import { contractLifecycle } from '../modules/workforce/contracts/contracts.lifecycle.ts';
import { Contract, contractList } from '../modules/workforce/contracts/contracts.repository.ts';
import { contractsModule } from '../modules/workforce/contracts/contracts.router.ts';
import { createContractsService } from '../modules/workforce/contracts/contracts.service.ts';
import type {
  AssignmentGate,
  Notices,
  People,
  PeopleBulk,
  Seats,
  ShiftGate,
  Zones,
} from '../modules/workforce/ports.ts';
import { projectLifecycle } from '../modules/workforce/projects/projects.lifecycle.ts';
import { Project, projectList } from '../modules/workforce/projects/projects.repository.ts';
import { projectsModule } from '../modules/workforce/projects/projects.router.ts';
import { createProjectsService } from '../modules/workforce/projects/projects.service.ts';
import { expiryTick } from '../modules/workforce/qualifications/credentials.jobs.ts';
import { credentialLifecycle } from '../modules/workforce/qualifications/credentials.lifecycle.ts';
import {
  Credential,
  credentialList,
  expiringList,
} from '../modules/workforce/qualifications/credentials.repository.ts';
import { credentialsModule } from '../modules/workforce/qualifications/credentials.router.ts';
import { createCredentialsService } from '../modules/workforce/qualifications/credentials.service.ts';
import { CredentialRequirement, requirementList } from '../modules/workforce/qualifications/requirements.repository.ts';
import { requirementsModule } from '../modules/workforce/qualifications/requirements.router.ts';
import { createRequirementsService } from '../modules/workforce/qualifications/requirements.service.ts';
import { RiskGroup, riskGroupList } from '../modules/workforce/qualifications/risk-groups.repository.ts';
import { TaskKind, taskKindList } from '../modules/workforce/qualifications/task-kinds.repository.ts';
import { riskGroupsModule, taskKindsModule } from '../modules/workforce/qualifications/task-kinds.router.ts';
import {
  createRiskGroupsService,
  createTaskKindsService,
} from '../modules/workforce/qualifications/task-kinds.service.ts';
import { createExceptionEffects } from '../modules/workforce/rosters/roster-exceptions.effects.ts';
import { createRosterExceptionLifecycle } from '../modules/workforce/rosters/roster-exceptions.lifecycle.ts';
import {
  RosterExceptionEntity,
  rosterExceptionList,
} from '../modules/workforce/rosters/roster-exceptions.repository.ts';
import { rosterExceptionsModule } from '../modules/workforce/rosters/roster-exceptions.router.ts';
import { createRosterExceptionsService } from '../modules/workforce/rosters/roster-exceptions.service.ts';
import { createRosters } from '../modules/workforce/rosters/rosters.service.ts';
import { ShiftPattern, shiftPatternList } from '../modules/workforce/rosters/shift-patterns.repository.ts';
import { shiftPatternsModule } from '../modules/workforce/rosters/shift-patterns.router.ts';
import { createShiftPatternsService } from '../modules/workforce/rosters/shift-patterns.service.ts';
import { createShiftLifecycle } from '../modules/workforce/rosters/shifts.lifecycle.ts';
import { Shift, shiftList } from '../modules/workforce/rosters/shifts.repository.ts';
import type { ShiftRow } from '../modules/workforce/rosters/shifts.repository.ts';
import { shiftsModule } from '../modules/workforce/rosters/shifts.router.ts';
import { createZones } from '../modules/workforce/zones.ts';
import { createCrud } from '../platform/crud/service.ts';
import type { Repository } from '../platform/db/repository.ts';
import type { List } from '../platform/db/list.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

/** What other areas hand to the workforce. */
export interface WorkforceNeeds {
  readonly people: People;
  /** Adds many people at once. */
  readonly bulk: PeopleBulk;
  readonly seats: Seats;
  /** Asked before an assignment becomes active and before a shift starts. */
  readonly gate: AssignmentGate & ShiftGate;
  /** Wraps the repository of shifts: what follows the roster in its own transactions. */
  readonly followShifts?: (shifts: Repository<ShiftRow>) => Repository<ShiftRow>;
  /** Tells people what is about to expire. */
  readonly notices: Notices;
}

const wireProjects = (platform: Platform): Module => {
  const repository = platform.repository(Project);
  const list = platform.list(projectList);
  const mover = platform.mover(projectLifecycle, repository);
  return projectsModule({ list, service: createProjectsService({ ...platform, repository, list, mover }) });
};

const wireContracts = (platform: Platform, zones: Zones): Module => {
  const repository = platform.repository(Contract);
  const list = platform.list(contractList);
  const mover = platform.mover(contractLifecycle, repository);
  return contractsModule({ list, service: createContractsService({ ...platform, repository, list, mover, zones }) });
};

const wireTaskKinds = (platform: Platform): readonly Module[] => {
  const groups = { repository: platform.repository(RiskGroup), list: platform.list(riskGroupList) };
  const kinds = { repository: platform.repository(TaskKind), list: platform.list(taskKindList) };
  return [
    riskGroupsModule({ list: groups.list, service: createRiskGroupsService({ ...platform, ...groups }) }),
    taskKindsModule({ list: kinds.list, service: createTaskKindsService({ ...platform, ...kinds }) }),
  ];
};

const wireRosters = (platform: Platform, { people, gate, followShifts }: WorkforceNeeds, zones: Zones) => {
  const patterns = { repository: platform.repository(ShiftPattern), list: platform.list(shiftPatternList) };
  const lifecycle = createShiftLifecycle(gate);
  const written = platform.repository(Shift);
  const shifts = { repository: followShifts?.(written) ?? written, list: platform.list(shiftList) };
  const mover = platform.mover(lifecycle, shifts.repository);
  const service = createCrud({
    ...platform,
    ...shifts,
    mover,
    restrict: (context) => people.restrict(context, 's.profile_id'),
  });
  const effects = createExceptionEffects({ shifts: shifts.repository, mover, zones });
  const exceptionLifecycle = createRosterExceptionLifecycle(effects);
  const exceptions = {
    repository: platform.repository(RosterExceptionEntity),
    list: platform.list(rosterExceptionList),
  };
  const exceptionService = createRosterExceptionsService({
    ...platform,
    ...exceptions,
    shifts: shifts.repository,
    mover: platform.mover(exceptionLifecycle, exceptions.repository),
    people,
  });
  return {
    rosters: createRosters({ shifts: shifts.repository, mover, patterns: patterns.repository, zones }),
    modules: [
      shiftPatternsModule({ list: patterns.list, service: createShiftPatternsService({ ...platform, ...patterns }) }),
      shiftsModule({ list: shifts.list, service, lifecycle }),
      rosterExceptionsModule({ list: exceptions.list, service: exceptionService, lifecycle: exceptionLifecycle }),
    ],
  };
};

const wireCredentials = (
  platform: Platform,
  { people, notices }: WorkforceNeeds,
  zones: Zones,
  assignments: List,
): readonly Module[] => {
  const repository = platform.repository(Credential);
  const list = platform.list(credentialList);
  const expiring = platform.list(expiringList);
  const mover = platform.mover(credentialLifecycle, repository);
  const shared = { ...platform, repository, list, expiring, assignments, mover, people, zones };
  const ticks = [expiryTick({ work: platform.work, zones, notices })];
  const requirements = { repository: platform.repository(CredentialRequirement), list: platform.list(requirementList) };
  return [
    credentialsModule({ service: createCredentialsService(shared), list, expiring, ticks }),
    requirementsModule({
      service: createRequirementsService({ ...platform, ...requirements }),
      list: requirements.list,
    }),
  ];
};

const wireAbsences = (platform: Platform, people: People): readonly Module[] => {
  const leave = { repository: platform.repository(Leave), list: platform.list(leaveList) };
  const hours = { repository: platform.repository(DeclaredHours), list: platform.list(declaredHoursList) };
  return [
    leaveModule({ service: createLeaveService({ ...platform, ...leave, people }), list: leave.list }),
    declaredHoursModule({ service: createDeclaredHoursService({ ...platform, ...hours, people }), list: hours.list }),
  ];
};

const wireBatch = (platform: Platform, people: PeopleBulk, zones: Zones): Module => {
  const repository = platform.repository(BatchUpload);
  const list = platform.list(batchList);
  const errors = platform.list(batchErrorList);
  const lifecycle = createBatchLifecycle((tx, uploadId) => platform.enqueue(tx, COMMIT, { uploadId }));
  const shared = { ...platform, repository, list, errors, mover: platform.mover(lifecycle, repository) };
  const jobs = batchJobs({ ...shared, people, zones });
  return batchModule({ service: createBatchService(shared), list, errors, lifecycle, jobs });
};

/** Projects, contracts, task kinds, work assignments, rosters, credentials. */
export const wireWorkforce = (platform: Platform, needs: WorkforceNeeds): readonly Module[] => {
  const zones = createZones();
  const { rosters, modules } = wireRosters(platform, needs, zones);
  const repository = platform.repository(WorkAssignment);
  const list = platform.list(assignmentList);
  const lifecycle = createAssignmentLifecycle({ seats: needs.seats, rosters, gate: needs.gate });
  const mover = platform.mover(lifecycle, repository);
  const shared = { ...platform, ...needs, repository, list, mover, zones, rosters };
  return [
    wireProjects(platform),
    wireContracts(platform, zones),
    ...wireTaskKinds(platform),
    ...modules,
    assignmentsModule({ service: createAssignmentsService(shared), list, lifecycle, ticks: [rosterTick(shared)] }),
    ...wireCredentials(platform, needs, zones, list),
    ...wireAbsences(platform, needs.people),
    wireBatch(platform, needs.bulk, zones),
  ];
};
