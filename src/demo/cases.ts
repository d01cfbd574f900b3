import { AFRESH, escalationOf } from '../modules/fitness/cases/cases.lifecycle.ts';
import { termsOf } from '../modules/fitness/cases/cases.repository.ts';
import type { Sealer } from '../platform/change/company-vault.ts';
import { stamps } from './bulk.ts';
import type { DemoRow } from './bulk.ts';
import type { ShiftHistory } from './history.ts';
import type { DemoPerson } from './plan.ts';
import type { Random } from './random.ts';
import type { DemoAssignment, DemoRiskGroup } from './work.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** One in so many is still undecided when the shift ends. */
const LAPSED = 0.02;
/** Of those who rested, how many are cleared without restrictions. */
const CLEARED = 0.78;

export interface CaseAbout {
  readonly history: ShiftHistory;
  readonly assignment: DemoAssignment;
  readonly group: DemoRiskGroup;
  readonly siteId: string;
  readonly supervisor: DemoPerson;
  readonly manager: DemoPerson;
  readonly makeId: (at: Date) => string;
  readonly random: Random;
  readonly seal: Sealer;
}

export interface CaseRows {
  readonly fitnessCase: DemoRow;
  readonly hold: DemoRow;
  readonly breach: DemoRow | undefined;
}

const NOTES = {
  cleared: 'Descansó, se le ve alerta y conversa con normalidad.',
  cleared_with_restrictions: 'Mejor que antes; trabaja acompañado y sin conducir hasta el fin del turno.',
  sent_home: 'Sigue con sueño después del descanso; se va a campamento con transporte.',
} as const;

/** The trigger of a case: the result that held, or the test that nobody took. */
const triggerOf = ({ history, group }: CaseAbout) => {
  const result = history.results.find(({ judgement }) => judgement.opensCase);
  if (result !== undefined) {
    const level = result.judgement.level as 'yellow' | 'orange' | 'red';
    return { level, at: Date.parse(result.receivedAt), resultId: result.id, requirementId: null };
  }
  return history.outcome === 'missed' && group.highRisk
    ? {
        level: 'none' as const,
        at: history.dueAt.getTime() + MINUTE,
        resultId: null,
        requirementId: history.requirementId,
      }
    : undefined;
};

/**
 * The case that a shift of the past brought, from the alert to its end, with its hold; undefined where there was none. It is
 * acknowledged within minutes, rested, and decided by whom the rules let: a red by the manager. Some lapse, and stand in
 * the breach report.
 */
export const createCase = (about: CaseAbout): CaseRows | undefined => {
  const trigger = triggerOf(about);
  if (trigger === undefined) return undefined;
  const { history, assignment, group, siteId, supervisor, manager, makeId, random, seal } = about;
  const { shift } = history;
  const { profileId } = assignment.person;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const openedAt = iso(trigger.at);
  const id = makeId(new Date(trigger.at));
  const acknowledged = trigger.at + random.between(1, 9) * MINUTE;
  const restFrom = acknowledged + random.between(1, 4) * MINUTE;
  const restUntil = restFrom + group.policy.rest.minutes * MINUTE;
  const isLapsed = random.chance(LAPSED);
  const ends = shift.endsAt.getTime();
  const decided = isLapsed ? ends + random.between(1, 5) * HOUR : restUntil + random.between(2, 25) * MINUTE;
  const decision =
    trigger.level === 'red' || isLapsed
      ? 'sent_home'
      : random.chance(CLEARED)
        ? 'cleared'
        : random.chance(0.6)
          ? 'cleared_with_restrictions'
          : 'sent_home';
  const isHome = decision === 'sent_home';
  const decider = trigger.level === 'red' || isLapsed ? manager : supervisor;
  const returned = ends + 12 * HOUR;
  const terms = termsOf(group.policy);
  const restrictions = { noDriving: true, accompanied: true, noHeights: true, until: iso(ends), recheckAt: null };
  const fitnessCase = {
    ...AFRESH,
    id,
    profileId,
    shiftId: shift.id,
    shiftDate: shift.date,
    shiftEndsAt: iso(ends),
    siteId,
    trigger: trigger.resultId === null ? 'missing_test' : 'result',
    triggerResultId: trigger.resultId,
    triggerRequirementId: trigger.requirementId,
    arrivalFlags: [],
    level: trigger.level,
    status: isHome ? 'returned' : 'closed',
    highRisk: group.highRisk,
    policyId: group.policyId,
    terms,
    openedAt,
    ...escalationOf(openedAt, terms),
    lapseAt: iso(ends),
    acknowledgedBy: supervisor.profileId,
    acknowledgedAt: iso(acknowledged),
    restFrom: iso(restFrom),
    restUntil: iso(restUntil),
    nap: false,
    decision,
    restrictions: decision === 'cleared_with_restrictions' ? restrictions : null,
    transportArranged: isHome ? true : null,
    decidedBy: decider.profileId,
    decidedAt: iso(decided),
    lapsedAt: isLapsed ? iso(ends) : null,
    closedAt: isHome ? null : iso(ends),
    returnedBy: isHome ? supervisor.profileId : null,
    returnedAt: isHome ? iso(returned) : null,
    returnedResultId: null,
    reopened: 0,
    assessmentSealed: seal(
      `fitness_case.assessment:${id}`,
      JSON.stringify({ sleepHistory: 'Dice que durmió poco la noche anterior.', observation: NOTES[decision] }),
    ),
    noteSealed: seal(`fitness_case.note:${id}`, NOTES[decision]),
    ...stamps(new Date(trigger.at)),
    updatedAt: iso(decided),
  };
  const hold = {
    id: makeId(new Date(trigger.at)),
    profileId,
    kind: 'hold',
    caseId: id,
    level: trigger.level,
    startsAt: openedAt,
    endedAt: iso(isHome ? returned : decided),
    endedBecause: isHome ? 'returned' : decision,
    ...stamps(new Date(trigger.at)),
  };
  const breach = {
    id: makeId(shift.endsAt),
    profileId,
    kind: 'undecided',
    shiftId: shift.id,
    shiftDate: shift.date,
    siteId,
    caseId: id,
    level: trigger.level,
    arrivalFlags: [],
    at: iso(ends),
    createdAt: iso(ends),
  };
  return { fitnessCase, hold, breach: isLapsed ? breach : undefined };
};
