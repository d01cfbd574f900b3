import { AFRESH, escalationOf } from '../modules/fitness/cases/cases.lifecycle.ts';
import { FitnessCase, termsOf } from '../modules/fitness/cases/cases.repository.ts';
import type { FitnessCaseRow } from '../modules/fitness/cases/cases.repository.ts';
import { decisionRow, FITNESS_DECISION } from '../modules/fitness/decisions.ts';
import type { EscalationStep } from '../modules/fitness/ports.ts';
import type { Sealer } from '../platform/change/company-vault.ts';
import { changeOf } from '../platform/change/recorder.ts';
import { stamps } from './bulk.ts';
import type { DemoRow } from './bulk.ts';
import type { CaseCourse } from './course.ts';
import type { ShiftHistory } from './history.ts';
import type { DemoPerson } from './plan.ts';
import type { PastChange } from './trail.ts';
import type { DemoAssignment, DemoRiskGroup } from './work.ts';

const MINUTE = 60_000;

export interface CaseAbout {
  readonly history: ShiftHistory;
  readonly course: CaseCourse;
  readonly assignment: DemoAssignment;
  readonly group: DemoRiskGroup;
  readonly siteId: string;
  readonly supervisor: DemoPerson;
  readonly manager: DemoPerson;
  readonly safetyAdmin: DemoPerson;
  readonly makeId: (at: Date) => string;
  readonly seal: Sealer;
}

export interface CaseRows {
  readonly fitnessCase: DemoRow;
  readonly escalations: readonly DemoRow[];
  readonly holds: readonly DemoRow[];
  readonly breach: DemoRow | undefined;
  readonly decision: { readonly row: DemoRow; readonly change: PastChange };
  readonly changes: readonly PastChange[];
}

const NOTES = {
  cleared: 'Descansó, se le ve alerta y conversa con normalidad.',
  cleared_with_restrictions: 'Mejor que antes; trabaja acompañado y sin conducir hasta el fin del turno.',
  reassigned: 'Pasa a trabajo en oficina técnica hasta el próximo turno.',
  sent_home: 'Sigue con sueño después del descanso; se va a campamento con transporte.',
  referred: 'Se deriva al policlínico antes de volver a operar.',
} as const;

