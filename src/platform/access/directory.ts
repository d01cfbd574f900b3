import type pg from 'pg';
import { createSystemQuery } from '../db/system-query.ts';
import type { CompanyHint } from '../http/company-hints.ts';
import { createGrants } from './grants.ts';
import type { GrantHolder, HeldRole } from './grants.ts';
import type { Grant, Principal } from './principal.ts';

/** A live session with everything that decides what its person may do, read in one statement. */
export interface SessionRecord {
  readonly id: string;
  readonly kind: 'member' | 'support' | 'operator' | 'machine';
  readonly client: Principal['client'];
  /** The person, or the machine client. */
  readonly personId: string;
  readonly personStatus: string;
  readonly profileId: string | null;
  readonly profileStatus: string | null;
  readonly locale: string;
  readonly companyId: string;
  readonly companySlug: string;
  readonly companyStatus: string;
  readonly customDomain: string | null;
  readonly timezone: string;
  readonly epoch: number;
  readonly expiresAt: string;
  readonly lastSeenAt: string;
  readonly operatorRole: string | null;
  /** What a machine client may do; null for people. */
  readonly scopes: readonly string[] | null;
  readonly assignments: readonly HeldRole[];
}

/** A company in which a person may be active. */
export interface Membership {
  readonly companyId: string;
  readonly companySlug: string;
  readonly companyName: string;
  readonly customDomain: string | null;
  readonly companyStatus: string;
  readonly profileId: string;
  readonly profileStatus: string;
  readonly lastSeenAt: string | null;
}

/** A company as anybody may know it who can name it. */
export interface CompanyRecord {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly locale: string;
  readonly timezone: string;
  readonly isSuspended: boolean;
}

/** A session that has not ended, in whichever company. */
export interface LiveSession {
  readonly id: string;
  readonly companyId: string;
  readonly companyName: string;
  readonly profileId: string | null;
  readonly kind: SessionRecord['kind'];
  readonly client: Principal['client'];
  readonly sid: string;
  readonly device: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
}

/** A profile that may act now, whether its person is signed in or not. */
export interface Standing {
  readonly companyId: string;
  readonly profileId: string;
  readonly companySlug: string;
  readonly companyName: string;
  readonly customDomain: string | null;
  readonly timezone: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly grants: readonly Grant[];
}

/** The person behind a Keycloak user. */
export interface PersonRecord {
  readonly id: string;
  readonly status: string;
  readonly locale: string;
  readonly operatorRole: string | null;
  /** When their sessions were ended last, all or all but those that were kept. */
  readonly sessionsEndedAt: string | null;
  /** The sid of the one that was kept then, where it was not known here. */
  readonly sessionsKeptSid: string | null;
  /** The identity provider is yet to end them, or to take their password away. */
  readonly sessionsEnding: boolean;
}

/** Looks across companies, as user `system`, for who a token speaks for. Nothing else may. */
export interface Directory {
  session(sid: string): Promise<SessionRecord | undefined>;
  /** True when the session of `sid` ended, whether a request of it was seen or not: it never comes to life again. */
  hasEnded(sid: string): Promise<boolean>;
  person(keycloakId: string): Promise<PersonRecord | undefined>;
  /** The company that all hints name; undefined without hints, when they differ, or when it is archived. */
  company(hints: readonly CompanyHint[]): Promise<CompanyRecord | undefined>;
  /** Whether all hints name one and the same company, in whatever state. */
  isOne(hints: readonly CompanyHint[]): Promise<boolean>;
  /** Whether a host is the verified domain of a company that lives. */
  isCompanyHost(host: string): Promise<boolean>;
  /** Companies of a person, the one used last first. */
  memberships(personId: string): Promise<Membership[]>;
  /** Sessions of a person that live, in every company, the one seen last first. */
  sessions(personId: string): Promise<LiveSession[]>;
  /** The session of a sid that lives, as `sessions` shows it. */
  sessionOf(sid: string): Promise<LiveSession | undefined>;
  /** What the roles of a session grant and deny. */
  grants(session: GrantHolder): Promise<Grant[]>;
  /** What the roles of a profile grant and deny now, whether it may act or not. */
  grantsOf(companyId: string, profileId: string): Promise<Grant[]>;
  /** What a profile may do now, for work that goes on without its session; undefined when it may not act any more. */
  standing(companyId: string, profileId: string): Promise<Standing | undefined>;
}

