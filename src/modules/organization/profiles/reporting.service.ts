import { v7 as uuidv7 } from 'uuid';
import type { Bulk } from '../../../platform/db/bulk.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { dateAt } from '../../../platform/time/zone.ts';
import { conflict, invalid, Problem } from '../../../platform/module.ts';
import type { ChangeRecorder, Context, Repository, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import type { Zones } from '../zones.ts';
import type { ProfileRow } from './profiles.repository.ts';
import type { MustReachNoFurther } from '../roles/lines.ts';
import type { OwnLimits } from './own-limits.ts';
import type { Profiles } from './profiles.service.ts';
import {
  attach,
  detach,
  insertLines,
  linesOf,
  linesTo,
  release,
  ReportingLine,
  standsBelow,
  superiorOf,
  withAllBelow,
} from './reporting.repository.ts';
import type { ReportingLineRow, ShownLine } from './reporting.repository.ts';

interface ReportingDependencies {
  readonly repository: Repository<ReportingLineRow>;
  readonly bulk: Bulk<ReportingLineRow>;
  readonly changes: Pick<ChangeRecorder, 'records'>;
  readonly profiles: Pick<Repository<ProfileRow>, 'lock'>;
  readonly mustSee: Profiles['mustSee'];
  readonly mustManage: Profiles['mustManage'];
  /** Throws 403 where it is of the caller's own superior, or of one of theirs. */
  readonly mayLead: OwnLimits['mayLead'];
  /** Throws 403 where the caller comes to reach more people by a change of lines. */
  readonly mustReachNoFurther: MustReachNoFurther;
  readonly zones: Pick<Zones, 'of'>;
  readonly work: UnitOfWork;
}

const LINES = 'reporting-lines';

/** The last of `days`, YYYY-MM-DD. */
const latest = (...days: readonly string[]): string => days.toSorted().at(-1)!;

/** Who reports to whom: one superior at a time, never in a circle, the past kept. Nobody reports to whoever left. */
export const createReportingService = (dependencies: ReportingDependencies) => {
  const { repository, bulk, changes, profiles, mustSee, mustManage, mayLead, mustReachNoFurther, zones, work } =
    dependencies;
  const mustSeeSuperior = (tx: Tx, context: Context, superiorId: string): Promise<void> =>
    mustSee(tx, context, superiorId).catch((error: unknown) => {
      throw error instanceof Problem && error.status === 404 ? invalid('/superiorId', 'UNKNOWN_REFERENCE') : error;
    });
  /** Locks them before the lines, as whoever ends a profile does. */
  const mustBeHere = async (tx: Tx, ids: readonly string[]): Promise<void> => {
    for (const id of [...new Set(ids)].toSorted())
      if ((await profiles.lock(tx, id)).status === 'ended') throw conflict('PROFILE_ENDED');
  };
  const today = async (tx: Tx): Promise<string> => dateAt(tx.now, await zones.of(tx));
  /** Where the company moved to a zone in which it is the day before, a line ends on the day on which it began. */
  const endOf = (line: Pick<ReportingLineRow, 'startsOn'>, day: string) => ({ endsOn: latest(day, line.startsOn) });
  const end = async (tx: Tx, id: string, audience: readonly string[]): Promise<void> => {
    const line = await repository.lock(tx, id);
    await repository.update(tx, line, endOf(line, await today(tx)), { action: 'end', audience });
  };
  const follow = async (tx: Tx, id: string, superiorId: string | null): Promise<void> => {
    const past = await linesOf(tx, id);
    const live = past.find(({ endsOn }) => endsOn === null);
    if ((live?.superiorId ?? null) === superiorId) return;
    if (superiorId !== null && (await standsBelow(tx, superiorId, id))) throw conflict('REPORTING_CYCLE');
    const audience = [live?.superiorId, superiorId].filter((told) => typeof told === 'string');
    if (live !== undefined) await end(tx, live.id, audience);
    await detach(tx, id);
    if (superiorId === null) return;
    await repository.references.hold(tx, { superiorId });
    const startsOn = latest(await today(tx), ...past.map((line) => line.endsOn ?? line.startsOn));
    await repository.insert(tx, { subordinateId: id, superiorId, startsOn, endsOn: null }, { audience });
    await attach(tx, [id], superiorId);
  };
  /** Lines that ended go on to another superior from the day of their end. */
  const leadOn = async (tx: Tx, ended: readonly ReportingLineRow[], superiorId: string): Promise<void> => {
    const lines = ended.map(({ subordinateId, endsOn }) => {
      const startsOn = endsOn!;
      return { id: uuidv7(), subordinateId, superiorId, startsOn, endsOn: null };
    });
    await insertLines(tx, lines);
    const note = { action: 'create', audience: [superiorId] };
    await changes.records(
      tx,
      ReportingLine,
      lines.map((after) => ({ note, after })),
    );
    await attach(
      tx,
      lines.map(({ subordinateId }) => subordinateId),
      superiorId,
    );
  };
  /** Lines to somebody who left end, and go on to their superior, if they have one. */
  const handOver = async (tx: Tx, superiorId: string): Promise<void> => {
    const lines = await bulk.lockMany(tx, await linesTo(tx, superiorId));
    if (lines.length === 0) return;
    const day = await today(tx);
    const ended = await bulk.updateMany(
      tx,
      lines.map((row) => ({ row, patch: endOf(row, day), note: { action: 'end', audience: [row.subordinateId] } })),
    );
    await release(tx, superiorId);
    const next = await superiorOf(tx, superiorId);
    if (next !== undefined) await leadOn(tx, ended, next);
  };
  return {
    history: (context: Context, id: string): Promise<ShownLine[]> =>
      work.read(context, async (reader) => {
        await mustSee(reader, context, id);
        return linesOf(reader, id);
      }),
    /** From today on the person reports to `superiorId`; null: to nobody. Answers the history. */
    setSuperior: (context: Context, id: string, superiorId: string | null): Promise<ShownLine[]> =>
      work.write(context, async (tx) => {
        await mustManage(tx, context, id);
        if (superiorId !== null) await mustSeeSuperior(tx, context, superiorId);
        await mustBeHere(tx, superiorId === null ? [id] : [id, superiorId]);
        await serialize(tx, LINES);
        await mayLead(tx, context, id);
        await mustReachNoFurther(tx, context, await withAllBelow(tx, id), () => follow(tx, id, superiorId));
        return linesOf(tx, id);
      }),
    /**
     * Somebody left, whose profile is locked: from today on those who reported to them report to their own superior, or to
     * nobody where they had none. Whoever stood above sees everybody whom they saw, in as many statements for many as for one.
     * Throws 403 where whoever lets them leave comes to reach more people by it.
     */
    leave: async (tx: Tx, superiorId: string, caller?: Context): Promise<void> => {
      await serialize(tx, LINES);
      if (caller === undefined) return handOver(tx, superiorId);
      const [, ...below] = await withAllBelow(tx, superiorId);
      return mustReachNoFurther(tx, caller, below, () => handOver(tx, superiorId));
    },
    /** Throws 403 where the caller comes to reach more people once somebody leaves whose end they set. */
    mayLeaveInTime: async (tx: Tx, caller: Caller, superiorId: string): Promise<void> => {
      await serialize(tx, LINES);
      const [, ...below] = await withAllBelow(tx, superiorId);
      await mustReachNoFurther(tx, caller, below, () => Promise.resolve(), [superiorId]);
    },
  };
};

export type Reporting = ReturnType<typeof createReportingService>;
