import { v7 as uuidv7 } from 'uuid';
import { termsOf } from '../modules/fitness/requirements/generation.ts';
import { testBy } from '../modules/fitness/requirements/plan.ts';
import { resultRow } from '../modules/fitness/intake/store.ts';
import type { Sealer } from '../platform/change/company-vault.ts';
import type { Tx } from '../platform/db/database.ts';
import { insertRows, stamps } from './bulk.ts';
import type { DemoRow } from './bulk.ts';
import { createCase } from './cases.ts';
import { askGate } from './gate.ts';
import { renewedFitness } from './load-credentials.ts';
import { createHistory } from './history.ts';
import type { HistoryOptions, PersonHistory, RequiredTest, ShiftHistory } from './history.ts';
import { createIds } from './plan.ts';
import type { DemoCompany, DemoPerson, DemoPlan } from './plan.ts';
import type { Random } from './random.ts';
import { changeRow } from './trail.ts';
import type { DemoAssignment, DemoRiskGroup, DemoWork } from './work.ts';

export interface HistoryParts {
  readonly plan: DemoPlan;
  readonly company: DemoCompany;
  readonly work: DemoWork;
  /** Seals what is measured under the company's key. */
  readonly seal: Sealer;
  readonly random: Random;
}

export interface HistoryMade {
  readonly shifts: number;
  readonly tests: number;
  readonly cases: number;
}
export const NOTHING: HistoryMade = { shifts: 0, tests: 0, cases: 0 };

/** Rows by table, in the order in which they refer to each other. */
const TABLES = [
  'requirement',
  'compliance_mark',
  'test_result',
  'test_result_key',
  'baseline',
  'fitness_case',
  'case_escalation',
  'fitness_decision',
  'hold',
  'fitness_breach',
  'gate_decision',
  'gate_override',
  'credential',
  'due_move',
  'change',
] as const;
type Rows = Record<(typeof TABLES)[number], DemoRow[]>;

const noRows = (): Rows => ({
  requirement: [],
  compliance_mark: [],
  test_result: [],
  test_result_key: [],
  baseline: [],
  fitness_case: [],
  case_escalation: [],
  fitness_decision: [],
  hold: [],
  fitness_breach: [],
  gate_decision: [],
  gate_override: [],
  credential: [],
  due_move: [],
  change: [],
});

const NO_ANSWER = { resultId: null, level: null, doneAt: null } as const;
const EXCUSES = ['absent', 'shift_changed', 'emergency', 'not_exposed'];

const requirementRow = (
  { requirementId, rule, dueAt, outcome, standing }: RequiredTest,
  { shift, results }: ShiftHistory,
  { project, person }: DemoAssignment,
  group: DemoRiskGroup,
  { siteId, supervisor, random, loadedAt }: { siteId: string; supervisor: DemoPerson; random: Random; loadedAt: Date },
): DemoRow => {
  const { highRisk } = group;
  const attempts = results.filter((result) => result.requirementId === requirementId);
  const test = testBy(rule, { dueAt: dueAt.getTime(), endsAt: shift.endsAt.getTime(), isHeld: highRisk });
  const answer =
    standing === undefined
      ? { ...NO_ANSWER, level: outcome === 'missed' ? 'none' : null }
      : { resultId: standing.id, level: standing.judgement.level, doneAt: standing.takenAt };
  const isExcused = outcome === 'excused';
  return {
    id: requirementId,
    profileId: person.profileId,
    shiftId: shift.id,
    shiftDate: shift.date,
    siteId,
    projectId: project.id,
    kind: test.kind,
    definitionCode: test.test,
    windowFrom: new Date(test.windowFrom),
    dueAt,
    graceUntil: new Date(test.graceUntil),
    missAt: new Date(test.missAt),
    status: outcome,
    highRisk,
    policyId: group.policyId,
    terms: termsOf(group.policy, test.kind),
    ...answer,
    attempts: attempts.length,
    hadInvalid: attempts.some(({ judgement }) => judgement.level === 'invalid'),
    reason: isExcused ? random.pick(EXCUSES) : null,
    excusedBy: isExcused ? supervisor.profileId : null,
    excusedAt: isExcused ? new Date(dueAt.getTime() + 40 * 60_000) : null,
    reviewDrawn: false,
    blockedBecause: outcome === 'blocked' ? 'SOURCE_DOWN' : null,
    ...stamps(new Date(Math.min(test.windowFrom, loadedAt.getTime()))),
  };
};

