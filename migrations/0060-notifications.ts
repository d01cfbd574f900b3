import { companyIndex, companyTable, isolate, reference } from '../src/platform/db/ddl.ts';

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
     profile_id uuid not null,
     dedupe_key text collate "C" not null,
     until timestamptz(3) not null,
     constraint notice_key_pkey primary key (company_id, profile_id, dedupe_key),
     constraint notice_key_company_id_fkey foreign key (company_id) references company (id),
     ${reference('notice_key', 'profile_id', 'profile')})`,
  ...isolate('notice_key'),
  companyIndex('notice_key', 'until'),
  'grant select, insert, update, delete on notice_key to app',
];

const deliveries = [
  ...companyTable(
    'delivery',
    [
      'notification_id uuid not null',
      'profile_id uuid not null',
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
      `constraint delivery_channel_check check (channel in ('email', 'sms'))`,
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

export const up = [...notifications, ...deliveries, ...preferences];

export const down = ['notification_preference', 'delivery', 'notice_key', 'notification'].map(
  (table) => `drop table ${table}`,
);
