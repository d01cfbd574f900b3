import { createHash } from 'node:crypto';
import { firstBaseline, supersede } from '../modules/fitness/baselines/baseline.ts';
import type { Baseline, BaselineTest } from '../modules/fitness/baselines/baseline.ts';
import { readReaction, REACTION_PROTOCOLS } from '../modules/fitness/classification/metrics.ts';
import type { TestContent } from '../modules/fitness/intake/content.ts';
import { judge } from '../modules/fitness/intake/judge.ts';
import type { FitnessPolicy } from '../modules/fitness/classification/policy.ts';
import type { Facts } from '../modules/fitness/intake/known.ts';
import type { NewResult } from '../modules/fitness/intake/store.ts';
import type { Attempt, PolicyOf } from '../modules/fitness/ports.ts';
import { drawSleep, drawSleepiness, drawTrials, sleepiness } from './alertness.ts';
import type { Sleep } from './alertness.ts';
import { drawCourse, withReturn } from './course.ts';
import type { CaseCourse, Trigger } from './course.ts';
import type { DemoPerson } from './plan.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import type { DemoAssignment, DemoDevice, DemoRiskGroup, DemoShift } from './work.ts';

const MINUTE = 60_000;
const PROTOCOL = 'PVT-B';
const WINDOW = 120 * MINUTE;
/** Required tests are there a day ahead, as the product itself makes them. */
const AHEAD = 24 * 60 * MINUTE;
/** How long after a shift everything about it is settled. */
const SETTLED = 18 * 60 * MINUTE;
/** A baseline is made anew some days before it would be stale (180 d). */
const RENEWED_AFTER = 170 * 24 * 60 * MINUTE;
const WELL_RESTED: Sleep = { main: 7.5, last24: 7.5, last48: 15, awake: 2 };

/**
 * What becomes of a required test, apart from those on time: chosen so that compliance lies near 96 %. Crews differ: each has
 * its own factor on late and missed.
 */
const LATE = 0.014;
const MISSED = 0.01;
const EXCUSED = 0.006;
const BLOCKED = 0.002;
/** An attempt that the device breaks off; the repeat follows. */
const ABORTED = 0.007;
/** An ocular reading HIGH without any cause is rare. */
const OCULAR_HIGH = 0.012;

export type Outcome = 'done_on_time' | 'done_late' | 'missed' | 'excused' | 'blocked' | 'due';

type Rule = FitnessPolicy['required'][number];

/** One required test and what came of it. */
export interface RequiredTest {
  readonly requirementId: string;
  readonly rule: Rule;
  readonly dueAt: Date;
  readonly outcome: Outcome;
  /** The result that the requirement is done by. */
  readonly standing: NewResult | undefined;
}

/** What one shift asked of a person before it began, and what came of it and of the rest of the shift. */
export interface ShiftHistory extends RequiredTest {
  readonly shift: DemoShift;
  /** In the order in which they were taken; of a required test the last one stands. */
  readonly results: readonly NewResult[];
  /** The random test, where the shift was drawn for one. */
  readonly random: RequiredTest | undefined;
  /** How the case went that a result, or the missing of one, opened. */
  readonly course: CaseCourse | undefined;
}

export interface PersonHistory {
  readonly shifts: readonly ShiftHistory[];
  readonly baselines: readonly { readonly baseline: Baseline; readonly since: Date }[];
}

export interface HistoryOptions {
  readonly group: DemoRiskGroup;
  readonly devices: readonly DemoDevice[];
  readonly loadedAt: Date;
  readonly makeId: (at: Date) => string;
  readonly random: Random;
  /** How much more than others this crew is late or misses tests. */
  readonly factor: number;
}

const drawOutcome = (random: Random, factor: number): Outcome => {
  const draw = random.next();
  const bounds: readonly [number, Outcome][] = [
    [MISSED * factor, 'missed'],
    [LATE * factor, 'done_late'],
    [EXCUSED, 'excused'],
    [BLOCKED, 'blocked'],
  ];
  let sum = 0;
  for (const [part, outcome] of bounds) {
    sum += part;
    if (draw < sum) return outcome;
  }
  return 'done_on_time';
};

/** When somebody takes the test before a shift, in ms: between 95 and 10 minutes ahead, whoever asks and whenever. */
export const testTime = ({ number }: DemoPerson, { date, startsAt }: DemoShift): number =>
  startsAt.getTime() - createRandom(`angelis/devices/${number}/${date}`).between(10, 95) * MINUTE;

