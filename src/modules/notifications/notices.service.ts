import type { Configuration } from '../../platform/configuration.ts';
import type { I18n } from '../../platform/i18n/i18n.ts';
import { DEFAULT_LOCALE } from '../../platform/i18n/locales.ts';
import type { Enqueue, Repository, Tx } from '../../platform/module.ts';
import { recipientsAmong, UNSENT } from './deliveries.repository.ts';
import type { DeliveryRow, Recipient } from './deliveries.repository.ts';
import { askToSend } from './deliveries.lifecycle.ts';
import { chooseDelivery, NO_WISHES } from './delivery-choice.ts';
import { NOTICE_TYPES } from './notice.ts';
import type { Channel, Notices } from './notice.ts';
import { claimNotice } from './notifications.repository.ts';
import type { NotificationRow } from './notifications.repository.ts';
import { NOTICES_SETTING } from './settings.ts';
import type { Webhooks } from './webhooks.service.ts';

interface NoticesDependencies {
  readonly notifications: Repository<NotificationRow>;
  readonly deliveries: Repository<DeliveryRow>;
  readonly configuration: Configuration;
  readonly enqueue: Enqueue;
  /** Tells the company's own systems. */
  readonly publish: Webhooks['publish'];
  readonly i18n: I18n;
}

const HOUR = 3_600_000;

/** Writes what people are told: a row in their list, exactly once, and a delivery for each channel that they want. */
export const createNotices = (dependencies: NoticesDependencies): Notices => {
  const { notifications, deliveries, configuration, enqueue, publish, i18n } = dependencies;

  const plan = async (tx: Tx, row: NotificationRow, recipient: Recipient, channel: Channel): Promise<void> => {
    const { type, priority, readAt } = row;
    const hasAddress = (channel === 'email' ? recipient.email : recipient.phone) !== null;
    const { timezone, wishes } = recipient;
    const choice = chooseDelivery(
      { type, priority, readAt, channel, hasAddress, timezone, wishes: wishes ?? NO_WISHES },
      tx.now,
    );
    const until = choice.do === 'wait' ? choice.until : undefined;
    const made = await deliveries.insert(tx, {
      ...UNSENT,
      notificationId: row.id,
      profileId: row.profileId,
      channel,
      nextRetryAt: until?.toISOString() ?? null,
      ...(choice.do === 'skip' && { status: 'skipped', skippedBecause: choice.because }),
    });
    if (choice.do !== 'skip') await askToSend(tx, enqueue, made);
  };

  return {
    notify: async (tx, notice) => {
      const { type, subjectParams = {}, link = null, dedupeKey } = notice;
      const kind = NOTICE_TYPES[type];
      const { text = kind.texts[0], priority = kind.priority, channels = kind.channels } = notice;
      // A text that lacks a parameter is found where the notice is made, not hours later in a job.
      i18n.t(DEFAULT_LOCALE, `notifications:${text}.body`, subjectParams);
      const { dedupeHours } = await configuration.get(tx, NOTICES_SETTING);
      const until = new Date(tx.now.getTime() + dedupeHours * HOUR);
      const fresh = await claimNotice(tx, [...new Set(notice.recipients)], dedupeKey, until);
      for (const recipient of await recipientsAmong(tx, fresh)) {
        const { profileId } = recipient;
        const row = await notifications.insert(
          tx,
          { profileId, type, text, priority, params: subjectParams, link, dedupeKey, readAt: null, archivedAt: null },
          { audience: [profileId] },
        );
        for (const channel of channels) await plan(tx, row, recipient, channel);
      }
      await publish(tx, { type, link, params: subjectParams }, dedupeKey, until);
    },
  };
};
