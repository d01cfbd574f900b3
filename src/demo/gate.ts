import { missingTerms } from '../modules/fitness/classification/missing.ts';
import { decide } from '../modules/gate/decide.ts';
import type { GateFacts } from '../modules/gate/facts.ts';
import { GateDecisionEntity, GateOverrideEntity } from '../modules/gate/gate.repository.ts';
import { outcomeUnder } from '../modules/gate/override.ts';
import type { GateOverride } from '../modules/gate/override.ts';
import { DEFAULT_GATE_RULES } from '../modules/gate/rules.ts';
import { changeOf } from '../platform/change/recorder.ts';
import { addDays } from '../platform/time/zone.ts';
import { stamps } from './bulk.ts';
import type { DemoRow } from './bulk.ts';
import type { ShiftHistory } from './history.ts';
import type { DemoPerson } from './plan.ts';
import type { Random } from './random.ts';
import type { PastChange } from './trail.ts';
import type { DemoAssignment, DemoRiskGroup, DemoTaskKind } from './work.ts';

const MINUTE = 60_000;

/** Parts of the past shifts at whose start the gate refused for another cause than a case, and of those that were overridden. */
const REFUSED = 0.004;
const OVERRIDDEN = 0.55;
/** Part of the people held by a case who tried to start nevertheless. */
const TRIED = 0.1;

export interface GateAbout {
  readonly history: ShiftHistory;
  readonly assignment: DemoAssignment;
  readonly group: DemoRiskGroup;
  readonly siteId: string;
  readonly ruleSetId: string;
  readonly manager: DemoPerson;
  readonly makeId: (at: Date) => string;
  readonly random: Random;
}

export interface GateRows {
  readonly decisions: readonly DemoRow[];
  readonly overrides: readonly DemoRow[];
  readonly changes: readonly PastChange[];
}

const equipmentOf = ({ equipment }: DemoTaskKind) =>
  equipment === null ? [] : [{ id: equipment.id, code: equipment.code }];

/** The facts of somebody whom nothing keeps from this shift. */
const factsOf = ({ history, assignment, group }: GateAbout, at: Date): GateFacts => {
  const { shift, requirementId, dueAt, standing } = history;
  const { person, taskKind, project, id, patternStartsOn } = assignment;
  const missing = missingTerms(group.policy, 'pre_shift');
  return {
    at: at.toISOString(),
    date: shift.date,
    purpose: 'shift_start',
    highRisk: group.highRisk,
    work: {
      driving: taskKind.hazards.includes('driving'),
      heights: taskKind.hazards.includes('heights'),
      alone: taskKind.hazards.includes('alone'),
    },
    equipment: equipmentOf(taskKind),
    unavailable: [],
    profile: { id: person.profileId, status: 'active', expiresAt: null },
    assignment: { id, status: 'active', from: patternStartsOn, to: null },
    project: { id: project.id, status: 'active' },
    contract: null,
    licenses: taskKind.tests.map((offering) => ({ offering, status: 'active' })),
    holds: [],
    restrictions: [],
    requirements: [
      {
        id: requirementId,
        kind: 'pre_shift',
        status: standing === undefined ? 'excused' : 'done_on_time',
        dueAt: dueAt.toISOString(),
        graceUntil: null,
        assessed: false,
        answered: false,
        lacking: missing.test,
        restrictions: missing.restrictions,
      },
    ],
    credentials: taskKind.credentials.map((credential) => ({
      credential,
      requiredBy: 'task',
      equipment: null,
      status: 'valid',
      from: addDays(shift.date, -200),
      to: addDays(shift.date, 165),
    })),
    leave: [],
    hours: {
      shift: shift.id,
      shiftMinutes: Math.round((shift.endsAt.getTime() - shift.startsAt.getTime()) / MINUTE),
      night: shift.kind === 'night',
      restMinutes: 12 * 60,
      sevenDayMinutes: shift.isFirst ? 0 : 24 * 60,
      nightsBefore: shift.kind === 'night' && !shift.isFirst ? 2 : 0,
      travelMinutes: 0,
      callOuts: 0,
      elsewhereDayMinutes: 0,
      elsewhereSevenDayMinutes: 0,
      openShift: false,
      extensionAuthorized: false,
      policy: null,
      authorization: null,
    },
  };
};

