import { companyIndex, companyTable, reference } from '../src/platform/db/ddl.ts';

export const up = [
  ...companyTable('project', [
    'code text not null',
    'name text not null',
    'description text',
    'department_id uuid',
    'site_id uuid',
    'owner_id uuid',
    'parent_id uuid',
    'starts_on date',
    'ends_on date',
    'budget_minor bigint',
    'currency text',
    'status text not null',
    reference('project', 'department_id', 'department'),
    reference('project', 'site_id', 'site'),
    reference('project', 'owner_id', 'profile'),
    reference('project', 'parent_id', 'project'),
    `constraint project_status_check check (status in ('planning', 'active', 'on_hold', 'completed', 'cancelled'))`,
    'constraint project_ends_on_check check (ends_on is null or starts_on is null or ends_on >= starts_on)',
    `constraint project_currency_check check (currency is null or currency ~ '^[A-Z]{3}$')`,
  ]),
  companyIndex('project', 'code', { unique: true, where: 'deleted_at is null' }),
  companyIndex('project', 'name, id', { where: 'deleted_at is null' }),
  companyIndex('project', 'status, code, id', { where: 'deleted_at is null' }),
  companyIndex('project', 'site_id, code, id', { where: 'deleted_at is null' }),
  companyIndex('project', 'parent_id'),
];

export const down = ['drop table project'];
