import { v7 as uuidv7 } from 'uuid';
import { DEFAULT_FITNESS_POLICY } from '../modules/fitness/classification/policy.ts';
import type { FitnessPolicy } from '../modules/fitness/classification/policy.ts';
import { Device } from '../modules/fitness/devices/devices.repository.ts';
import { DEFAULT_GATE_RULES } from '../modules/gate/rules.ts';
import { Contract } from '../modules/workforce/contracts/contracts.repository.ts';
import { Project } from '../modules/workforce/projects/projects.repository.ts';
import { EquipmentKind } from '../modules/workforce/qualifications/equipment-kinds.repository.ts';
import { TaskKind } from '../modules/workforce/qualifications/task-kinds.repository.ts';
import { ShiftPattern } from '../modules/workforce/rosters/shift-patterns.repository.ts';
import type { Tx } from '../platform/db/database.ts';
import { writeNewSearchTokens } from '../platform/db/search.ts';
import { addDays, dateAt, dayBounds } from '../platform/time/zone.ts';
import { insertRows, stamps } from './bulk.ts';
import type { DemoRow } from './bulk.ts';
import type { DemoCompany, DemoPlan } from './plan.ts';
import type { DemoAssignment, DemoLeave, DemoShift, DemoWork } from './work.ts';

/** The rules: risk groups with their policies, and the gate's. */
export const loadRiskGroups = async (tx: Tx, { riskGroups, ruleSetId }: DemoWork, at: Date): Promise<void> => {
  const groups = riskGroups.map(({ id, name, highRisk }) => ({ id, name, highRisk, ...stamps(at) }));
  await insertRows(tx, 'risk_group', groups);
  const { version: number, hours, maximumOverrideMinutes } = DEFAULT_GATE_RULES;
  await insertRows(tx, 'gate_rule_set', [{ id: ruleSetId, number, hours, maximumOverrideMinutes, ...stamps(at) }]);
  const policy = (id: string, riskGroupId: string | null, terms: FitnessPolicy) => ({
    id,
    riskGroupId,
    revision: 1,
    policy: terms,
    status: 'active',
    ...stamps(at),
  });
  await insertRows(tx, 'fitness_policy', [
    policy(uuidv7({ msecs: at.getTime() }), null, DEFAULT_FITNESS_POLICY),
    ...riskGroups.map(({ id, policyId, policy: terms }) => policy(policyId, id, terms)),
  ]);
};

/** Where tests are taken: kiosks and phones of SaferApp, a Fit2000 at each site. */
export const loadDevices = async (tx: Tx, { devices }: DemoWork, { sites }: DemoCompany, plan: DemoPlan) => {
  const { begin, loadedAt } = plan;
  const day = dateAt(begin, 'Etc/UTC');
  await writeNewSearchTokens(tx, Device, devices);
  await insertRows(
    tx,
    'device',
    devices.map(({ id, serial, model, kind, site, biasMs, sdMs, isOverdue }) => ({
      id,
      serial,
      model,
      kind,
      siteId: sites[site]!.id,
      biasMs,
      sdMs,
      measuredOn: biasMs === null ? null : day,
      calibrationDueAt: biasMs === null ? null : new Date(loadedAt.getTime() + (isOverdue ? -12 : 220) * 86_400_000),
      lastSeenAt: loadedAt,
      status: 'active',
      ...stamps(begin),
    })),
  );
};

const shiftRow = (
  { id: assignmentId, person, project, timezone }: DemoAssignment,
  { id, date, kind, startsAt, endsAt, isCancelled }: DemoShift,
  now: Date,
): DemoRow => {
  const hasStarted = startsAt <= now && !isCancelled;
  const isOver = endsAt <= now && !isCancelled;
  return {
    id,
    assignmentId,
    profileId: person.profileId,
    projectId: project.id,
    workDate: date,
    kind,
    source: 'pattern',
    timezone,
    startsAt,
    endsAt,
    actualStartAt: hasStarted ? startsAt : null,
    actualEndAt: isOver ? endsAt : null,
    status: isCancelled ? 'cancelled' : isOver ? 'done' : hasStarted ? 'started' : 'planned',
    cancelledBecause: isCancelled ? 'manager' : null,
    ...stamps(hasStarted ? startsAt : now),
  };
};

