/**
 * `app.enter`, as every transaction of a session calls it. A connection keeps the plans of its first calls: from when nobody was signed in
 * they read whole tables, or an index that fits what else is asked of a row, until the tables are analyzed. So rows are looked up by their keys.
 */
const enter = (
  settings: string,
  sessionBy: string,
  isRevoked: string,
  profileStatus: string,
  profileBy: string,
): string =>
  `create or replace function app.enter(company uuid, session_id uuid, known_epoch bigint, at timestamptz) returns void language plpgsql ${settings}as $$
declare s record; person_epoch bigint := 0; person_status text := 'active'; profile_epoch bigint := 0; profile_status text := 'active';
  company_epoch bigint; company_status text;
begin
  execute format('set local app.company_id = %L', company);
  select x.person_id, x.profile_id, x.kind, x.epoch, x.expires_at, x.revoked_at into s
    from session x where ${sessionBy};
  if not found or ${isRevoked}s.expires_at <= at then raise exception 'session ended' using errcode = 'AN002'; end if;
  execute format('set local app.person_id = %L', coalesce(s.person_id::text, ''));
  execute format('set local app.operator = %L', case when s.kind = 'operator' then 'on' else 'off' end);
  if s.person_id is not null then
    select p.epoch, p.status into person_epoch, person_status from person p where p.id = s.person_id;
  end if;
  if s.profile_id is not null then
    select p.epoch, ${profileStatus} into profile_epoch, profile_status
      from profile p where ${profileBy};
  end if;
  select c.access_epoch, c.status into company_epoch, company_status from company c where c.id = company;
  if person_status is null or person_status not in ('active', 'locked') or profile_status is distinct from 'active'
     or company_status is null or company_status in ('archived', 'purged') then
    raise exception 'session ended' using errcode = 'AN002';
  end if;
  if s.epoch + person_epoch + profile_epoch + company_epoch <> known_epoch then
    raise exception 'session changed' using errcode = 'AN001';
  end if;
end $$`;

const SESSION = 'x.company_id = company and x.id = session_id';
const PROFILE = 'p.company_id = company and p.id = s.profile_id';

export const up = [
  enter(
    'set enable_seqscan = off ',
    SESSION,
    's.revoked_at is not null or ',
    'case when p.deleted_at is null then p.status end',
    PROFILE,
  ),
];

export const down = [
  enter('', `${SESSION} and x.revoked_at is null`, '', 'p.status', `${PROFILE} and p.deleted_at is null`),
];
