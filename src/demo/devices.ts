import type { Fit2000Row, SaferRow, SourceFeeder } from '../modules/fitness/sources/feeder.ts';
import { simulatedRows } from '../modules/fitness/sources/simulate.ts';
import { drawSleep } from './alertness.ts';
import { ocularContent, reactionContent } from './history.ts';
import type { DemoPlan } from './plan.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import { startRounds } from './rounds.ts';
import type { Rounds, RoundsOptions } from './rounds.ts';
import { planWork } from './work.ts';
import type { DemoAssignment, DemoDevice, DemoShift } from './work.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Part of the people who take no test before their shift. */
const FORGETS = 0.02;
/** Tests that somebody on shift takes at random, each hour: ocular ones where the work asks for them. */
const CONTROLS_AN_HOUR = 0.12;

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

/** When somebody takes the test before a shift: between 95 and 10 minutes ahead; undefined: they forget it. */
const testTime = ({ assignment, shift }: Turn): number | undefined => {
  const random = createRandom(`angelis/devices/${assignment.person.number}/${shift.date}`);
  return random.chance(FORGETS) ? undefined : shift.startsAt.getTime() - random.between(10, 95) * MINUTE;
};

/**
 * The tests that people of the demo take after `from` until `to`: each before their shift, at a time of their own, and now
 * and then one on shift, as independent events (a Poisson process).
 */
export const testsBetween = (turnsAt: TurnsAt, from: Date, to: Date, random: Random): SimulatedTests => {
  const safer: SaferRow[] = [];
  const fit2000: Fit2000Row[] = [];
  const hours = (to.getTime() - from.getTime()) / HOUR;
  for (const turn of turnsAt(to)) {
    const at = testTime(turn);
    if (at !== undefined && at > from.getTime() && at <= to.getTime()) safer.push(reaction(turn, to, random));
    const isOnShift = turn.shift.startsAt <= to;
    if (!isOnShift || !random.chance(CONTROLS_AN_HOUR * hours)) continue;
    if (turn.assignment.taskKind.tests.includes('FIT2000')) fit2000.push(ocular(turn, to, random));
    else safer.push(reaction(turn, to, random));
  }
  return { safer, fit2000 };
};

/** A red test of somebody of company `slug` who is on shift now, so that a case waits; undefined when nobody is. */
export const redOnShift = (turnsAt: TurnsAt, slug: string, at: Date): SaferRow | undefined => {
  const turn = turnsAt(at).findLast(({ shift, companyCode }) => companyCode === slug && shift.startsAt <= at);
  if (turn === undefined) return undefined;
  const personCode = turn.assignment.person.number;
  const deviceSerial = serialOf(turn, 'kiosk', createRandom(personCode));
  return simulatedRows('red', { companyCode: turn.companyCode, personCode, deviceSerial, at })[0];
};

export interface DevicesOptions extends RoundsOptions {
  readonly turnsAt: TurnsAt;
  readonly feeder: SourceFeeder;
}

/** Devices that keep writing into both sources until they are stopped. */
export const startDevices = ({ turnsAt, feeder, ...options }: DevicesOptions): Rounds => {
  const look = async (from: Date, to: Date): Promise<void> => {
    const { safer, fit2000 } = testsBetween(turnsAt, from, to, createRandom(`angelis/devices/${to.getTime()}`));
    if (safer.length > 0) await feeder.safer(safer);
    if (fit2000.length > 0) await feeder.fit2000(fit2000);
  };
  const rounds = startRounds(look, options.now(), options);
  return {
    stop: async () => {
      await rounds.stop();
      await feeder.close();
    },
  };
};