/** What was wrong that day: an expired credential, or too little rest after a call-out. */
const withFault = (facts: GateFacts, random: Random): GateFacts => {
  if (random.chance(0.6)) {
    const expired = random.pick(facts.credentials);
    const credentials = facts.credentials.map((one) =>
      one === expired ? { ...one, status: 'expired' as const, to: addDays(facts.date, -random.between(1, 9)) } : one,
    );
    return { ...facts, credentials };
  }
  return { ...facts, hours: facts.hours && { ...facts.hours, restMinutes: random.between(480, 590) } };
};

const REASONS = [
  'Renovación hecha ayer; el certificado llega hoy. Trabaja acompañado.',
  'Llamado de emergencia anoche; descansó en campamento y se presenta alerta.',
  'Falta personal en el frente; parte en tareas de apoyo hasta el relevo.',
];

/**
 * What the gate said when somebody of the past asked to start, where it refused: for a case that held them (nobody overrides that), for an
 * expired credential, for too little rest. Judged by the product's own rules, so that each decision replays. Empty for all other shifts.
 */
export const askGate = (about: GateAbout): GateRows => {
  const { history, assignment, siteId, ruleSetId, manager, makeId, random } = about;
  const { shift, course } = history;
  const isHeld = course !== undefined && course.at < shift.startsAt.getTime() && random.chance(TRIED);
  const isFaulty = course === undefined && history.outcome === 'done_on_time' && random.chance(REFUSED);
  if (!isHeld && !isFaulty) return { decisions: [], overrides: [], changes: [] };
  const at = shift.startsAt.getTime() - random.between(3, 9) * MINUTE;
  const { profileId } = assignment.person;
  const plain = factsOf(about, new Date(at));
  const facts = isHeld
    ? { ...plain, holds: [{ caseId: course.caseId, level: course.level, decided: course.decidedAt <= at, opening: 0 }] }
    : withFault(plain, random);

  const decisionAt = (ms: number, overrides: readonly (GateOverride & { readonly id: string })[]) => {
    const when = new Date(ms);
    const seen = { ...facts, at: when.toISOString() };
    const { outcome, reasons, ruleVersion } = decide(seen, DEFAULT_GATE_RULES);
    return {
      id: makeId(when),
      profileId,
      purpose: 'shift_start',
      at: when.toISOString(),
      assignmentId: assignment.id,
      shiftId: shift.id,
      outcome,
      effectiveOutcome: outcomeUnder({ outcome, reasons, ruleVersion }, overrides, when),
      reasons,
      ruleVersion,
      ruleSetId,
      overrideIds: overrides.map(({ id }) => id),
      facts: seen,
      question: {
        profileId,
        purpose: 'shift_start',
        at: when.toISOString(),
        assignmentId: assignment.id,
        shiftId: shift.id,
        siteId,
        taskKindIds: [assignment.taskKind.id],
        equipmentKindIds: equipmentOf(assignment.taskKind).map(({ id }) => id),
      },
      ...stamps(when),
    };
  };
  const decided = (row: ReturnType<typeof decisionAt>): PastChange => ({
    event: changeOf(GateDecisionEntity, { action: 'decide' }, undefined, row),
    at: new Date(row.at),
    by: assignment.person,
  });

  const refused = decisionAt(at, []);
  if (isHeld || manager.profileId === profileId || !random.chance(OVERRIDDEN))
    return { decisions: [refused], overrides: [], changes: [decided(refused)] };
  const givenAt = new Date(at + MINUTE);
  const override = {
    id: makeId(givenAt),
    decisionId: refused.id,
    profileId,
    givenBy: manager.profileId,
    purpose: 'shift_start',
    assignmentId: assignment.id,
    reasonKeys: refused.reasons.filter(({ severity }) => severity === 'block').map(({ key }) => key),
    startsAt: givenAt.toISOString(),
    endsAt: shift.endsAt.toISOString(),
    reason: random.pick(REASONS),
    ...stamps(givenAt),
  };
  const { id, givenBy: by, reasonKeys, reason } = override;
  const given = { id, by, reasonKeys, reason, from: givenAt, until: shift.endsAt };
  const allowed = decisionAt(at + 2 * MINUTE, [given]);
  const note = { action: 'give', reason };
  const event = changeOf(GateOverrideEntity, note, undefined, override);
  return {
    decisions: [refused, allowed],
    overrides: [override],
    changes: [decided(refused), { event, at: givenAt, by: manager }, decided(allowed)],
  };
};
