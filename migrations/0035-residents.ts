import { companyIndex, companyTable, part } from '../src/platform/db/ddl.ts';

const LIVE = { where: 'deleted_at is null' };

export const up = [
  ...companyTable('resident_profile', [
    'profile_id uuid not null',
    'pgy_level integer not null',
    'status text not null',
    'graduated_at timestamptz(3)',
    part('resident_profile', 'profile_id', 'profile'),
    'constraint resident_profile_pgy_level_check check (pgy_level between 1 and 10)',
    `constraint resident_profile_status_check check (status in ('active', 'inactive', 'graduated'))`,
  ]),
  companyIndex('resident_profile', 'profile_id', { unique: true, ...LIVE }),
  companyIndex('resident_profile', 'created_at, id', LIVE),
  companyIndex('resident_profile', 'pgy_level, id', LIVE),
  companyIndex('resident_profile', 'status, created_at, id', LIVE),
];

export const down = ['drop table resident_profile'];
