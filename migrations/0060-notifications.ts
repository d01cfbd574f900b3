import { companyIndex, companyTable, isolate, part, reference } from '../src/platform/db/ddl.ts';

const LIVE = { where: 'deleted_at is null' };

const notifications = [
  ...companyTable(
    'notification',
    [
      'profile_id uuid not null',
      'type text not null',
      'text text not null',
      'priority text not null',
      'params jsonb not null',
      'link text',
      'dedupe_key text not null',
      'read_at timestamptz(3)',
      'archived_at timestamptz(3)',
      reference('notification', 'profile_id', 'profile'),
      `constraint notification_priority_check check (priority in ('normal', 'high', 'safety'))`,
    ],
    { allow: ['update', 'delete'] },
  ),
  companyIndex('notification', 'profile_id, created_at, id', LIVE),
  companyIndex('notification', 'profile_id', {
    where: 'read_at is null and archived_at is null and deleted_at is null',
  }),
  companyIndex('notification', 'created_at'),
  `create table notice_key (
     company_id uuid not null,
     recipient_id uuid not null,
     dedupe_key text collate "C" not null,
     until timestamptz(3) not null,
     constraint notice_key_pkey primary key (company_id, recipient_id, dedupe_key),
     constraint notice_key_company_id_fkey foreign key (company_id) references company (id))`,
  ...isolate('notice_key'),
  companyIndex('notice_key', 'until'),
  'grant select, insert, update, delete on notice_key to app',
];

const webhooks = [
  ...companyTable('webhook_endpoint', [
    'name text not null',
    'url text not null',
    'events text[] not null',
    'status text not null',
    'failing_since timestamptz(3)',
    'secret_sealed text not null',
    'previous_sealed text',
    'previous_until timestamptz(3)',
    `constraint webhook_endpoint_url_check check (url like 'https://%')`,
    `constraint webhook_endpoint_status_check check (status in ('active', 'failing', 'disabled'))`,
    `constraint webhook_endpoint_failing_since_check check (status <> 'failing' or failing_since is not null)`,
    `constraint webhook_endpoint_previous_check check ((previous_sealed is null) = (previous_until is null))`,
  ]),
  companyIndex('webhook_endpoint', 'name, id', LIVE),
  companyIndex('webhook_endpoint', 'created_at, id', LIVE),
  companyIndex('webhook_endpoint', 'status, name, id', LIVE),
];

const deliveries = [
  ...companyTable(
    'delivery',
    [
      'notification_id uuid',
      'profile_id uuid',
      'endpoint_id uuid',
      'event jsonb',
      'channel text not null',
      'status text not null',
      'attempts integer not null',
      'next_retry_at timestamptz(3)',
      'sent_at timestamptz(3)',
      'provider_id text',
      'error text',
      'skipped_because text',
      reference('delivery', 'notification_id', 'notification'),
      reference('delivery', 'profile_id', 'profile'),
      part('delivery', 'endpoint_id', 'webhook_endpoint'),
      `constraint delivery_channel_check check (channel in ('email', 'sms', 'webhook'))`,
      `constraint delivery_recipient_check check (case channel when 'webhook'
         then num_nulls(endpoint_id, event) = 0 and num_nonnulls(notification_id, profile_id) = 0
         else num_nulls(notification_id, profile_id) = 0 and num_nonnulls(endpoint_id, event) = 0 end)`,
      `constraint delivery_status_check check
         (status in ('pending', 'sending', 'sent', 'failed', 'retrying', 'dead', 'skipped'))`,
      `constraint delivery_sent_at_check check ((status = 'sent') = (sent_at is not null))`,
      `constraint delivery_skipped_because_check check ((status = 'skipped') = (skipped_because is not null)
         and skipped_because in ('no_address', 'read', 'muted', 'off'))`,
    ],
    { allow: ['update', 'delete'] },
  ),
  companyIndex('delivery', 'notification_id, channel', { unique: true, ...LIVE }),
  companyIndex('delivery', 'notification_id'),
  companyIndex('delivery', 'created_at, id', LIVE),
  companyIndex('delivery', 'status, created_at, id', LIVE),
  companyIndex('delivery', 'profile_id, created_at, id', LIVE),
  companyIndex('delivery', 'endpoint_id, created_at, id', LIVE),
];

const preferences = [
  ...companyTable('notification_preference', [
    'profile_id uuid not null',
    'modes jsonb not null',
    'mute_until timestamptz(3)',
    'quiet_hours jsonb',
    reference('notification_preference', 'profile_id', 'profile'),
  ]),
  companyIndex('notification_preference', 'profile_id', { unique: true, ...LIVE }),
];

export const up = [...notifications, ...webhooks, ...deliveries, ...preferences];

export const down = ['notification_preference', 'delivery', 'webhook_endpoint', 'notice_key', 'notification'].map(
  (table) => `drop table ${table}`,
);