/** A test's hash as ingest makes it: any text that no other test has. */
const contentHash = (externalId: string): Buffer => createHash('sha256').update(`demo:${externalId}`).digest();

/** Reaction times, what was asked beside them, and what the reader of SaferApp makes of both. */
export const reactionContent = (person: DemoPerson, sleep: Sleep, hour: number, random: Random): TestContent => {
  const predicted = sleepiness(sleep, hour);
  const { reactionTimes, falseStarts } = drawTrials(person.sleeper, predicted, random);
  const reading = readReaction({ trials: reactionTimes, falseStarts, durationMs: null }, REACTION_PROTOCOLS[PROTOCOL]);
  if (!reading.ok) throw new Error(`the demo drew a test that is none: ${reading.problem}`);
  return {
    kind: 'reaction',
    protocol: PROTOCOL,
    trials: reactionTimes,
    metrics: reading.metrics,
    timing: 'unknown',
    report: {
      kss: drawSleepiness(predicted, random),
      sleep24h: sleep.last24,
      sleep48h: sleep.last48,
      awakeHours: sleep.awake,
      symptoms: null,
    },
  };
};

/** Pupil and saccades around what FIT devices report of rested adults: plausible figures for a demo, not norms. */
export const ocularContent = (random: Random): TestContent => ({
  kind: 'ocular',
  pupilDiameter: random.bounded(4.6, 0.6, 2.5, 7.5),
  constrictionAmplitude: random.bounded(1.1, 0.2, 0.4, 2),
  constrictionLatency: random.bounded(298, 18, 220, 420),
  saccadicVelocity: random.bounded(72, 8, 40, 110),
  risk: random.chance(OCULAR_HIGH) ? 'HIGH' : 'LOW',
  index: null,
  quality: random.between(78, 100),
});

const hourOf = ({ pattern }: DemoAssignment, kind: string): number => {
  const day = pattern?.days.find((one) => one.kind === kind);
  return day === undefined || day.kind === 'off' ? 7 : Number(day.start.slice(0, 2));
};