const loadSeats = async (tx: Tx, { assignments }: DemoWork, begin: Date): Promise<void> => {
  for (const offering of ['SAFER', 'FIT2000']) {
    const holders = assignments.filter(({ taskKind }) => taskKind.tests.includes(offering));
    const subscription = {
      id: uuidv7({ msecs: begin.getTime() }),
      offering,
      seats: Math.ceil(holders.length * 1.1) + 5,
      startsOn: begin.toISOString().slice(0, 10),
      paymentState: 'paid',
      status: 'active',
      ...stamps(begin),
    };
    await insertRows(tx, 'subscription', [subscription]);
    await insertRows(
      tx,
      'license',
      holders.map(({ id, person }) => ({
        id: uuidv7({ msecs: begin.getTime() }),
        subscriptionId: subscription.id,
        offering,
        profileId: person.profileId,
        status: 'active',
        byHand: false,
        holders: [id],
        assignedAt: begin,
        ...stamps(begin),
      })),
    );
  }
};

const loadCatalogue = async (tx: Tx, plan: DemoPlan, { departments, sites }: DemoCompany, work: DemoWork) => {
  const at = plan.begin;
  const day = at.toISOString().slice(0, 10);
  const { projects, contracts, taskKinds, equipmentKinds, patterns, riskGroups } = work;
  const projectRows = projects.map(({ id, code, name, site, department, owner, status }) => ({
    id,
    code,
    name,
    siteId: sites[site]!.id,
    departmentId: departments[department]!.id,
    ownerId: owner.profileId,
    startsOn: status === 'planning' ? addDays(day, 500) : day,
    budgetMinor: 2_400_000_000,
    currency: 'CLP',
    status,
    ...stamps(at),
  }));
  await insertRows(tx, 'project', projectRows);
  await insertRows(
    tx,
    'contract',
    contracts.map((contract) => ({ ...contract, startsOn: day, ...stamps(at) })),
  );
  await insertRows(
    tx,
    'task_kind',
    taskKinds.map(({ id, code, name, riskGroup, credentials, tests, hazards }) => ({
      id,
      code,
      name,
      riskGroupId: riskGroups[riskGroup]!.id,
      requiredCredentials: credentials,
      requiredTests: tests,
      hazards,
      ...stamps(at),
    })),
  );
  await insertRows(
    tx,
    'equipment_kind',
    equipmentKinds.map((kind) => ({ ...kind, ...stamps(at) })),
  );
  await insertRows(
    tx,
    'shift_pattern',
    patterns.map((pattern) => ({ ...pattern, ...stamps(at) })),
  );
  for (const [entity, rows] of [
    [Project, projects],
    [TaskKind, taskKinds],
    [EquipmentKind, equipmentKinds],
    [ShiftPattern, patterns],
    [Contract, contracts],
  ] as const)
    await writeNewSearchTokens(tx, entity, rows);
};

/** Projects, contracts, assignments with their seats. People are there. */
export const loadWork = async (tx: Tx, plan: DemoPlan, company: DemoCompany, work: DemoWork): Promise<void> => {
  await loadCatalogue(tx, plan, company, work);
  const { begin, loadedAt } = plan;
  /** Leave is asked for two weeks ahead; who falls sick says so that day. */
  const asked = ({ kind, startsOn }: DemoLeave): string => {
    const day = kind === 'sick' ? startsOn : addDays(startsOn, -14);
    const today = dateAt(loadedAt, 'Etc/UTC');
    return day < today ? day : addDays(today, -1);
  };
  await insertRows(
    tx,
    'work_assignment',
    work.assignments.map(({ id, person, project, contractId, role, taskKind, pattern, patternStartsOn, timezone }) => ({
      id,
      profileId: person.profileId,
      projectId: project.id,
      contractId,
      role,
      taskKindIds: [taskKind.id],
      equipmentKindIds: taskKind.equipment && [taskKind.equipment.id],
      shiftPatternId: pattern?.id ?? null,
      patternStartsOn,
      startsOn: dateAt(begin, timezone),
      status: 'active',
      ...stamps(begin),
    })),
  );
  await loadSeats(tx, work, begin);
  await insertRows(
    tx,
    'leave',
    work.assignments.flatMap(({ person, leaves, timezone }) =>
      leaves.map((leave) => ({
        ...leave,
        profileId: person.profileId,
        ...stamps(dayBounds(asked(leave), timezone).from),
      })),
    ),
  );
};

/** The shifts of some people's assignments, which are there: the past, the running ones and two weeks ahead. */
export const loadShifts = async (tx: Tx, assignments: readonly DemoAssignment[], loadedAt: Date): Promise<void> => {
  const shifts = assignments.flatMap((assignment) =>
    assignment.shifts.map((shift) => shiftRow(assignment, shift, loadedAt)),
  );
  await insertRows(tx, 'shift', shifts);
  const running = shifts.filter(({ status }) => status === 'started');
  await insertRows(
    tx,
    'due_move',
    running.map(({ id, endsAt }) => ({ entity: 'shift', entityId: id, move: 'finish', dueAt: endsAt })),
  );
};