/** Roles of profile `f` as JSON, each until it ends or the profile does; `$2` is the present instant. */
const assignmentsOf = (company: string, profile: string): string => `
    coalesce((select json_agg(json_build_object('systemRole', a.system_role, 'roleId', a.role_id,
        'scope', case when a.scope_id is null then null else json_build_object('kind', a.scope_kind, 'id', a.scope_id) end,
        'assignment', json_build_object('id', a.id, 'expiresAt', to_char(least(a.expires_at, f.expires_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) order by a.id)
      from role_assignment a
      where a.company_id = ${company} and a.profile_id = ${profile} and a.deleted_at is null
        and (a.expires_at is null or a.expires_at > $2)), '[]') as assignments`;

const SESSION = `
  select s.id, s.kind, s.client, coalesce(s.person_id, k.id) as "personId",
    case when s.kind = 'machine' then 'active' else p.status end as "personStatus", s.profile_id as "profileId",
    f.status as "profileStatus", coalesce(p.locale, c.locale) as locale, s.company_id as "companyId", c.slug as "companySlug", c.status as "companyStatus",
    c.custom_domain as "customDomain", c.timezone, s.expires_at as "expiresAt",
    s.last_seen_at as "lastSeenAt", o.role as "operatorRole", k.scopes,
    s.epoch + coalesce(p.epoch, 0) + coalesce(f.epoch, 0) + c.access_epoch as epoch,${assignmentsOf('s.company_id', 's.profile_id')}
  from session s
  join company c on c.id = s.company_id
  left join person p on p.id = s.person_id
  left join api_client k on k.company_id = s.company_id and k.client_id = s.sid and s.kind = 'machine'
  left join profile f on f.company_id = s.company_id and f.id = s.profile_id and f.person_id = s.person_id and f.deleted_at is null
  left join operator_user o on o.person_id = s.person_id and o.status = 'active'
  where s.sid = $1 and s.revoked_at is null`;

const STANDING = `
  select f.company_id as "companyId", f.id as "profileId", f.first_name as "firstName", f.last_name as "lastName",
    c.slug as "companySlug", c.name as "companyName", c.custom_domain as "customDomain", c.timezone,${assignmentsOf('f.company_id', 'f.id')}
  from profile f
  join person p on p.id = f.person_id and p.status = 'active' and p.deleted_at is null
  join company c on c.id = f.company_id and c.status = 'active'
  where f.company_id = $1 and f.id = $3 and f.status = 'active' and f.deleted_at is null`;

const HELD = `select ${assignmentsOf('$1', '$3').trim()} from profile f where f.company_id = $1 and f.id = $3`;

const MEMBERSHIPS = `
  select c.id as "companyId", c.slug as "companySlug", c.name as "companyName", c.custom_domain as "customDomain",
    c.status as "companyStatus", f.id as "profileId", f.status as "profileStatus",
    (select max(s.last_seen_at) from session s where s.company_id = c.id and s.person_id = $1) as "lastSeenAt"
  from person_company m
  join company c on c.id = m.company_id and c.status in ('active', 'suspended', 'pending')
  join profile f on f.company_id = m.company_id and f.id = m.profile_id and f.deleted_at is null
  where m.person_id = $1
  order by "lastSeenAt" desc nulls last, m.created_at, c.id`;

const NAMED = `($1::text is null or slug = $1) and ($2::text is null or id::text = $2) and ($3::text is null or custom_domain = $3)`;

const COMPANY = `
  select id, slug, name, locale, timezone, status = 'suspended' as "isSuspended" from company
  where ${NAMED} and kind <> 'operator' and status in ('active', 'suspended') and deleted_at is null`;