/** A person's tests one after the other, each judged by the rules of the product with the baseline of its day. */
export const createHistory = (assignment: DemoAssignment, options: HistoryOptions): PersonHistory => {
  const { person, shifts } = assignment;
  const { group, devices, loadedAt, makeId, random, factor } = options;
  const kiosks = devices.filter(({ kind, site, isOverdue, biasMs }) => {
    return kind === 'kiosk' && site === person.site && !isOverdue && biasMs !== null;
  });
  const ruleOf = (asked: Rule['kind']) => group.policy.required.find(({ kind }) => kind === asked);
  const [before, atRandom] = [ruleOf('pre_shift')!, ruleOf('random')];
  const eyes = devices.filter(({ kind, site }) => kind === 'FIT2000' && site === person.site);
  const { profileId } = person;
  const profile: PolicyOf = {
    highRisk: group.highRisk,
    policyId: group.policyId,
    policy: group.policy,
    riskGroupId: group.id,
  };
  const tests: BaselineTest[] = [];
  const baselines: { baseline: Baseline; since: Date }[] = [];
  const own = () => baselines.at(-1)?.baseline;
  const facts: Facts = {
    profiles: new Map([[profileId, profile]]),
    definitions: new Map(),
    devices: new Map(),
    baseline: () => {
      const now = own();
      return now?.mean === undefined || now.mean === null
        ? null
        : { mean: now.mean, sd: now.sd, pooledSd: null, revision: now.version };
    },
    requirements: [],
    shifts: [],
    cases: new Map(),
    closedAlerts: new Map(),
    clearedAt: new Map(),
  };
  let count = 0;

  interface Taking {
    readonly shift: DemoShift;
    readonly at: number;
    readonly requirementId: string | null;
    readonly attempt: Attempt;
    readonly attemptNo: number;
    readonly around: readonly NewResult[];
    readonly isAborted?: boolean;
    readonly caseId?: string;
  }

  const take = (taking: Taking & { readonly content: TestContent }): NewResult => {
    const { shift, content, requirementId, attempt, attemptNo, around, isAborted = false, caseId = null } = taking;
    const takenAt = new Date(taking.at);
    const isOcular = content.kind === 'ocular';
    const device = isOcular ? eyes[0]! : random.pick(kiosks);
    count += 1;
    const externalId = `H-${person.number}-${count}`;
    const receivedAt = new Date(taking.at + random.between(4, 40) * 1_000);
    const base = {
      id: makeId(receivedAt),
      profileId,
      shiftId: shift.id,
      source: isOcular ? ('FIT2000' as const) : ('SAFER' as const),
      externalId,
      definitionCode: isOcular ? 'OCULAR' : PROTOCOL,
      definitionVersion: 1,
      startedAt: isOcular ? null : new Date(taking.at - 3 * MINUTE).toISOString(),
      takenAt: takenAt.toISOString(),
      receivedAt: receivedAt.toISOString(),
      deviceId: device.id,
      deviceState: 'qualified' as const,
      qualityFlags: isAborted ? ['ABORTED'] : [],
      arrivalFlags: [],
      requirementId,
      caseId,
      supervised: true,
      practice: false,
      attempt,
      attemptNo,
      retestOf: attempt === 'retest' ? (around.at(-1)?.id ?? null) : null,
      content,
      highRisk: group.highRisk,
      policyId: group.policyId,
      supersedes: null,
      superseding: null,
      contentHash: contentHash(externalId),
    };
    const standing = around.map(({ judgement, ...row }) => ({ ...row, ...judgement }));
    const judgement = judge(base, attempt === 'repeat', standing, facts);
    return { ...base, level: judgement.level, reasons: judgement.reasons, judgement };
  };

  /** What the nightly run makes of the tests so far: a first baseline, and a new one when it has aged half a year. */
  const learn = (result: NewResult, date: string): void => {
    const { content, judgement } = result;
    if (content.kind !== 'reaction') return;
    tests.push({
      id: result.id,
      date,
      takenAt: new Date(result.takenAt),
      speed: content.metrics.scoredSpeed,
      valid: judgement.isValid,
      supervised: true,
      practice: false,
      rested: judgement.rested,
      passed: judgement.level === 'green',
    });
    const now = own();
    const since = new Date(result.takenAt);
    if (now === undefined || (now.status === 'collecting' && now.version === 1)) {
      const next = firstBaseline(tests);
      if (now !== undefined) baselines.pop();
      baselines.push({ baseline: next, since });
    } else if (
      now.status === 'active' &&
      now.from !== null &&
      Date.parse(date) - Date.parse(now.from) > RENEWED_AFTER
    ) {
      const { old, next } = supersede(now, tests, { date, minimumSpeed: group.policy.minimumSpeed });
      baselines.splice(-1, 1, { baseline: old, since: baselines.at(-1)!.since });
      baselines.push({ baseline: next, since });
    }
  };

  /** What happened within the last day holds nobody: the cases of the demo's present come from its devices. */
  const isRecent = (shift: DemoShift): boolean => shift.endsAt.getTime() + SETTLED > loadedAt.getTime();

  const settled = (taking: Taking, content: () => TestContent): NewResult => {
    for (;;) {
      const result = take({ ...taking, content: content() });
      if (!isRecent(taking.shift) || !result.judgement.opensCase) return result;
    }
  };

  const required = (shift: DemoShift, requirementId: string, at: number, sleep: Sleep): NewResult[] => {
    const content = () => reactionContent(person, sleep, hourOf(assignment, shift.kind), random);
    const base = { shift, requirementId };
    if (isRecent(shift) || !random.chance(ABORTED))
      return [settled({ ...base, at, attempt: 'first', attemptNo: 1, around: [] }, content)];
    const earlier = { ...base, at: at - 6 * MINUTE, attempt: 'first' as const, attemptNo: 1, around: [] };
    const broken = take({ ...earlier, content: content(), isAborted: true });
    return [broken, take({ ...base, at, content: content(), attempt: 'repeat', attemptNo: 2, around: [broken] })];
  };

  /** What opens a case: a result that holds, or the test that somebody at high risk did not take. */
  const triggerOf = (results: readonly NewResult[], outcome: Outcome, requirementId: string, due: number) => {
    const result = results.find(({ judgement }) => judgement.opensCase);
    if (result !== undefined) {
      const level = result.judgement.level as Trigger['level'];
      return { level, at: Date.parse(result.receivedAt), resultId: result.id, requirementId: null };
    }
    return outcome === 'missed' && group.highRisk
      ? { level: 'none' as const, at: due + MINUTE, resultId: null, requirementId }
      : undefined;
  };

  /** The case of a shift, with the retest in it: after twenty minutes of rest people are as they were, a little more awake. */
  const courseOf = (trigger: Trigger, shift: DemoShift, sleep: Sleep, around: readonly NewResult[]): CaseCourse => {
    const caseId = makeId(new Date(trigger.at));
    const rested = { ...sleep, awake: Math.min(sleep.awake, 4) };
    const content = () => reactionContent(person, rested, hourOf(assignment, shift.kind), random);
    return drawCourse(trigger, {
      policy: group.policy,
      shiftEndsAt: shift.endsAt.getTime(),
      caseId,
      random,
      retest: (at) =>
        take({ shift, requirementId: null, at, attempt: 'retest', attemptNo: 1, around, caseId, content: content() }),
    });
  };

  /** The random test of a shift, where it is drawn: in the middle of it, taken within the hour before it is due. */
  const drawTest = (shift: DemoShift, around: readonly NewResult[]): RequiredTest | undefined => {
    if (atRandom === undefined || !random.chance(1 / group.policy.randomOneIn)) return undefined;
    const length = shift.endsAt.getTime() - shift.startsAt.getTime();
    const due = shift.startsAt.getTime() + Math.round(((0.15 + 0.7 * random.next()) * length) / MINUTE) * MINUTE;
    const requirementId = makeId(new Date(shift.startsAt.getTime() - WINDOW));
    const base = { requirementId, rule: atRandom, dueAt: new Date(due) };
    const at = due - random.between(5, 60) * MINUTE;
    if (at > loadedAt.getTime() - MINUTE) return { ...base, outcome: 'due', standing: undefined };
    const taking = { shift, requirementId, at, attempt: 'first', attemptNo: 1, around } as const;
    return { ...base, outcome: 'done_on_time', standing: settled(taking, () => ocularContent(random)) };
  };

  const live = (shift: DemoShift): ShiftHistory => {
    const due = shift.startsAt.getTime();
    const now = loadedAt.getTime();
    const requirementId = makeId(new Date(due - WINDOW));
    const outcomes = drawOutcome(random, factor);
    const drawn = outcomes === 'missed' && isRecent(shift) ? 'done_on_time' : outcomes;
    const kind = shift.kind === 'night' ? 'night' : 'day';
    const sleep = isRecent(shift) ? WELL_RESTED : drawSleep(person.sleeper, kind, shift.isFirst, random);
    const at = drawn === 'done_late' ? due + random.between(3, 50) * MINUTE : testTime(person, shift);
    const isOpen = due > now || (drawn === 'missed' && shift.endsAt.getTime() > now);
    const isDone = (drawn === 'done_on_time' || drawn === 'done_late') && at < now - MINUTE;
    const outcome: Outcome = isDone ? drawn : isOpen || drawn.startsWith('done') ? 'due' : drawn;
    const results = isDone ? required(shift, requirementId, at, sleep) : [];
    const standing = results.at(-1);
    if (standing !== undefined) learn(standing, shift.date);
    const found = triggerOf(results, outcome, requirementId, due);
    const drawnTest = found === undefined && (isDone || outcome === 'due') ? drawTest(shift, results) : undefined;
    const taken = drawnTest?.standing === undefined ? results : [...results, drawnTest.standing];
    const trigger = found ?? triggerOf(taken, outcome, requirementId, due);
    const course = trigger && courseOf(trigger, shift, sleep, taken);
    const all = course?.retest === undefined ? taken : [...taken, course.retest];
    const answer = { requirementId, rule: before, dueAt: new Date(due), outcome, standing };
    return { ...answer, shift, random: drawnTest, results: all, course };
  };

  const begun = shifts.filter(
    ({ startsAt, kind, isCancelled }) =>
      kind !== 'travel' && !isCancelled && startsAt.getTime() <= loadedAt.getTime() + AHEAD,
  );
  const lived = begun.map(live);
  const greens = lived.flatMap(({ standing }) =>
    standing?.judgement.level === 'green' ? [{ id: standing.id, at: Date.parse(standing.takenAt) }] : [],
  );
  const withReturns = lived.map((one) =>
    one.course === undefined ? one : { ...one, course: withReturn(one.course, greens, loadedAt.getTime()) },
  );
  return { shifts: withReturns, baselines };
};
