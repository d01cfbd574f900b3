import { BY_OPERATOR, companyIndex, companyTable, operatorTable, part, systemMay } from '../src/platform/db/ddl.ts';

const passwords = [
  ...operatorTable(
    'otp',
    [
      'id uuid not null',
      'purpose text not null',
      'channel text not null',
      'account_key text collate "C" not null',
      'person_id uuid',
      'destination_sealed text',
      `hints jsonb not null default '[]'`,
      'asked_key text collate "C" not null',
      'locale text not null',
      'code_hash text collate "C"',
      'attempts integer not null default 0',
      'expires_at timestamptz(3) not null',
      'verified_at timestamptz(3)',
      'ticket_hash text collate "C"',
      'ended_at timestamptz(3)',
      'created_at timestamptz(3) not null',
      'constraint otp_pkey primary key (id)',
      'constraint otp_person_id_fkey foreign key (person_id) references person (id)',
      `constraint otp_purpose_check check (purpose in ('login', 'reset', 'verify_email', 'verify_phone', 'step_up'))`,
      `constraint otp_channel_check check (channel in ('email', 'sms'))`,
      'constraint otp_attempts_check check (attempts between 0 and 5)',
    ],
    BY_OPERATOR,
    'select, insert, update, delete',
  ),
  `create unique index otp_account_key_key on otp (account_key, purpose) where ended_at is null`,
  `create unique index otp_ticket_hash_key on otp (ticket_hash) where ticket_hash is not null`,
  `create index otp_created_at_idx on otp (created_at)`,
  ...operatorTable(
    'otp_tally',
    [
      'id uuid not null',
      'key text collate "C" not null',
      'at timestamptz(3) not null',
      'constraint otp_tally_pkey primary key (id)',
    ],
    BY_OPERATOR,
    'select, insert, delete',
  ),
  `create index otp_tally_key_idx on otp_tally (key, at)`,
  `create index otp_tally_at_idx on otp_tally (at)`,
];

const PENDING = `status = 'pending'`;

const invitations = [
  ...companyTable(
    'invitation',
    [
      'profile_id uuid',
      'department_id uuid',
      'person_id uuid not null',
      'email text not null',
      'locale text not null',
      'status text not null',
      'sent_count integer not null',
      'last_sent_at timestamptz(3) not null',
      'reminded_at timestamptz(3)',
      'expires_at timestamptz(3) not null',
      'ended_at timestamptz(3)',
      'invited_by uuid',
      'given_roles uuid[] not null',
      'token_hash text collate "C"',
      part('invitation', 'profile_id', 'profile'),
      part('invitation', 'department_id', 'department'),
      `constraint invitation_status_check check (status in ('pending', 'accepted', 'declined', 'revoked', 'expired'))`,
      'constraint invitation_sent_count_check check (sent_count between 1 and 6)',
    ],
    { allow: ['update', 'delete'] },
  ),
  companyIndex('invitation', 'profile_id', { unique: true, where: `profile_id is not null and ${PENDING}` }),
  companyIndex('invitation', 'person_id', { unique: true, where: PENDING }),
  `create unique index invitation_email_key on invitation (company_id, email, department_id) nulls not distinct
    where profile_id is not null and ${PENDING}`,
  companyIndex('invitation', 'profile_id'),
  companyIndex('invitation', 'person_id'),
  companyIndex('invitation', 'email', { where: 'deleted_at is null' }),
  companyIndex('invitation', 'status, created_at, id', { where: 'deleted_at is null' }),
  companyIndex('invitation', 'created_at, id', { where: 'deleted_at is null' }),
  companyIndex('invitation', 'expires_at, id', { where: 'deleted_at is null' }),
];

const machines = [
  ...companyTable('api_client', [
    'name text not null',
    'client_id text collate "C" not null',
    'scopes text[] not null',
    'expires_at timestamptz(3)',
    'status text not null',
    `constraint api_client_status_check check (status in ('active', 'revoked'))`,
  ]),
  `create unique index api_client_client_id_key on api_client (company_id, client_id)`,
  `create index api_client_client_id_idx on api_client (client_id)`,
  companyIndex('api_client', 'name, id', { where: 'deleted_at is null' }),
  companyIndex('api_client', 'created_at, id', { where: 'deleted_at is null' }),
  ...systemMay('api_client', 'select'),
];

const attempts = [
  ...operatorTable(
    'sign_in_attempt',
    [
      'id text collate "C" not null',
      'at timestamptz(3) not null',
      'person_id uuid',
      'outcome text not null',
      'client text',
      'address text',
      'error text',
      'constraint sign_in_attempt_pkey primary key (id)',
      'constraint sign_in_attempt_person_id_fkey foreign key (person_id) references person (id)',
      `constraint sign_in_attempt_outcome_check check (outcome in ('succeeded', 'failed', 'locked'))`,
    ],
    BY_OPERATOR,
    'select, insert, delete',
  ),
  `create index sign_in_attempt_person_id_idx on sign_in_attempt (person_id, at)`,
  `create index sign_in_attempt_at_idx on sign_in_attempt (at)`,
  ...operatorTable(
    'provider_event',
    ['id text collate "C" not null', 'at timestamptz(3) not null', 'constraint provider_event_pkey primary key (id)'],
    BY_OPERATOR,
    'select, insert, delete',
  ),
  `create index provider_event_at_idx on provider_event (at)`,
];

const drift = [
  ...operatorTable(
    'provider_drift',
    [
      'id uuid not null',
      'kind text not null',
      'subject text collate "C" not null',
      'mended boolean not null',
      'found_at timestamptz(3) not null',
      'seen_at timestamptz(3) not null',
      'constraint provider_drift_pkey primary key (id)',
      'constraint provider_drift_kind_subject_key unique (kind, subject)',
    ],
    BY_OPERATOR,
    'select, insert, update, delete',
  ),
  `create index provider_drift_found_at_idx on provider_drift (found_at, id)`,
  `create index provider_drift_seen_at_idx on provider_drift (seen_at)`,
];

const legacy = [
  ...operatorTable(
    'legacy_credential',
    [
      'person_id uuid not null',
      'hash_sealed text not null',
      'imported_at timestamptz(3) not null',
      'constraint legacy_credential_pkey primary key (person_id)',
      'constraint legacy_credential_person_id_fkey foreign key (person_id) references person (id)',
    ],
    BY_OPERATOR,
    'select, insert, update, delete',
  ),
  `create index legacy_credential_imported_at_idx on legacy_credential (imported_at)`,
];

export const up = [...passwords, ...invitations, ...machines, ...attempts, ...drift, ...legacy];

export const down = [
  'legacy_credential',
  'provider_drift',
  'provider_event',
  'sign_in_attempt',
  'api_client',
  'invitation',
  'otp_tally',
  'otp',
].map((table) => `drop table ${table}`);
