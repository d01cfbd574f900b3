import type { Fit2000Row, SaferRow, SourceFeeder } from '../modules/fitness/sources/feeder.ts';
import { simulatedRows } from '../modules/fitness/sources/simulate.ts';
import { drawSleep } from './alertness.ts';
import { ocularContent, reactionContent, testTime } from './history.ts';
import type { DemoPlan } from './plan.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import { startRounds } from './rounds.ts';
import type { Rounds, RoundsOptions } from './rounds.ts';
import { planWork } from './work.ts';
import type { DemoAssignment, DemoDevice, DemoShift } from './work.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Part of the people who take no test before their shift, and of the controls in it that are left out. */
const FORGETS = 0.02;
/**
 * Where the work asks for ocular tests, everybody on shift looks into the Fit2000 each hour and a half from a minute of their own on:
 * at least once within the window of a random test.
 */
const CONTROLS = { every: 90, first: [1, 90] } as const;
/** Reaction tests that somebody on any other shift takes, each hour. */
const REACTIONS_AN_HOUR = 0.25;
/** How long devices keep what is taken while nothing runs, for the next start. */
const KEPT = 20 * MINUTE;

/** Somebody, where they are on shift or about to be. */
export interface Turn {
  readonly companyCode: string;
  readonly assignment: DemoAssignment;
  readonly shift: DemoShift;
  readonly devices: readonly DemoDevice[];
}

export interface SimulatedTests {
  readonly safer: readonly SaferRow[];
  readonly fit2000: readonly Fit2000Row[];
}

/** Who is on shift at an instant, or will be within two hours. */
export type TurnsAt = (at: Date) => Turn[];

/** The rosters of the plan, made once for each day that is asked for. */
export const createTurns = (plan: DemoPlan): TurnsAt => {
  let known: { readonly day: string; readonly turns: readonly Turn[] } | undefined;
  const make = (at: Date): Turn[] =>
    plan.companies.flatMap((company) => {
      const { assignments, devices } = planWork({ ...plan, loadedAt: at }, company, 1);
      return assignments.flatMap((assignment) =>
        assignment.shifts
          .filter(({ isCancelled }) => !isCancelled)
          .map((shift) => ({ companyCode: company.slug, assignment, shift, devices })),
      );
    });
  return (at) => {
    const day = at.toISOString().slice(0, 10);
    if (known?.day !== day) known = { day, turns: make(at) };
    return known.turns.filter(
      ({ shift: { startsAt, endsAt } }) => startsAt.getTime() - 2 * HOUR <= at.getTime() && endsAt > at,
    );
  };
};

const hourAt = (shift: DemoShift, at: Date, { pattern }: DemoAssignment): number => {
  const day = pattern?.days.find(({ kind }) => kind === shift.kind);
  const start = day === undefined || day.kind === 'off' ? 7 : Number(day.start.slice(0, 2));
  return (start + (at.getTime() - shift.startsAt.getTime()) / HOUR + 24) % 24;
};

const serialOf = ({ devices, assignment }: Turn, kind: DemoDevice['kind'], random: Random): string =>
  random.pick(devices.filter((device) => device.kind === kind && device.site === assignment.person.site)).serial;

const reaction = (turn: Turn, at: Date, random: Random): SaferRow => {
  const { shift, assignment, companyCode } = turn;
  const { person } = assignment;
  const sleep = drawSleep(person.sleeper, shift.kind === 'night' ? 'night' : 'day', shift.isFirst, random);
  const awake = sleep.awake + Math.max(0, (at.getTime() - shift.startsAt.getTime()) / HOUR);
  const content = reactionContent(person, { ...sleep, awake }, hourAt(shift, at, assignment), random);
  if (content.kind !== 'reaction') throw new Error('a reaction test was asked for');
  return {
    companyCode,
    personCode: person.number,
    testCode: 'PVT-B',
    deviceSerial: serialOf(turn, 'kiosk', random),
    startedAt: new Date(at.getTime() - 3 * MINUTE),
    finishedAt: at,
    supervised: true,
    practice: false,
    falseStarts: content.metrics.falseStarts,
    trials: content.trials,
    flags: null,
    kss: content.report?.kss ?? null,
    sleep24h: content.report?.sleep24h ?? null,
    sleep48h: content.report?.sleep48h ?? null,
    awakeHours: Math.round(awake * 10) / 10,
  };
};

const ocular = (turn: Turn, at: Date, random: Random): Fit2000Row => {
  const content = ocularContent(random);
  if (content.kind !== 'ocular') throw new Error('an ocular test was asked for');
  return {
    companyCode: turn.companyCode,
    subjectCode: turn.assignment.person.number,
    deviceSerial: serialOf(turn, 'FIT2000', random),
    testedAt: at,
    pupilDiameter: content.pupilDiameter,
    constrictionAmplitude: content.constrictionAmplitude,
    constrictionLatency: content.constrictionLatency,
    saccadicVelocity: content.saccadicVelocity,
    risk: content.risk,
    quality: content.quality,
  };
};

