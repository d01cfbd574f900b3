import { catalogueTable, companyIndex, companyTable, OPERATOR_STAMPS, reference } from '../src/platform/db/ddl.ts';

const LIVE = { where: 'deleted_at is null' };

/** What companies subscribe to. */
const offerings = catalogueTable('offering', [
  'id uuid not null',
  'code text collate "C" not null',
  'names jsonb not null',
  'features text[] not null',
  'unit text not null',
  'price_minor bigint not null',
  'currency text not null',
  'offered boolean not null',
  ...OPERATOR_STAMPS,
  'constraint offering_pkey primary key (id)',
  'constraint offering_code_key unique (code)',
  `constraint offering_unit_check check (unit in ('seat_month', 'company_month'))`,
  'constraint offering_price_minor_check check (price_minor >= 0)',
  `constraint offering_currency_check check (currency ~ '^[A-Z]{3}$')`,
]);

const subscriptions = [
  ...companyTable('subscription', [
    'offering text collate "C" not null',
    'seats integer not null',
    'starts_on date not null',
    'ends_on date',
    'payment_state text not null',
    'statement text',
    'cancels_at timestamptz(3)',
    'status text not null',
    'ends_at timestamptz(3)',
    'constraint subscription_offering_fkey foreign key (offering) references offering (code)',
    'constraint subscription_seats_check check (seats >= 0)',
    'constraint subscription_ends_on_check check (ends_on is null or ends_on >= starts_on)',
    `constraint subscription_payment_state_check check (payment_state in ('pending', 'paid', 'overdue', 'waived'))`,
    `constraint subscription_status_check check (status in ('trial', 'active', 'past_due', 'suspended', 'expired', 'cancelled'))`,
  ]),
  companyIndex('subscription', 'offering', {
    unique: true,
    where: `status not in ('expired', 'cancelled') and deleted_at is null`,
  }),
  companyIndex('subscription', 'offering, id', LIVE),
  companyIndex('subscription', 'starts_on, id', LIVE),
  ...companyTable('license', [
    'subscription_id uuid not null',
    'offering text collate "C" not null',
    'profile_id uuid not null',
    'status text not null',
    'by_hand boolean not null',
    'holders uuid[] not null',
    'assigned_at timestamptz(3) not null',
    'released_at timestamptz(3)',
    reference('license', 'subscription_id', 'subscription'),
    reference('license', 'profile_id', 'profile'),
    'constraint license_offering_fkey foreign key (offering) references offering (code)',
    `constraint license_status_check check (status in ('active', 'suspended', 'expired', 'released'))`,
  ]),
  companyIndex('license', 'profile_id, offering', {
    unique: true,
    where: `status in ('active', 'suspended') and deleted_at is null`,
  }),
  companyIndex('license', 'subscription_id, status'),
  companyIndex('license', 'assigned_at, id', LIVE),
  companyIndex('license', 'profile_id, assigned_at, id', LIVE),
];

export const up = [...offerings, ...subscriptions];

export const down = ['license', 'subscription', 'offering'].map((table) => `drop table ${table}`);
