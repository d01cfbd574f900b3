import { serialize } from '../../../platform/db/serialize.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { dateAt } from '../../../platform/time/zone.ts';
import { conflict, invalid, Problem } from '../../../platform/module.ts';
import type { Context, Repository, Tx } from '../../../platform/module.ts';
import type { ProfileRow } from './profiles.repository.ts';
import type { Profiles } from './profiles.service.ts';
import { attach, detach, linesOf, standsBelow } from './reporting.repository.ts';
import type { ReportingLineRow, ShownLine } from './reporting.repository.ts';

interface ReportingDependencies {
  readonly repository: Repository<ReportingLineRow>;
  readonly profiles: Pick<Repository<ProfileRow>, 'find'>;
  readonly mustSee: Profiles['mustSee'];
  readonly mustManage: Profiles['mustManage'];
  readonly work: UnitOfWork;
}

const LINES = 'reporting-lines';

/** Who reports to whom: one superior at a time, never in a circle, the past kept. */
export const createReportingService = (dependencies: ReportingDependencies) => {
  const { repository, profiles, mustSee, mustManage, work } = dependencies;
  const mustBeSuperior = async (tx: Tx, context: Context, id: string, superiorId: string): Promise<void> => {
    await mustSee(tx, context, superiorId).catch((error: unknown) => {
      throw error instanceof Problem && error.status === 404 ? invalid('/superiorId', 'UNKNOWN_REFERENCE') : error;
    });
    if ((await profiles.find(tx, superiorId))?.status === 'ended') throw conflict('PROFILE_ENDED');
    if (await standsBelow(tx, superiorId, id)) throw conflict('REPORTING_CYCLE');
  };
  const follow = async (tx: Tx, context: Context, id: string, superiorId: string | null): Promise<void> => {
    const live = (await linesOf(tx, id)).find(({ endsOn }) => endsOn === null);
    if ((live?.superiorId ?? null) === superiorId) return;
    if (superiorId !== null) await mustBeSuperior(tx, context, id, superiorId);
    const today = dateAt(tx.now, context.principal.timezone);
    const audience = [live?.superiorId, superiorId].filter((told) => typeof told === 'string');
    if (live !== undefined)
      await repository.update(tx, await repository.lock(tx, live.id), { endsOn: today }, { action: 'end', audience });
    await detach(tx, id);
    if (superiorId === null) return;
    await repository.references.hold(tx, { superiorId });
    await repository.insert(tx, { subordinateId: id, superiorId, startsOn: today, endsOn: null }, { audience });
    await attach(tx, id, superiorId);
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
        await serialize(tx, LINES);
        await follow(tx, context, id, superiorId);
        return linesOf(tx, id);
      }),
  };
};
