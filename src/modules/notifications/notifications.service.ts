import type { Configuration } from '../../platform/configuration.ts';
import type { ListQuery, Restriction } from '../../platform/db/list.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import { notFound } from '../../platform/module.ts';
import type { ChangeRecorder, Context, List, Repository, TickDefinition, Tx } from '../../platform/module.ts';
import { purgeNotifications, readAll, unreadCount } from './notifications.repository.ts';
import type { NotificationRow } from './notifications.repository.ts';
import { ownProfile } from './own-profile.ts';
import { NOTICES_RETENTION } from './settings.ts';

interface NotificationsDependencies {
  readonly repository: Repository<NotificationRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly changes: ChangeRecorder;
  readonly configuration: Configuration;
}

/** A notification as its reader sees it: with its text in their language. */
export type NotificationShown = NotificationRow & { readonly title: string; readonly body: string };

const DAY = 86_400_000;
const own =
  (profileId: string): Restriction =>
  (bind) =>
    `t.profile_id = ${bind(profileId)}`;

/** What people find in their list, and what they do with it. Nobody sees another's. */
export const createNotifications = (dependencies: NotificationsDependencies) => {
  const { repository, list, work, changes, configuration } = dependencies;

  const tell = (context: Context, row: NotificationRow): NotificationShown => ({
    ...row,
    title: context.t(`notifications:${row.text}.title`, row.params),
    body: context.t(`notifications:${row.text}.body`, row.params),
  });

  const change = (
    context: Context,
    id: string,
    action: string,
    patch: (row: NotificationRow, tx: Tx) => Partial<NotificationRow> | undefined,
  ): Promise<NotificationShown> =>
    work.write(context, async (tx) => {
      const profileId = ownProfile(context);
      const row = await repository.lock(tx, id);
      if (row.profileId !== profileId) throw notFound();
      const values = patch(row, tx);
      const after =
        values === undefined ? row : await repository.update(tx, row, values, { action, audience: [profileId] });
      return tell(context, repository.entity.show(after) as NotificationRow);
    });

  const purge: TickDefinition = {
    name: NOTICES_RETENTION.by,
    every: 86_400,
    for: 'each-company',
    run: (scope, { now }) =>
      work.write({ scope }, async (tx) => {
        const keptFor = await NOTICES_RETENTION.keptFor((wanted) => configuration.get(tx, wanted));
        const purged = await purgeNotifications(tx, new Date(now.getTime() - keptFor));
        if (purged > 0)
          await changes.event(tx, {
            entity: 'notification',
            entityId: tx.companyId,
            action: 'purge',
            after: { purged, retentionDays: keptFor / DAY },
          });
      }),
  };

  return {
    ticks: [purge],
    list: (context: Context, query: ListQuery & object) =>
      work.read(context, async (reader) => {
        const page = JSON.parse(await list.page(reader, query, own(ownProfile(context)))) as {
          items: NotificationRow[];
          next: string | null;
        };
        return { items: page.items.map((row) => tell(context, row)), next: page.next };
      }),
    unread: (context: Context): Promise<number> =>
      work.read(context, (reader) => unreadCount(reader, ownProfile(context))),
    /** Marks one as read; it stays read when it was. */
    read: (context: Context, id: string): Promise<NotificationShown> =>
      change(context, id, 'read', ({ readAt }, { now }) =>
        readAt === null ? { readAt: now.toISOString() } : undefined,
      ),
    /** Puts one away; it counts as read then. */
    archive: (context: Context, id: string): Promise<NotificationShown> =>
      change(context, id, 'archive', ({ readAt, archivedAt }, { now }) =>
        archivedAt === null ? { archivedAt: now.toISOString(), readAt: readAt ?? now.toISOString() } : undefined,
      ),
    /** Marks all as read; answers how many were not. */
    readAll: (context: Context): Promise<number> =>
      work.write(context, async (tx) => {
        const profileId = ownProfile(context);
        const count = await readAll(tx, profileId);
        const note = { action: 'read_all', audience: [profileId], after: { count } };
        if (count > 0) await changes.event(tx, { ...note, entity: 'notification', entityId: profileId });
        return count;
      }),
  };
};

export type Notifications = ReturnType<typeof createNotifications>;
