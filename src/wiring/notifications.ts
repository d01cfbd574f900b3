import type { Notices as FitnessNotices } from '../modules/fitness/notices.ts';
import { createDeliveryLifecycle } from '../modules/notifications/deliveries.lifecycle.ts';
import { deliveryList } from '../modules/notifications/deliveries.repository.ts';
import { createDeliveries } from '../modules/notifications/deliveries.service.ts';
import type { Notices, NoticeText } from '../modules/notifications/notice.ts';
import { createNotices } from '../modules/notifications/notices.service.ts';
import { Notification, notificationList } from '../modules/notifications/notifications.repository.ts';
import { deliveriesModule, notificationsModule } from '../modules/notifications/notifications.router.ts';
import { createNotifications } from '../modules/notifications/notifications.service.ts';
import { Preference } from '../modules/notifications/preferences.repository.ts';
import { createPreferences } from '../modules/notifications/preferences.service.ts';
import { createStreamService } from '../modules/notifications/stream.service.ts';
import { createSender } from '../modules/notifications/sending.ts';
import { createCalls } from '../modules/notifications/webhook-calls.ts';
import { webhookLifecycle } from '../modules/notifications/webhooks.lifecycle.ts';
import { webhookList } from '../modules/notifications/webhooks.repository.ts';
import { webhooksModule } from '../modules/notifications/webhooks.router.ts';
import { checkUrl, createWebhooks, mustHaveRoom } from '../modules/notifications/webhooks.service.ts';
import type { CompanyNotices } from '../modules/organization/companies/notices.ts';
import type { QuotaNotices } from '../modules/organization/features/quotas.service.ts';
import { visibleProfiles } from '../modules/organization/reach.ts';
import { caretakersOf } from '../modules/organization/roles/roles.repository.ts';
import type { Notices as WorkforceNotices } from '../modules/workforce/ports.ts';
import { createCrud } from '../platform/crud/service.ts';
import type { ExportError } from '../modules/reporting/exports/exports.repository.ts';
import type { Notices as ExportNotices } from '../modules/reporting/ports.ts';
import type { Module } from '../platform/http/module.ts';
import { createBackoff } from '../platform/jobs/backoff.ts';
import type { Platform } from './platform.ts';

export interface Notifying {
  readonly modules: readonly Module[];
  /** How every area tells people. */
  readonly notices: Notices;
}

const FITNESS_PATHS = {
  fitness_case: '/fitness/cases',
  requirement: '/fitness/requirements',
  fitness_breach: '/fitness/breaches',
  device: '/fitness/devices',
} as const;

/**
 * What fitness tells, as notices: levels stay behind the link. Each is made once, with its event, so that the key holds
 * back only what is told twice within one transaction; a case that is opened again is told again.
 */
export const forFitness = (notices: Notices): FitnessNotices => ({
  notify: (tx, { kind, recipients, entity, entityId, params: { step = '', takenAt } }) =>
    notices.notify(tx, {
      type: kind,
      ...(takenAt !== undefined && {
        text: 'test_alert_late',
        subjectParams: { takenAt: `${takenAt.slice(0, 16).replace('T', ' ')} UTC` },
      }),
      recipients,
      link: `${FITNESS_PATHS[entity]}/${entityId}`,
      dedupeKey: `${kind}:${entityId}:${step}:${tx.now.toISOString()}`,
    }),
});

/** What the workforce tells, as notices; it notes itself what it has told. */
export const forWorkforce = (notices: Notices): WorkforceNotices => ({
  notify: (tx, { profileIds, entityId, params }) =>
    notices.notify(tx, {
      type: 'license_expiry',
      recipients: profileIds,
      subjectParams: params,
      link: `/admin/credential/${entityId}`,
      dedupeKey: `credential:${entityId}:${params['validTo']}:${params['days']}`,
    }),
});

/** What somebody does next whose export failed. */
const EXPORT_FAILED = {
  FAILED: 'export_failed',
  PERMISSION_CHANGED: 'export_refused',
  REPORT_UNKNOWN: 'export_refused',
  TOO_MANY_ROWS: 'export_too_large',
} as const satisfies Record<ExportError, NoticeText>;