/** One move of a case: by somebody, or by the timer of that move. */
interface Step {
  readonly at: number;
  readonly action: string;
  readonly by?: DemoPerson;
  readonly patch: DemoRow;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** The moves of a case in their order, as the lifecycle makes them. */
const stepsOf = ({ course, supervisor, manager, history, group }: CaseAbout): Step[] => {
  const { at, acknowledgedAt, rest, retest, worst, isLapsed, decision, decidedAt } = course;
  const { returnedAt, returnedResultId } = course;
  const { escalation, rest: resting } = group.policy;
  const ends = history.shift.endsAt.getTime();
  const decider = worst === 'red' || isLapsed ? manager : supervisor;
  const escalated = (minutes: number, to: 'manager' | 'safety_admin'): Step[] =>
    acknowledgedAt > at + minutes * MINUTE
      ? [{ at: at + minutes * MINUTE, action: `escalate_${to}`, patch: { escalatedTo: to } }]
      : [];
  const retestUntil = rest === undefined ? 0 : rest.until + resting.retestWithinMinutes * MINUTE;
  const cleared = decision === 'cleared' || decision === 'cleared_with_restrictions';
  const restrictions = { noDriving: true, accompanied: true, noHeights: true, until: iso(ends), recheckAt: null };
  const by = supervisor;
  return [
    ...escalated(escalation.managerMinutes, 'manager'),
    ...escalated(escalation.safetyAdminMinutes, 'safety_admin'),
    {
      at: acknowledgedAt,
      action: 'acknowledge',
      by,
      patch: { status: 'acknowledged', acknowledgedBy: by.profileId, acknowledgedAt: iso(acknowledgedAt) },
    },
    ...(rest === undefined
      ? []
      : [
          {
            at: rest.from,
            action: 'rest',
            by,
            patch: { status: 'resting', nap: rest.nap, restFrom: iso(rest.from), restUntil: iso(rest.until) },
          },
          {
            at: rest.until,
            action: 'end_rest',
            patch: { status: 'awaiting_retest', retestUntil: iso(retestUntil) },
          },
          retest === undefined
            ? { at: retestUntil, action: 'expire_retest', patch: { status: 'not_retested' } }
            : {
                at: Date.parse(retest.receivedAt),
                action: 'retest',
                patch: {
                  status: 'retested',
                  retestResultId: retest.id,
                  retestLevel: retest.judgement.level,
                  level: worst,
                  retests: 1,
                },
              },
        ]),
    ...(isLapsed ? [{ at: ends, action: 'lapse', patch: { status: 'lapsed', lapsedAt: iso(ends) } }] : []),
    {
      at: decidedAt,
      action: 'decide',
      by: decider,
      patch: {
        status: 'decided',
        decision,
        restrictions: decision === 'cleared_with_restrictions' ? restrictions : null,
        transportArranged: decision === 'sent_home' ? true : null,
        decidedBy: decider.profileId,
        decidedAt: iso(decidedAt),
      },
    },
    ...(cleared
      ? [
          {
            at: Math.max(ends, decidedAt),
            action: 'close',
            patch: { status: 'closed', closedAt: iso(Math.max(ends, decidedAt)) },
          },
        ]
      : []),
    ...(returnedAt === undefined
      ? []
      : [
          {
            at: returnedAt,
            action: 'return',
            by,
            patch: {
              status: 'returned',
              returnedBy: by.profileId,
              returnedAt: iso(returnedAt),
              ...(returnedResultId !== undefined && { returnedResultId }),
            },
          },
        ]),
  ];
};

const openedRow = ({ history, course, assignment, group, siteId }: CaseAbout) => {
  const { shift } = history;
  const openedAt = iso(course.at);
  const ends = iso(shift.endsAt.getTime());
  const terms = termsOf(group.policy);
  return {
    ...AFRESH,
    id: course.caseId,
    profileId: assignment.person.profileId,
    shiftId: shift.id,
    shiftDate: shift.date,
    shiftEndsAt: ends,
    siteId,
    trigger: course.resultId === null ? 'missing_test' : 'result',
    triggerResultId: course.resultId,
    triggerRequirementId: course.requirementId,
    arrivalFlags: [],
    level: course.level,
    status: 'open',
    highRisk: group.highRisk,
    policyId: group.policyId,
    terms,
    openedAt,
    ...escalationOf(openedAt, terms),
    lapseAt: ends,
    returnedBy: null,
    returnedAt: null,
    returnedResultId: null,
    reopened: 0,
    ...stamps(new Date(course.at)),
  };
};

const holdsOf = ({ course, history, assignment, makeId }: CaseAbout): DemoRow[] => {
  const { caseId, at, worst, decision, decidedAt, returnedAt } = course;
  const ends = history.shift.endsAt.getTime();
  const about = { profileId: assignment.person.profileId, caseId, level: worst };
  const endedAt = returnedAt ?? decidedAt;
  const hold = {
    id: makeId(new Date(at)),
    ...about,
    kind: 'hold',
    restrictions: null,
    startsAt: iso(at),
    endsAt: null,
    endedAt: iso(endedAt),
    endedBecause: returnedAt === undefined ? decision : 'returned',
    ...stamps(new Date(at)),
  };
  if (decision !== 'cleared_with_restrictions' || decidedAt >= ends) return [hold];
  const restrictions = { noDriving: true, accompanied: true, noHeights: true };
  return [
    hold,
    {
      ...hold,
      id: makeId(new Date(decidedAt)),
      kind: 'restrictions',
      restrictions,
      startsAt: iso(decidedAt),
      endsAt: iso(ends),
      endedAt: iso(ends),
      endedBecause: 'over',
      ...stamps(new Date(decidedAt)),
    },
  ];
};

const breachOf = ({ course, history, assignment, siteId, makeId }: CaseAbout): DemoRow => {
  const { shift } = history;
  return {
    id: makeId(shift.endsAt),
    profileId: assignment.person.profileId,
    kind: 'undecided',
    shiftId: shift.id,
    shiftDate: shift.date,
    siteId,
    caseId: course.caseId,
    level: course.worst,
    arrivalFlags: [],
    at: shift.endsAt,
    createdAt: shift.endsAt,
  };
};

/** What was decided, and why, as it is kept beside the case. */
const decisionOf = ({ course, makeId, seal }: CaseAbout, row: FitnessCaseRow): CaseRows['decision'] => {
  const at = new Date(course.decidedAt);
  const { profileId, restrictions, transportArranged, decidedBy } = row;
  const { stored, logged } = decisionRow(seal, makeId(at), {
    profileId,
    about: { caseId: row.id },
    decision: course.decision,
    restrictions,
    transportArranged,
    decidedBy,
    decidedAt: iso(course.decidedAt),
    texts: {
      assessment: {
        sleepHistory: 'Dice que durmió poco la noche anterior.',
        observation: 'Visto cara a cara antes de decidir.',
      },
      note: NOTES[course.decision],
    },
  });
  const event = changeOf(FITNESS_DECISION, { action: 'create' }, undefined, logged);
  return {
    row: { ...stored, createdAt: at, createdBy: decidedBy },
    change: { event, at, ...(decidedBy !== null && { by: { profileId: decidedBy } }) },
  };
};

const TOLD = { open: 'supervisor', escalate_manager: 'manager', escalate_safety_admin: 'safety_admin' } as const;

/** Who was told at which step, as the case's escalations keep it. */
const escalationsOf = (about: CaseAbout, steps: readonly Step[]): DemoRow[] => {
  const { course, supervisor, manager, safetyAdmin, makeId } = about;
  const told: Readonly<Record<EscalationStep, DemoPerson>> = { supervisor, manager, safety_admin: safetyAdmin };
  return [{ at: course.at, action: 'open' }, ...steps].flatMap(({ at, action }) => {
    const step = TOLD[action as keyof typeof TOLD] as EscalationStep | undefined;
    if (step === undefined) return [];
    const when = new Date(at);
    return [
      { id: makeId(when), caseId: course.caseId, step, at: when, profileIds: [told[step].profileId], createdAt: when },
    ];
  });
};

/**
 * The rows of a case of the past: what it came to, whom it was put before, its holds, its breach, and what the trail says of each of its
 * moves. A red is decided by the manager, never by the person themselves; what lapsed stands in the breach report.
 */
export const createCase = (about: CaseAbout): CaseRows => {
  const opened = openedRow(about);
  const steps = stepsOf(about);
  const via = (action: string) => ({ via: action === 'retest' ? 'ingest:SAFER' : `fitness_case.${action}` });
  const changes: PastChange[] = [
    {
      event: changeOf(FitnessCase, { action: 'open' }, undefined, opened),
      at: new Date(about.course.at),
      via: about.course.resultId === null ? 'fitness.requirements' : 'ingest:SAFER',
    },
  ];
  let row: DemoRow & { id: string } = opened;
  for (const { at, action, by, patch } of steps) {
    const next = { ...row, ...patch };
    const event = changeOf(FitnessCase, { action }, row, next);
    changes.push({ event, at: new Date(at), ...(by === undefined ? via(action) : { by }) });
    row = { ...next, version: changes.length, updatedAt: iso(at) };
  }
  return {
    fitnessCase: row,
    escalations: escalationsOf(about, steps),
    holds: holdsOf(about),
    breach: about.course.isLapsed ? breachOf(about) : undefined,
    decision: decisionOf(about, row as unknown as FitnessCaseRow),
    changes,
  };
};
