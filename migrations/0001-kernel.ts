import { companyIndex, companyTable, isolate, systemMay } from '../src/platform/db/ddl.ts';

const MINE = `nullif(current_setting('app.company_id', true), '')::uuid`;

/** Partitions by the month inside a UUIDv7: made ahead by a job, dropped by retention. Only the owner may; callers ask here. */
const partitions = [
  `create function app.month_start(month date) returns uuid language plpgsql immutable as $$
   declare hex text := lpad(to_hex((extract(epoch from month::timestamp) * 1000)::bigint), 12, '0');
   begin return (substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-0000-0000-000000000000')::uuid; end $$`,
  `create function app.ensure_partitions(parent text, from_month date, to_month date) returns integer
   language plpgsql security definer set search_path = public, pg_temp as $$
   declare month date := date_trunc('month', from_month::timestamp)::date; made integer := 0; name text;
   begin
     if parent not in (select relname from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace) then
       raise exception 'no partitioned table %', parent;
     end if;
     while month <= to_month loop
       name := parent || to_char(month, '"_"YYYY"_"MM');
       if to_regclass(name) is null then
         execute format('create table %I partition of %I for values from (%L) to (%L)', name, parent,
           app.month_start(month), app.month_start((month + interval '1 month')::date));
         made := made + 1;
       end if;
       month := (month + interval '1 month')::date;
     end loop;
     return made;
   end $$`,
  `create function app.drop_partitions(parent text, before_month date) returns integer
   language plpgsql security definer set search_path = public, pg_temp as $$
   declare child text; dropped integer := 0;
   begin
     for child in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = to_regclass(parent) and c.relname < parent || to_char(before_month, '"_"YYYY"_"MM')
     loop
       execute format('drop table %I', child);
       dropped := dropped + 1;
     end loop;
     return dropped;
   end $$`,
  `revoke all on function app.ensure_partitions(text, date, date) from public`,
  `revoke all on function app.drop_partitions(text, date) from public`,
  `grant execute on function app.ensure_partitions(text, date, date) to system`,
  `grant execute on function app.drop_partitions(text, date) to system`,
];