const baselineRows = ({ baselines }: PersonHistory, person: DemoPerson, { makeId }: HistoryOptions, seal: Sealer) => {
  const ids = baselines.map(({ since }) => makeId(since));
  return baselines.map(({ baseline, since }, index) => ({
    id: ids[index]!,
    profileId: person.profileId,
    definitionCode: 'PVT-B',
    revision: baseline.version,
    status: baseline.status,
    provisional: baseline.provisional,
    n: baseline.n,
    valuesSealed: seal(
      `baseline.values:${ids[index]!}`,
      JSON.stringify({ mean: baseline.mean, sd: baseline.sd, testIds: baseline.testIds }),
    ),
    fromOn: baseline.from,
    capped: baseline.capped,
    supersededBy: ids[index + 1] ?? null,
    reason: index === 0 ? null : 'Línea base con más de medio año',
    ...stamps(since),
  }));
};

/** A year of required tests, results, baselines and cases of some people of a company. Their shifts are there. */
export const loadHistory = async (
  tx: Tx,
  assignments: readonly DemoAssignment[],
  { plan, company, work, seal, random }: HistoryParts,
): Promise<HistoryMade> => {
  const { loadedAt } = plan;
  const rows = noRows();
  for (const assignment of assignments) {
    const { person, project } = assignment;
    const group = work.riskGroups[person.riskGroup!]!;
    const place = person.superior!;
    const supervisor = company.people[place]!;
    const manager = supervisor.roles.includes('manager') ? supervisor : company.people[supervisor.superior!]!;
    const safetyAdmin = company.people.find(({ roles }) => roles.includes('safety_admin'))!;
    const factor = random.fork(`crew/${place}`).bounded(1, 0.35, 0.3, 2.2);
    const own = random.fork(person.number);
    const makeId = createIds(own.fork('ids'));
    const siteId = company.sites[project.site]!.id;
    const options = { group, devices: work.devices, loadedAt, makeId, random: own, factor };
    const history = createHistory(assignment, options);
    rows.baseline.push(...baselineRows(history, person, options, seal).toReversed());
    for (const shift of history.shifts) {
      const facts = { siteId, supervisor, random: own, loadedAt };
      for (const required of shift.random === undefined ? [shift] : [shift, shift.random])
        rows.requirement.push(requirementRow(required, shift, assignment, group, facts));
      for (const result of shift.results) {
        const { id, source, externalId, receivedAt, contentHash } = result;
        rows.test_result.push({ ...resultRow(result, seal), createdAt: receivedAt });
        rows.test_result_key.push({
          source,
          externalId,
          contentHash: `\\x${contentHash!.toString('hex')}`,
          isDuplicate: false,
          resultId: id,
          profileId: person.profileId,
        });
      }
      const asked = {
        history: shift,
        assignment,
        group,
        siteId,
        ruleSetId: work.ruleSetId,
        manager,
        makeId,
        random: own,
      };
      const gate = askGate(asked);
      rows.gate_decision.push(...gate.decisions);
      rows.gate_override.push(...gate.overrides);
      for (const change of gate.changes) rows.change.push(changeRow(change, makeId(change.at), own));
      const { course } = shift;
      if (course === undefined) continue;
      const about = {
        history: shift,
        course,
        assignment,
        group,
        siteId,
        supervisor,
        manager,
        safetyAdmin,
        makeId,
        seal,
      };
      const found = createCase(about);
      rows.fitness_case.push(found.fitnessCase);
      rows.case_escalation.push(...found.escalations);
      rows.hold.push(...found.holds);
      if (found.breach !== undefined) rows.fitness_breach.push(found.breach);
      rows.fitness_decision.push(found.decision.row);
      for (const change of [...found.changes, found.decision.change])
        rows.change.push(changeRow(change, makeId(change.at), own));
      if (course.decision === 'referred') {
        const renewed = renewedFitness(assignment, course.decidedAt, makeId);
        rows.credential.push(renewed.credential);
        rows.due_move.push(renewed.dueMove);
      }
    }
  }
  const days = new Set(rows.requirement.map(({ shiftDate }) => shiftDate));
  rows.compliance_mark.push(...[...days].map((shiftDate) => ({ shiftDate, id: uuidv7() })));
  for (const table of TABLES) await insertRows(tx, table, rows[table]);
  return {
    shifts: assignments.reduce((sum, { shifts }) => sum + shifts.length, 0),
    tests: rows.test_result.length,
    cases: rows.fitness_case.length,
  };
};