/** Whether somebody leaves out the test of a shift that `name` says: the same whenever it is asked. */
const forgets = ({ assignment, shift }: Turn, name: string): boolean =>
  createRandom(`angelis/forgets/${assignment.person.number}/${shift.date}/${name}`).chance(FORGETS);

const isWithin = (at: number, from: Date, to: Date): boolean => at > from.getTime() && at <= to.getTime();

/** Whether somebody on shift comes to the Fit2000 between the instants: the controls of a crew are spread. */
const looks = (turn: Turn, from: Date, to: Date): boolean => {
  const { person } = turn.assignment;
  const { startsAt, endsAt, date } = turn.shift;
  const phase = createRandom(`angelis/control/${person.number}/${date}`).between(...CONTROLS.first);
  for (let minutes = phase; ; minutes += CONTROLS.every) {
    const at = startsAt.getTime() + minutes * MINUTE;
    if (at > to.getTime() || at >= endsAt.getTime()) return false;
    if (isWithin(at, from, to) && !forgets(turn, `control/${minutes}`)) return true;
  }
};

const hasEyeTests = ({ assignment }: Turn): boolean => assignment.taskKind.tests.includes('FIT2000');

/**
 * The tests that people of the demo take after `from` until `to`: each before their shift, at a time of their own; on shift those
 * whose work asks for it look into the Fit2000 again and again, the others take a reaction test now and then, as independent
 * events (a Poisson process).
 */
export const testsBetween = (turnsAt: TurnsAt, from: Date, to: Date, random: Random): SimulatedTests => {
  const safer: SaferRow[] = [];
  const fit2000: Fit2000Row[] = [];
  const hours = (to.getTime() - from.getTime()) / HOUR;
  for (const turn of turnsAt(to)) {
    const { assignment, shift } = turn;
    if (isWithin(testTime(assignment.person, shift), from, to) && !forgets(turn, 'pre_shift'))
      safer.push(reaction(turn, to, random));
    if (shift.startsAt > to) continue;
    if (hasEyeTests(turn)) {
      if (looks(turn, from, to)) fit2000.push(ocular(turn, to, random));
    } else if (random.chance(REACTIONS_AN_HOUR * hours)) safer.push(reaction(turn, to, random));
  }
  return { safer, fit2000 };
};

/**
 * What stands in the sources of a new demo from its first minute on: a red test of somebody of company `slug` who is on shift now,
 * so that a case waits, and an ocular one of somebody else whose work asks for it. None of either when nobody is on shift.
 */
export const firstTests = (turnsAt: TurnsAt, slug: string, at: Date): SimulatedTests => {
  const onShift = turnsAt(at).filter(({ shift, companyCode }) => companyCode === slug && shift.startsAt <= at);
  const red = onShift.at(-1);
  const looking = onShift.find((turn) => turn !== red && hasEyeTests(turn));
  const random = createRandom(`angelis/devices/first/${at.getTime()}`);
  const subjectOf = (turn: Turn) => ({
    companyCode: turn.companyCode,
    personCode: turn.assignment.person.number,
    deviceSerial: serialOf(turn, 'kiosk', random),
    at,
  });
  return {
    safer: red === undefined ? [] : simulatedRows('red', subjectOf(red)),
    fit2000: looking === undefined ? [] : [ocular(looking, at, random)],
  };
};

export interface DevicesOptions extends RoundsOptions {
  readonly turnsAt: TurnsAt;
  readonly feeder: SourceFeeder;
  /** What the demo was loaded with ends here. */
  readonly loadedAt: Date;
}

/** Writes tests into their sources. */
export const writeTests = async (feeder: SourceFeeder, { safer, fit2000 }: SimulatedTests): Promise<void> => {
  if (safer.length > 0) await feeder.safer(safer);
  if (fit2000.length > 0) await feeder.fit2000(fit2000);
};

/** Devices that keep writing into both sources until they are stopped, beginning with what they kept. */
export const startDevices = ({ turnsAt, feeder, loadedAt, ...options }: DevicesOptions): Rounds => {
  const look = (from: Date, to: Date): Promise<void> =>
    writeTests(feeder, testsBetween(turnsAt, from, to, createRandom(`angelis/devices/${to.getTime()}`)));
  const since = new Date(Math.max(loadedAt.getTime(), options.now().getTime() - KEPT));
  const rounds = startRounds(look, since, options);
  return {
    stop: async () => {
      await rounds.stop();
      await feeder.close();
    },
  };
};