const HOST = `select 1 from company where custom_domain = $1 and status in ('active', 'suspended') and deleted_at is null`;

const LIVE = `
  select s.id, s.company_id as "companyId", c.name as "companyName", s.profile_id as "profileId", s.kind, s.client, s.sid,
    s.device, s.address, s.agent, s.created_at as "createdAt", s.last_seen_at as "lastSeenAt", s.expires_at as "expiresAt"
  from session s join company c on c.id = s.company_id
  where s.revoked_at is null`;

const ENDED = `
  select 1 from session where sid = $1 and revoked_at is not null
  union all select 1 from ended_sid where sid = $1
  limit 1`;

const KINDS = ['slug', 'id', 'domain'] as const;

/** Slug, id and domain, as far as they are named. */
const namesOf = (hints: readonly CompanyHint[]): (string | null)[] =>
  KINDS.map((kind) => hints.find((hint) => hint.kind === kind)?.value ?? null);

/** Whether each kind of name is given one value at the most. */
const areSingle = (hints: readonly CompanyHint[]): boolean =>
  KINDS.every((kind) => new Set(hints.filter((hint) => hint.kind === kind).map(({ value }) => value)).size < 2);

/** The directory over `pool`, of user `system`. */
export const createDirectory = (pool: pg.Pool, now: () => Date): Directory => {
  const query = createSystemQuery(pool, 'directory');
  const grants = createGrants(query);
  const memberGrants = (companyId: string, assignments: readonly HeldRole[]): Promise<Grant[]> =>
    grants({ kind: 'member', companyId, scopes: null, operatorRole: null, assignments });
  return {
    session: async (sid) => (await query<SessionRecord>('session', SESSION, [sid, now()]))[0],
    hasEnded: async (sid) => (await query('ended', ENDED, [sid])).length > 0,
    person: async (keycloakId) =>
      (
        await query<PersonRecord>(
          'person',
          `select p.id, p.status, p.locale, p.sessions_ended_at as "sessionsEndedAt", p.sessions_kept_sid as "sessionsKeptSid",
             coalesce(p.sessions_ending_at, p.password_required_at) is not null as "sessionsEnding", o.role as "operatorRole" from person p
           left join operator_user o on o.person_id = p.id and o.status = 'active'
           where p.keycloak_id = $1 and p.deleted_at is null`,
          [keycloakId],
        )
      )[0],
    company: async (hints) => {
      if (hints.length === 0) return undefined;
      return (await query<CompanyRecord>('company', COMPANY, namesOf(hints)))[0];
    },
    isOne: async (hints) =>
      areSingle(hints) &&
      (new Set(hints.map(({ kind }) => kind)).size < 2 ||
        (await query('named', `select 1 from company where ${NAMED} limit 1`, namesOf(hints))).length > 0),
    isCompanyHost: async (host) => (await query('host', HOST, [host])).length > 0,
    memberships: (personId) => query<Membership>('memberships', MEMBERSHIPS, [personId]),
    sessions: (personId) =>
      query<LiveSession>('sessions', `${LIVE} and s.person_id = $1 order by s.last_seen_at desc, s.id`, [personId]),
    sessionOf: async (sid) => (await query<LiveSession>('session_of', `${LIVE} and s.sid = $1`, [sid]))[0],
    grants,
    grantsOf: async (companyId, profileId) => {
      const [found] = await query<Pick<SessionRecord, 'assignments'>>('held', HELD, [companyId, now(), profileId]);
      return memberGrants(companyId, found?.assignments ?? []);
    },
    standing: async (companyId, profileId) => {
      const [found] = await query<Omit<Standing, 'grants'> & Pick<SessionRecord, 'assignments'>>('standing', STANDING, [
        companyId,
        now(),
        profileId,
      ]);
      if (found === undefined) return undefined;
      const { assignments, ...standing } = found;
      return { ...standing, grants: await memberGrants(companyId, assignments) };
    },
  };
};
