import { clears, keeps } from '../../platform/module.ts';
import type { Erasure } from '../../platform/module.ts';
import { Delivery } from './deliveries.repository.ts';
import { Notification } from './notifications.repository.ts';

/** Notices say codes and days, deliveries no address: both go with their retention. */
export const notificationErasures: readonly Erasure[] = [
  keeps(Notification),
  keeps(Delivery),
  clears(
    'notification_preference',
    `update notification_preference set modes = '[]', quiet_hours = null, mute_until = null,
       deleted_at = coalesce(deleted_at, $3), version = version + 1
     where company_id = $1 and profile_id = $2 returning id`,
    (_profile, { now }) => [now],
  ),
];
