import Type from 'typebox';
import { entity, instant, line, listOf, nullable, oneOf, uuid } from '../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../platform/module.ts';
import { NOTICE_TYPE_NAMES, PRIORITIES } from './notice.ts';

export const Notification = entity({
  table: 'notification',
  fields: {
    profileId: uuid({ description: 'Who is told' }),
    type: oneOf(NOTICE_TYPE_NAMES),
    text: line(60, { description: 'Names the text; `title` and `body` are that text in the reader’s language' }),
    priority: oneOf(PRIORITIES),
    params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    link: nullable(line(500, { description: 'Path of what it is about' })),
    readAt: nullable(instant()),
    archivedAt: nullable(instant()),
  },
  hidden: { dedupeKey: line(200) },
  create: [],
  edit: [],
});
export type NotificationRow = RowOf<typeof Notification>;

export const notificationList = listOf(Notification, {
  sorts: ['-createdAt'],
  coarse: { type: 'everybody lists their own' },
  also: {
    read: {
      schema: Type.Boolean({ description: 'Only those that were read, or only the others' }),
      sql: (_bind, value: boolean) => `t.read_at is ${value ? 'not ' : ''}null`,
    },
    archived: {
      schema: Type.Boolean({ description: 'Only the archived ones, or only the others' }),
      sql: (_bind, value: boolean) => `t.archived_at is ${value ? 'not ' : ''}null`,
    },
  },
});

/**
 * Takes a notice's key for each recipient who has not had it within the window; answers those, ascending. Of any number of
 * transactions with one key at once, one takes it.
 */
export const claimNotice = async (
  tx: Tx,
  profileIds: readonly string[],
  dedupeKey: string,
  until: Date,
): Promise<string[]> => {
  const rows = await tx.prepared<{ id: string }>(
    `insert into notice_key (company_id, recipient_id, dedupe_key, until)
     select $1, p.id, $3::text, $4::timestamptz from profile p
     where p.company_id = $1 and p.id = any($2::uuid[]) and p.status in ('invited', 'active', 'suspended')
       and p.deleted_at is null
     order by p.id
     on conflict (company_id, recipient_id, dedupe_key) do update set until = excluded.until
       where notice_key.until <= $5
     returning recipient_id as id`,
    [tx.companyId, profileIds, dedupeKey, until, tx.now],
  );
  return rows.map(({ id }) => id).toSorted();
};

/** How many unread notifications a person has. */
export const unreadCount = async (reader: Reader, profileId: string): Promise<number> => {
  const [row] = await reader.prepared<{ count: number }>(
    `select count(*)::int as count from notification n where n.company_id = $1 and n.profile_id = $2
       and n.read_at is null and n.archived_at is null and n.deleted_at is null`,
    [reader.companyId, profileId],
  );
  return row!.count;
};

/** Marks all unread notifications of a person as read; answers how many. */
export const readAll = async (tx: Tx, profileId: string): Promise<number> => {
  const rows = await tx.prepared(
    `update notification set read_at = $3, version = version + 1, updated_at = $3, updated_by = $4
     where company_id = $1 and profile_id = $2 and read_at is null and archived_at is null and deleted_at is null
     returning id`,
    [tx.companyId, profileId, tx.now, tx.scope.actor.id],
  );
  return rows.length;
};

/** Deletes a company's notifications made before `before`, with their deliveries and spent keys; answers how many. */
export const purgeNotifications = async (tx: Tx, before: Date): Promise<number> => {
  await tx.prepared(
    `delete from delivery where company_id = $1 and notification_id in
       (select n.id from notification n where n.company_id = $1 and n.created_at < $2)`,
    [tx.companyId, before],
  );
  await tx.prepared('delete from delivery where company_id = $1 and endpoint_id is not null and created_at < $2', [
    tx.companyId,
    before,
  ]);
  await tx.prepared('delete from notice_key where company_id = $1 and until < $2', [tx.companyId, before]);
  const rows = await tx.prepared('delete from notification where company_id = $1 and created_at < $2 returning id', [
    tx.companyId,
    before,
  ]);
  return rows.length;
};
