import {
  BY_OPERATOR,
  companyIndex,
  companyTable,
  operatorTable,
  OPERATOR_STAMPS,
  reference,
} from '../src/platform/db/ddl.ts';

const LIVE = { where: 'deleted_at is null' };

/** What forbids to erase somebody, until it is lifted. */
const holds = [
  ...companyTable('legal_hold', [
    'profile_id uuid not null',
    'reason text not null',
    'status text not null',
    'lifted_at timestamptz(3)',
    reference('legal_hold', 'profile_id', 'profile'),
    `constraint legal_hold_status_check check (status in ('standing', 'lifted'))`,
    `constraint legal_hold_lifted_at_check check ((status = 'lifted') = (lifted_at is not null))`,
  ]),
  companyIndex('legal_hold', 'created_at, id', LIVE),
  companyIndex('legal_hold', 'profile_id, created_at, id', LIVE),
  companyIndex('legal_hold', 'status, created_at, id', LIVE),
];

/** What the company keeps of an erasure: of which table how many rows went, and how many stay. */
const reports = [
  ...companyTable(
    'erasure',
    [
      'profile_id uuid not null',
      'asked_by text not null',
      'cleared jsonb not null',
      'kept jsonb not null',
      reference('erasure', 'profile_id', 'profile'),
      'constraint erasure_profile_id_key unique (company_id, profile_id)',
      `constraint erasure_asked_by_check check (asked_by in ('company', 'person'))`,
    ],
    { allow: [] },
  ),
  companyIndex('erasure', 'created_at, id', LIVE),
  companyIndex('erasure', 'profile_id, created_at, id', LIVE),
];

/** A person's wish to be erased, everywhere. */
const requests = [
  ...operatorTable(
    'erasure_request',
    [
      'id uuid not null',
      'person_id uuid not null',
      'status text not null',
      'due_at timestamptz(3) not null',
      'blocked_by text[] not null',
      ...OPERATOR_STAMPS,
      'constraint erasure_request_pkey primary key (id)',
      'constraint erasure_request_person_id_fkey foreign key (person_id) references person (id)',
      `constraint erasure_request_status_check check (status in ('waiting', 'running', 'withdrawn', 'done'))`,
    ],
    BY_OPERATOR,
    'select, insert, update',
  ),
  `create unique index erasure_request_open_key on erasure_request (person_id)
     where status in ('waiting', 'running') and deleted_at is null`,
  'create index erasure_request_person_id_idx on erasure_request (person_id, id)',
];

export const up = [...holds, ...reports, ...requests];

export const down = ['erasure_request', 'erasure', 'legal_hold'].map((table) => `drop table ${table}`);