/** An export that can be fetched, or that failed, told once to who asked for it. */
export const forExports = (notices: Notices): ExportNotices => ({
  notify: (tx, { kind, recipients, entityId, params: { error = 'FAILED' } }) =>
    notices.notify(tx, {
      ...(kind === 'export_ready' ? { type: kind } : { type: 'information', text: EXPORT_FAILED[error] }),
      recipients,
      link: `/admin/export/${entityId}`,
      dedupeKey: `${kind}:${entityId}`,
    }),
});

/** A quota that is nearly or wholly used up, told once a period and mark. */
export const forFeatures = (notices: Notices): QuotaNotices => ({
  notify: (tx, { of, holderId, feature, startsOn, percent, recipients }) =>
    notices.notify(tx, {
      type: 'information',
      ...(of === 'company'
        ? { text: 'feature_quota_company', link: '/admin/feature/company' }
        : { text: 'feature_quota', link: '/auth/me/features' }),
      recipients,
      subjectParams: { feature, percent },
      dedupeKey: `feature_quota:${feature}:${startsOn}:${holderId}:${percent}`,
    }),
});

const LIMIT_TEXTS = {
  users: 'limit_users',
  workers: 'limit_workers',
  residents: 'limit_residents',
  storageMb: 'limit_storage',
  apiPerDay: 'limit_api',
} as const;

/** What those who look after a company are told of it. */
export const forCompanies = (notices: Notices): CompanyNotices => ({
  domain: async (tx, text, { id, host, failingSince }) =>
    notices.notify(tx, {
      type: 'information',
      text,
      recipients: await caretakersOf(tx, tx.now),
      subjectParams: { host },
      link: '/admin/companies/current/domain',
      dedupeKey: `${text}:${id}:${failingSince}`,
    }),
  limit: async (tx, { counted, level, limit, day = '' }) =>
    notices.notify(tx, {
      type: 'information',
      text: `${LIMIT_TEXTS[counted]}_${level}`,
      recipients: await caretakersOf(tx, tx.now),
      subjectParams: { limit },
      link: '/admin/companies/current/usage',
      dedupeKey: `plan_limit:${counted}:${level}:${limit}:${day}`,
    }),
});

/** The list in the application, the live stream, mail and SMS. */
export const wireNotifications = (platform: Platform): Notifying => {
  const notifications = platform.repository(Notification);
  const list = platform.list(notificationList);
  const deliveries = platform.crud(deliveryList, createDeliveryLifecycle(platform.enqueue));
  const endpoints = platform.crud(webhookList, webhookLifecycle);
  const sender = createSender({
    ...platform,
    ...deliveries,
    backoff: createBackoff({ base: 30_000, cap: 1_800_000 }),
  });
  const dataKeys = platform.keys.data;
  const webhooks = createWebhooks({
    ...platform,
    repository: endpoints.repository,
    deliveries: deliveries.repository,
    dataKeys,
  });
  const calls = createCalls({
    ...platform,
    sender,
    dataKeys,
    endpoints: endpoints.repository,
    endpointMover: endpoints.mover,
    deliveryMover: deliveries.mover,
    poster: platform.webhooks,
  });
  const service = createCrud({
    ...deliveries,
    restrict: (context) => (bind) => visibleProfiles(context, 't.profile_id', bind),
  });
  return {
    notices: createNotices({
      ...platform,
      notifications,
      deliveries: deliveries.repository,
      publish: webhooks.publish,
    }),
    modules: [
      notificationsModule({
        list,
        jobs: [createDeliveries({ ...platform, mover: deliveries.mover, sender })],
        notifications: createNotifications({ ...platform, repository: notifications, list }),
        preferences: createPreferences({ ...platform, repository: platform.repository(Preference) }),
        stream: createStreamService(platform),
      }),
      deliveriesModule(service),
      webhooksModule({
        webhooks,
        jobs: [calls],
        service: createCrud({
          ...endpoints,
          onEdit: (_tx, _row, { url }) => {
            if (url !== undefined) checkUrl(url);
          },
          onRemove: true,
          onRestore: mustHaveRoom,
        }),
      }),
    ],
  };
};
