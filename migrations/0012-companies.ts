import { companyIndex, companyTable, isolate } from '../src/platform/db/ddl.ts';

/** Hosts that companies say are theirs, and how each was proven. The one that holds stands in `company` too. */
const domains = [
  ...companyTable('company_domain', [
    'host text collate "C" not null',
    'token text not null',
    'status text not null',
    'verified_at timestamptz(3)',
    'checked_at timestamptz(3)',
    'failing_since timestamptz(3)',
    'check_at timestamptz(3)',
    `constraint company_domain_status_check check (status in ('claimed', 'verified', 'lapsed'))`,
    `constraint company_domain_check_at_check check ((status = 'verified') = (check_at is not null))`,
  ]),
  `create unique index company_domain_company_id_key on company_domain (company_id) where deleted_at is null`,
];

/** What companies use of their plans: bytes of files as they come and go, and everything at the end of each day. */
const usage = [
  `create table company_storage (
     company_id uuid not null,
     bytes bigint not null,
     constraint company_storage_pkey primary key (company_id),
     constraint company_storage_company_id_fkey foreign key (company_id) references company (id))`,
  ...isolate('company_storage'),
  'grant select, insert, update on company_storage to app',
  ...companyTable('company_usage', ['day date not null', 'used jsonb not null', 'limits jsonb not null'], {
    allow: ['delete'],
    mutable: false,
  }),
  companyIndex('company_usage', 'day', { unique: true }),
];

/**
 * Deleting for good, which user \`app\` may not: as the owner of the tables, who sees of them only the company that is named.
 * Only user \`system\` may ask, only for tables that say so by their policy; what is asked for must be over already.
 */
const purging = [
  `create function app.purgeable(relation text) returns regclass language plpgsql stable set search_path = public, pg_temp as $$
   begin
     if not exists (select from pg_policies p where p.schemaname = 'public' and p.tablename = relation and p.policyname = relation || '_purge') then
       raise exception 'no table % whose rows are purged', relation;
     end if;
     return to_regclass(format('public.%I', relation));
   end $$`,
  `create function app.key_of(relation regclass) returns text language plpgsql stable set search_path = public, pg_temp as $$
   begin
     return (select string_agg(format('%I', a.attname), ', ' order by a.attnum) from pg_index i
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indrelid = relation and i.indisprimary);
   end $$`,
  // Of one table a number of rows; of tables that refer to each other all rows at once, in one statement.
  `create function app.purge_rows(company uuid, relations text[], most integer) returns bigint
   language plpgsql security definer set search_path = public, pg_temp as $$
   declare one text; parts text[] := '{}'; removed bigint;
   begin
     execute format('set local app.purging = %L', company);
     if not exists (select from public.company c where c.id = $1 and c.status = 'archived' and c.purge_step = 'rows') then
       raise exception 'the company % is not being purged', company;
     end if;
     foreach one in array relations loop
       parts := parts || format('d%s as (delete from %s where company_id = $1%s returning 1)', cardinality(parts), app.purgeable(one),
         case when most is null then '' else format(' and (%1$s) in (select %1$s from %2$s where company_id = $1 limit $2)',
           app.key_of(app.purgeable(one)), app.purgeable(one)) end);
     end loop;
     execute format('with %s select %s', array_to_string(parts, ', '),
       (select string_agg(format('(select count(*) from d%s)', n), ' + ') from generate_series(0, cardinality(parts) - 1) n))
       into removed using company, most;
     set local app.purging = '';
     return removed;
   end $$`,
  // Rows that were deleted softly before an instant, and that nothing refers to; with each the key of what the log sealed about it.
  `create function app.forget_rows(company uuid, relation text, before timestamptz, most integer) returns bigint
   language plpgsql security definer set search_path = public, pg_temp as $$
   declare target regclass := app.purgeable(relation); users text; removed bigint;
   begin
     execute format('set local app.purging = %L', company);
     select coalesce(string_agg(format(' and not exists (select from %s r where r.company_id = $1 and r.%I = t.id)',
         k.conrelid::regclass, a.attname), ''), '') into users
       from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[2]
       where k.contype = 'f' and k.conparentid = 0 and k.confdeltype <> 'c' and k.confrelid = target;
     execute format('with d as (delete from %1$s x where x.company_id = $1 and x.id in (select t.id from %1$s t
         where t.company_id = $1 and t.deleted_at < $2%2$s order by t.deleted_at limit $3) returning x.id),
         k as (delete from public.data_key where company_id = $1 and subject_id in (select d.id from d)) select count(*) from d', target, users)
       into removed using company, before, most;
     set local app.purging = '';
     return removed;
   end $$`,
  ...['purge_rows(uuid, text[], integer)', 'forget_rows(uuid, text, timestamptz, integer)'].flatMap((name) => [
    `revoke all on function app.${name} from public`,
    `grant execute on function app.${name} to system`,
  ]),
];

export const up = [...domains, ...usage, ...purging];

export const down = [
  'drop function app.forget_rows(uuid, text, timestamptz, integer)',
  'drop function app.purge_rows(uuid, text[], integer)',
  'drop function app.key_of(regclass)',
  'drop function app.purgeable(text)',
  ...['company_usage', 'company_storage', 'company_domain'].map((table) => `drop table ${table}`),
];