const company = [
  `create table company (
     id uuid not null,
     slug text collate "C" not null,
     name text not null,
     kind text not null,
     tax_id text,
     parent_id uuid,
     custom_domain text,
     plan text collate "C" not null default 'standard',
     limits jsonb not null default '{}',
     addresses jsonb not null default '[]',
     contacts jsonb not null default '[]',
     timezone text not null,
     locale text not null,
     status text not null,
     archive_at timestamptz(3),
     purge_at timestamptz(3),
     purge_step text,
     access_epoch integer not null default 1,
     version integer not null default 1,
     created_at timestamptz(3) not null,
     created_by uuid,
     updated_at timestamptz(3) not null,
     updated_by uuid,
     deleted_at timestamptz(3),
     constraint company_pkey primary key (id),
     constraint company_parent_id_fkey foreign key (parent_id) references company (id),
     constraint company_kind_check check (kind in ('standard', 'institution', 'personal', 'operator')),
     constraint company_locale_check check (locale in ('es', 'en', 'fr')),
     constraint company_status_check check (status in ('pending', 'active', 'suspended', 'archived', 'purged')),
     constraint company_purge_step_check check
       (purge_step is null or (purge_step in ('people', 'files', 'realm', 'rows') and status = 'archived')),
     constraint company_slug_check check (slug ~ '^[a-z0-9-]{3,63}$'))`,
  `insert into company (id, slug, name, kind, timezone, locale, status, created_at, updated_at)
   values ('00000000-0000-7000-8000-000000000000', 'operator', 'Angelis', 'operator', 'Etc/UTC', 'es', 'active',
     '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
  `create unique index company_slug_key on company (slug)`,
  `create unique index company_name_key on company (lower(regexp_replace(normalize(name, nfkd), '[\\s\\u0300-\\u036f]+', '', 'g')))
     where deleted_at is null and status not in ('archived', 'purged')`,
  `create unique index company_custom_domain_key on company (custom_domain) where custom_domain is not null and deleted_at is null`,
  `create index company_name_idx on company (name, id) where deleted_at is null`,
  `create index company_parent_id_idx on company (parent_id)`,
  `alter table company enable row level security`,
  `alter table company force row level security`,
  `create policy company_app on company to app
     using (id = ${MINE} or current_setting('app.operator', true) = 'on')
     with check (id = ${MINE} or current_setting('app.operator', true) = 'on')`,
  `create policy company_purging on company for select to current_user
     using (id = nullif(current_setting('app.purging', true), '')::uuid)`,
  `grant select, insert, update on company to app`,
  ...systemMay('company', 'select'),
];

const change = [
  `create sequence change_written`,
  `grant usage on sequence change_written to app`,
  ...companyTable(
    'change',
    [
      'at timestamptz(3) not null',
      'actor_kind text not null',
      'actor_id uuid',
      'actor_via text',
      'on_behalf_of uuid',
      'action text not null',
      'entity text not null',
      'entity_id uuid not null',
      'before jsonb',
      'after jsonb',
      'subject_id uuid',
      'personal text',
      'reason text',
      'trace_id text not null',
      'address text',
      'agent text',
      `written bigint not null default nextval('change_written')`,
      `constraint change_actor_kind_check check (actor_kind in ('profile', 'operator', 'machine', 'system'))`,
      `constraint change_personal_check check ((personal is null) = (subject_id is null))`,
    ],
    { allow: [], mutable: false, partitioned: true, kept: true },
  ),
  companyIndex('change', 'entity_id, id'),
  companyIndex('change', 'entity, id'),
  companyIndex('change', 'actor_id, id'),
  companyIndex('change', 'action, id'),
  ...systemMay('change', 'select'),
  `create table change_pending (
     company_id uuid not null,
     n bigint generated always as identity,
     change_id uuid not null,
     constraint change_pending_pkey primary key (company_id, change_id))`,
  ...isolate('change_pending', true),
  companyIndex('change_pending', 'n'),
  `grant select, insert on change_pending to app`,
  ...systemMay('change_pending', 'select, delete'),
  `create table change_seal (
     company_id uuid not null,
     seq bigint not null,
     change_id uuid not null,
     hash bytea not null,
     key_id text not null,
     sealed_at timestamptz(3) not null,
     constraint change_seal_pkey primary key (company_id, seq),
     constraint change_seal_change_id_key unique (company_id, change_id))`,
  ...isolate('change_seal', true),
  `grant select on change_seal to app`,
  ...systemMay('change_seal', 'select, insert'),
  `create table change_head (
     company_id uuid not null,
     seq bigint not null,
     hash bytea not null,
     checkpoint_seq bigint not null default 0,
     checkpoint_at timestamptz(3),
     constraint change_head_pkey primary key (company_id),
     constraint change_head_company_id_fkey foreign key (company_id) references company (id))`,
  ...isolate('change_head', true),
  `grant select on change_head to app`,
  ...systemMay('change_head', 'select, insert, update'),
  `create table change_recipient (
     company_id uuid not null,
     change_id uuid not null,
     profile_id uuid not null,
     constraint change_recipient_pkey primary key (company_id, change_id, profile_id))`,
  ...isolate('change_recipient'),
  `grant select, insert on change_recipient to app`,
  ...systemMay('change_recipient', 'select, delete'),
  `create table stream_ticket (
     company_id uuid not null,
     hash bytea not null,
     session_id uuid not null,
     profile_id uuid,
     expires_at timestamptz(3) not null,
     constraint stream_ticket_pkey primary key (company_id, hash),
     constraint stream_ticket_company_id_fkey foreign key (company_id) references company (id))`,
  ...isolate('stream_ticket'),
  companyIndex('stream_ticket', 'expires_at'),
  `grant select, insert, delete on stream_ticket to app`,
  ...systemMay('stream_ticket', 'select, delete'),
];

const background = [
  ...companyTable(
    'outbox',
    [
      'job text not null',
      'dedupe_key text',
      'payload jsonb not null',
      'trace_id text not null',
      'run_at timestamptz(3) not null',
      'state text not null',
      'dispatched_at timestamptz(3)',
      'attempts integer not null default 0',
      'outages integer not null default 0',
      'last_error text',
      'finished_at timestamptz(3)',
      `constraint outbox_state_check check (state in ('waiting', 'done', 'failed', 'cancelled'))`,
    ],
    { allow: ['update', 'delete'], mutable: false },
  ),
  companyIndex('outbox', 'job, dedupe_key', { unique: true, where: 'dedupe_key is not null' }),
  companyIndex('outbox', 'state, job, id'),
  // The relay looks for rows never handed over (often) and for rows long silent (rarely); neither may read the other's.
  `create index outbox_fresh_idx on outbox (run_at) where state = 'waiting' and dispatched_at is null`,
  `create index outbox_dispatched_at_idx on outbox (dispatched_at) where state = 'waiting'`,
  `create index outbox_failed_idx on outbox (finished_at) where state = 'failed'`,
  `create index outbox_finished_at_idx on outbox (finished_at) where finished_at is not null`,
  ...systemMay('outbox', 'select, update'),
  `create table inbox (
     company_id uuid not null,
     consumer text not null,
     outbox_id uuid not null,
     created_at timestamptz(3) not null,
     constraint inbox_pkey primary key (company_id, consumer, outbox_id),
     constraint inbox_outbox_id_fkey foreign key (company_id, outbox_id) references outbox (company_id, id) on delete cascade)`,
  ...isolate('inbox'),
  `grant select, insert on inbox to app`,
  `create table due_move (
     company_id uuid not null,
     entity text not null,
     entity_id uuid not null,
     move text not null,
     due_at timestamptz(3) not null,
     constraint due_move_pkey primary key (company_id, entity, entity_id, move))`,
  ...isolate('due_move'),
  `create index due_move_due_at_idx on due_move (due_at)`,
  `grant select, insert, update, delete on due_move to app`,
  ...systemMay('due_move', 'select'),
  `create table tick_run (
     name text not null,
     slot text not null,
     started_at timestamptz(3) not null,
     finished_at timestamptz(3),
     error text,
     constraint tick_run_pkey primary key (name, slot))`,
  `alter table tick_run enable row level security`,
  `alter table tick_run force row level security`,
  ...systemMay('tick_run', 'select, insert, update, delete'),
  `create table running_process (
     id uuid not null,
     process text not null,
     host text not null,
     keys jsonb not null,
     started_at timestamptz(3) not null,
     seen_at timestamptz(3) not null,
     constraint running_process_pkey primary key (id))`,
  `alter table running_process enable row level security`,
  `alter table running_process force row level security`,
  ...systemMay('running_process', 'select, insert, update, delete'),
];

const support = [
  `create table idempotency (
     company_id uuid not null,
     actor_id uuid not null,
     key text not null,
     operation text not null,
     payload_hash bytea not null,
     status integer not null,
     location text,
     etag text,
     body jsonb,
     created_at timestamptz(3) not null,
     constraint idempotency_pkey primary key (company_id, actor_id, key))`,
  ...isolate('idempotency'),
  `create index idempotency_created_at_idx on idempotency (created_at)`,
  `grant select, insert, update (body) on idempotency to app`,
  ...systemMay('idempotency', 'select, delete'),
  `create table search_token (
     company_id uuid not null,
     kind text not null,
     token text collate "C" not null,
     entity_id uuid not null,
     place text not null default '',
     constraint search_token_pkey primary key (company_id, kind, entity_id, token))`,
  ...isolate('search_token'),
  companyIndex('search_token', 'kind, token, place, entity_id'),
  `grant select, insert, delete, update (place) on search_token to app`,
  `create table data_key (
     company_id uuid not null,
     subject_id uuid not null,
     id uuid not null,
     wrapped text not null,
     created_at timestamptz(3) not null,
     constraint data_key_pkey primary key (company_id, subject_id, id))`,
  ...isolate('data_key'),
  `grant select, insert, delete, update (wrapped) on data_key to app`,
  ...companyTable('company_setting', ['key text not null', 'value jsonb not null']),
  companyIndex('company_setting', 'key', { unique: true, where: 'deleted_at is null' }),
];

export const up = [
  `create schema app`,
  `grant usage on schema app to app, system`,
  ...partitions,
  ...company,
  ...change,
  ...background,
  ...support,
  `create function app.enter_job(company uuid) returns void language plpgsql as $$
   begin
     execute format('set local app.company_id = %L', company);
     execute format('set local app.operator = %L',
       case when company = '00000000-0000-7000-8000-000000000000' then 'on' else 'off' end);
   end $$`,
  `revoke all on function app.enter_job(uuid) from public`,
  `grant execute on function app.enter_job(uuid) to app, system`,
];

export const down = [
  [
    'company_setting',
    'data_key',
    'search_token',
    'idempotency',
    'running_process',
    'tick_run',
    'due_move',
    'inbox',
    'outbox',
  ],
  ['stream_ticket', 'change_recipient', 'change_head', 'change_seal', 'change_pending', 'change', 'company'],
]
  .flat()
  .map((table) => `drop table ${table}`)
  .concat('drop sequence change_written', 'drop schema app cascade');
