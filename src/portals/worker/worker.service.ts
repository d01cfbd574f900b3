import type { List, ListQuery } from '../../platform/db/list.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import type { ActionsOf } from '../actions.ts';
import { ownProfile } from '../own-profile.ts';
import { nextStep } from './next-step.ts';
import type { TodayRow } from './worker.reads.ts';

interface WorkerDependencies {
  readonly work: UnitOfWork;
  readonly today: (
    reader: Parameters<Parameters<UnitOfWork['read']>[1]>[0],
    profileId: string,
    now: Date,
  ) => Promise<TodayRow>;
  readonly results: List;
  readonly cases: List;
  /** What the caller may do with their shift now. */
  readonly shiftActions: ActionsOf;
  readonly now: () => Date;
}

const LINKS = { notificationPreferences: '/notification/preferences', stream: '/notification/stream' };
/** What the shift's moves need to know, and this screen does not show. */
const HIDDEN = ['assignmentId', 'profileId'];

/** The worker's screen: everything is the caller's own, however far their roles reach. */
export const createWorkerPortal = ({ work, today, results, cases, shiftActions, now }: WorkerDependencies) => {
  const page = (list: List, column: string) => (context: Context, query: ListQuery & object) =>
    work.read(context, (reader) => {
      const profileId = ownProfile(context);
      return list.page(reader, query, (bind) => `${column} = ${bind(profileId)}`);
    });
  return {
    today: async (context: Context) => {
      const at = now();
      const profileId = ownProfile(context);
      const { row, actionsFor } = await work.read(context, async (reader) => ({
        row: await today(reader, profileId, at),
        actionsFor: await shiftActions(reader, context, [profileId]),
      }));
      const shown = Object.entries(row.shift ?? {}).filter(([name]) => !HIDDEN.includes(name));
      return {
        ...row,
        at: at.toISOString(),
        shift: row.shift === null ? null : { ...Object.fromEntries(shown), actions: actionsFor(profileId, row.shift) },
        case: row.case === null ? null : { ...row.case, next: nextStep(row.case) },
        links: LINKS,
      };
    },
    results: page(results, 't.profile_id'),
    cases: page(cases, 'c.profile_id'),
  };
};

export type WorkerPortal = ReturnType<typeof createWorkerPortal>;
