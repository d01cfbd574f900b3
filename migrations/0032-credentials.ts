import { companyIndex, companyTable, isolate, reference } from '../src/platform/db/ddl.ts';

const LIVE = { where: 'deleted_at is null' };

export const up = [
  ...companyTable('credential', [
    'profile_id uuid not null',
    'kind text not null',
    'equipment_kind_id uuid',
    'issuer text not null',
    'valid_from date not null',
    'valid_to date',
    'has_evidence boolean not null',
    'evidence_sealed text',
    'status text not null',
    'ends_at timestamptz(3)',
    reference('credential', 'profile_id', 'profile'),
    reference('credential', 'equipment_kind_id', 'equipment_kind'),
    `constraint credential_equipment_kind_id_check check ((kind = 'equipment_authorization') = (equipment_kind_id is not null))`,
    `constraint credential_status_check check (status in ('submitted', 'valid', 'rejected', 'expired', 'revoked'))`,
    'constraint credential_valid_to_check check (valid_to is null or valid_to >= valid_from)',
    'constraint credential_evidence_check check (has_evidence = (evidence_sealed is not null))',
  ]),
  companyIndex('credential', 'profile_id, kind, valid_to', LIVE),
  companyIndex('credential', 'equipment_kind_id'),
  companyIndex('credential', 'created_at, id', LIVE),
  companyIndex('credential', 'status, created_at, id', LIVE),
  companyIndex('credential', 'valid_to, id', {
    where: `status = 'valid' and valid_to is not null and deleted_at is null`,
  }),
  ...companyTable('credential_requirement', [
    'kind text not null',
    'site_id uuid',
    'role text',
    'equipment_kind_id uuid',
    reference('credential_requirement', 'site_id', 'site'),
    reference('credential_requirement', 'equipment_kind_id', 'equipment_kind'),
    'constraint credential_requirement_basis_check check (num_nonnulls(site_id, role, equipment_kind_id) = 1)',
  ]),
  companyIndex('credential_requirement', 'site_id, kind', {
    unique: true,
    where: 'site_id is not null and deleted_at is null',
  }),
  companyIndex('credential_requirement', 'role, kind', {
    unique: true,
    where: 'role is not null and deleted_at is null',
  }),
  companyIndex('credential_requirement', 'equipment_kind_id, kind', {
    unique: true,
    where: 'equipment_kind_id is not null and deleted_at is null',
  }),
  companyIndex('credential_requirement', 'kind, id', LIVE),
  `create table expiry_notice (
     company_id uuid not null,
     credential_id uuid not null,
     valid_to date not null,
     days integer not null,
     created_at timestamptz(3) not null,
     constraint expiry_notice_pkey primary key (company_id, credential_id, valid_to, days),
     constraint expiry_notice_company_id_fkey foreign key (company_id) references company (id),
     ${reference('expiry_notice', 'credential_id', 'credential')})`,
  ...isolate('expiry_notice'),
  'grant select, insert on expiry_notice to app',
];

export const down = ['expiry_notice', 'credential_requirement', 'credential'].map((table) => `drop table ${table}`);
