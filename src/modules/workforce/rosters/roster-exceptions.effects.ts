import type { Worker } from '../../../platform/db/unit-of-work.ts';
import { dateAt } from '../../../platform/time/zone.ts';
import { conflict } from '../../../platform/module.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import type { ShiftGate, Zones } from '../ports.ts';
import { applyExceptions } from './exceptions.ts';
import type { RosterException } from './exceptions.ts';
import { activeAssignment, assignmentFacts } from './roster-exceptions.repository.ts';
import type { RosterExceptionRow } from './roster-exceptions.repository.ts';
import { standingShifts } from './shifts.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';
import { LONGEST_SHIFT_MS } from './swing.ts';
import type { PlannedShift } from './swing.ts';

export interface ExceptionEffectDependencies {
  readonly shifts: Repository<ShiftRow>;
  readonly mover: Mover<ShiftRow>;
  readonly zones: Zones;
  readonly gate: Pick<ShiftGate, 'askForCrew'>;
}

const planned = ({
  workDate,
  kind,
  startsAt,
  endsAt,
}: Pick<ShiftRow, 'workDate' | 'kind' | 'startsAt' | 'endsAt'>) => ({
  date: workDate,
  kind,
  startsAt: new Date(startsAt),
  endsAt: new Date(endsAt),
});

/** What an approved exception does to shifts; refuses (409) what the rules of `applyExceptions` refuse. */
export const createExceptionEffects = ({ shifts, mover, zones, gate }: ExceptionEffectDependencies) => {
  const lockShift = async (tx: Tx, id: string | null, profileId: string | null, states: readonly string[]) => {
    const row = id === null ? undefined : await shifts.lock(tx, id);
    if (row === undefined || row.profileId !== profileId || !states.includes(row.status))
      throw conflict('EXCEPTION_NO_SHIFT');
    return row;
  };

  const mustFit = async (tx: Tx, profileId: string, exception: RosterException, around: Date): Promise<void> => {
    const [from, to] = [new Date(around.getTime() - LONGEST_SHIFT_MS), new Date(around.getTime() + LONGEST_SHIFT_MS)];
    const taken = exception.kind === 'swap' ? exception.takes : null;
    const near = await standingShifts(tx, profileId, from, to);
    const far = taken === null ? [] : await standingShifts(tx, profileId, taken.startsAt, taken.endsAt);
    const known = [...near, ...far.filter(({ id }) => near.every((other) => other.id !== id))];
    const [refused] = applyExceptions(known.map(planned), [exception]).refused;
    if (refused !== undefined) throw conflict(refused.problem);
  };

  /** A shift beside the roster: whoever gets it must be let by the gate. */
  const add = async (
    tx: Tx,
    { date, kind, startsAt, endsAt }: PlannedShift,
    about: Pick<ShiftRow, 'profileId' | 'projectId' | 'assignmentId' | 'timezone' | 'source'>,
  ): Promise<void> => {
    const values = {
      ...about,
      workDate: date,
      kind,
      startsAt: startsAt.toISOString(),
      endsAt: endsAt.toISOString(),
      actualStartAt: null,
      actualEndAt: null,
      status: 'planned' as const,
      cancelledBecause: null,
    };
    const shift = await shifts.insert(tx, values, { audience: [about.profileId] });
    await gate.askForCrew(tx, { profileId: about.profileId, shift });
  };

  /** Another person works a shift that was given away, under an own assignment in the same project. */
  const hand = async (tx: Tx, shift: ShiftRow, profileId: string): Promise<void> => {
    const assignmentId = await activeAssignment(tx, profileId, shift.projectId);
    if (assignmentId === undefined) throw conflict('EXCEPTION_NO_ASSIGNMENT');
    const { projectId, timezone } = shift;
    await add(tx, planned(shift), { profileId, projectId, assignmentId, timezone, source: 'swap' });
  };

  const swap = async (tx: Tx, worker: Worker, row: RosterExceptionRow): Promise<void> => {
    const { profileId, withProfileId, shiftId, takesShiftId } = row;
    if (withProfileId === null) throw conflict('EXCEPTION_NO_SHIFT');
    for (const id of [shiftId, takesShiftId].filter((one) => one !== null).toSorted()) await shifts.lock(tx, id);
    const given = await lockShift(tx, shiftId, profileId, ['planned']);
    const taken = takesShiftId === null ? undefined : await lockShift(tx, takesShiftId, withProfileId, ['planned']);
    const [gives, takes] = [planned(given), taken === undefined ? null : planned(taken)];
    await mustFit(tx, profileId, { kind: 'swap', gives: gives.startsAt, takes }, gives.startsAt);
    const forColleague: RosterException =
      takes === null ? { kind: 'call_out', shift: gives } : { kind: 'swap', gives: takes.startsAt, takes: gives };
    await mustFit(tx, withProfileId, forColleague, (takes ?? gives).startsAt);
    for (const shift of taken === undefined ? [given] : [given, taken])
      await mover.moveAs(tx, worker, shift, 'give_away');
    await hand(tx, given, withProfileId);
    if (taken !== undefined) await hand(tx, taken, profileId);
  };

  const callOut = async (tx: Tx, row: RosterExceptionRow): Promise<void> => {
    const { profileId, assignmentId, startsAt, endsAt, shiftKind } = row;
    if (assignmentId === null || startsAt === null || endsAt === null || shiftKind === null)
      throw conflict('EXCEPTION_LENGTH');
    const assignment = await assignmentFacts(tx, assignmentId);
    if (assignment?.status !== 'active' || assignment.profileId !== profileId)
      throw conflict('EXCEPTION_NO_ASSIGNMENT');
    const timezone = await zones.of(tx, { projectId: assignment.projectId });
    const times = { startsAt: new Date(startsAt), endsAt: new Date(endsAt) };
    const shift = { date: dateAt(times.startsAt, timezone), kind: shiftKind, ...times };
    await mustFit(tx, profileId, { kind: 'call_out', shift }, shift.startsAt);
    await add(tx, shift, { profileId, projectId: assignment.projectId, assignmentId, timezone, source: 'call_out' });
  };

  const extend = async (tx: Tx, row: RosterExceptionRow): Promise<void> => {
    const shift = await lockShift(tx, row.shiftId, row.profileId, ['planned', 'started']);
    const minutes = row.minutes ?? 0;
    const start = new Date(shift.startsAt);
    await mustFit(tx, row.profileId, { kind: 'extension', shift: start, minutes }, start);
    const endsAt = new Date(Date.parse(shift.endsAt) + minutes * 60_000).toISOString();
    const after = await shifts.update(tx, shift, { endsAt }, { action: 'extend', audience: [row.profileId] });
    await mover.schedule(tx, after);
    await gate.askForCrew(tx, { profileId: after.profileId, shift: after });
  };

  return async (tx: Tx, worker: Worker, row: RosterExceptionRow): Promise<void> => {
    if (row.kind === 'swap') await swap(tx, worker, row);
    else await (row.kind === 'call_out' ? callOut(tx, row) : extend(tx, row));
  };
};

export type ExceptionEffects = ReturnType<typeof createExceptionEffects>;
