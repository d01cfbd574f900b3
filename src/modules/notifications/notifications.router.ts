import Type from 'typebox';
import { BY_ID, crudModule, exact, instant, integer, ok, okRow, pageOf, route } from '../../platform/module.ts';
import type { CrudService, JobDefinition, List, Module, MovingService, Route } from '../../platform/module.ts';
import type { DeliveryRow } from './deliveries.repository.ts';
import { notificationErasures } from './notifications.erasures.ts';
import { Notification } from './notifications.repository.ts';
import type { Notifications } from './notifications.service.ts';
import { PreferencesBody, PreferencesView } from './preferences.repository.ts';
import type { Preferences } from './preferences.service.ts';
import { NOTICES_RETENTION, NOTICES_SETTING } from './settings.ts';
import type { StreamService } from './stream.service.ts';

const NotificationView = exact(
  { ...Notification.view.properties, title: Type.String(), body: Type.String() },
  { 'x-component': 'notification' },
);

interface NotificationsParts {
  readonly notifications: Notifications;
  readonly list: List;
  readonly preferences: Preferences;
  readonly stream: StreamService;
  readonly jobs: readonly JobDefinition[];
}

const ownRoutes = ({ notifications, list }: NotificationsParts): Route[] => [
  route(
    {
      method: 'get',
      path: '/',
      id: 'listNotifications',
      summary: 'What I was told',
      permission: 'notifications:own:read',
      query: list.query,
      responses: { 200: pageOf(NotificationView) },
    },
    async ({ query }, context) => ok(await notifications.list(context, query)),
  ),
  route(
    {
      method: 'get',
      path: '/unread-count',
      id: 'countUnreadNotifications',
      summary: 'How much of it I have not read',
      permission: 'notifications:own:read',
      responses: { 200: exact({ count: integer(0, 1_000_000) }) },
    },
    async (_input, context) => ok({ count: await notifications.unread(context) }),
  ),
  route(
    {
      method: 'post',
      path: '/read-all',
      id: 'readAllNotifications',
      summary: 'Mark everything as read',
      permission: 'notifications:own:write',
      idempotency: 'accepted',
      responses: { 200: exact({ read: integer(0, 1_000_000) }) },
    },
    async (_input, context) => ok({ read: await notifications.readAll(context) }),
  ),
  route(
    {
      method: 'post',
      path: '/:id/read',
      id: 'readNotification',
      summary: 'Mark one as read',
      permission: 'notifications:own:write',
      params: BY_ID,
      idempotency: 'accepted',
      responses: { 200: NotificationView },
    },
    async ({ params }, context) => okRow(await notifications.read(context, params.id)),
  ),
  route(
    {
      method: 'post',
      path: '/:id/archive',
      id: 'archiveNotification',
      summary: 'Put one away',
      permission: 'notifications:own:write',
      params: BY_ID,
      idempotency: 'accepted',
      responses: { 200: NotificationView },
    },
    async ({ params }, context) => okRow(await notifications.archive(context, params.id)),
  ),
];

const preferenceRoutes = ({ preferences }: NotificationsParts): Route[] => [
  route(
    {
      method: 'get',
      path: '/preferences',
      id: 'getNotificationPreferences',
      summary: 'How I want to be told',
      permission: 'notifications:own:read',
      responses: { 200: PreferencesView },
    },
    async (_input, context) => okRow(await preferences.read(context)),
  ),
  route(
    {
      method: 'put',
      path: '/preferences',
      id: 'setNotificationPreferences',
      summary: 'Choose how I want to be told; safety alerts always come, at once',
      permission: 'notifications:own:write',
      body: PreferencesBody,
      ifMatch: true,
      responses: { 200: PreferencesView },
    },
    async ({ body, version }, context) => okRow(await preferences.replace(context, body, version)),
  ),
];

const streamRoutes = ({ stream }: NotificationsParts): Route[] => [
  route(
    {
      method: 'post',
      path: '/stream/ticket',
      id: 'createStreamTicket',
      summary: 'A ticket that opens the stream once, within 30 s',
      permission: 'notifications:own:read',
      rate: 'stream',
      responses: { 200: exact({ ticket: Type.String(), expiresAt: instant() }) },
    },
    async (_input, context) => ok(await stream.issue(context)),
  ),
  route(
    {
      method: 'get',
      path: '/stream',
      id: 'openStream',
      summary: 'Live events about what concerns me',
      description:
        'Server-sent events with ids only. `resync` says that the last id is of no use: fetch anew. When the stream ends, open it again with a new ticket and the last id.',
      permission: 'notifications:own:read',
      rate: 'stream',
      ticket: true,
      query: exact({
        ticket: Type.Optional(Type.String({ maxLength: 100, description: 'Instead of a bearer token' })),
        lastEventId: Type.Optional(Type.String({ maxLength: 20, description: 'Instead of the header' })),
      }),
      headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 100 })) }),
      produces: 'text/event-stream',
      responses: { 200: 'stream' },
    },
    async ({ query, headers }, context) =>
      ok(await stream.open(context, headers['last-event-id'] ?? query.lastEventId)),
  ),
];

/** /notification */
export const notificationsModule = (parts: NotificationsParts): Module => ({
  name: 'notifications',
  base: '/notification',
  permissions: { 'notifications:own:read': 'everybody', 'notifications:own:write': 'everybody' },
  settings: [NOTICES_SETTING],
  erasures: notificationErasures,
  jobs: parts.jobs,
  ticks: parts.notifications.ticks,
  retentions: [NOTICES_RETENTION],
  routes: [...ownRoutes(parts), ...preferenceRoutes(parts), ...streamRoutes(parts)],
});

/** /notification/delivery: what became of mails and SMS, for admins. */
export const deliveriesModule = (service: CrudService<DeliveryRow> & MovingService<DeliveryRow>): Module =>
  crudModule({
    base: '/notification/delivery',
    permission: 'notifications:delivery',
    about: 'rows',
    clients: ['admin'],
    service,
  });
