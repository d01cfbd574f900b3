import type { Database } from '../db/database.ts';
import { systemScope } from '../db/scope.ts';
import type { SystemQuery } from '../db/system-query.ts';

/** What a stream is told of a change: ids only, the client fetches the rest through guarded routes. */
export interface StreamEvent {
  /** The change's number in its company. */
  readonly seq: number;
  /** Who hears of it, of those that were asked for. */
  readonly profileIds: readonly string[];
  readonly type: string;
  readonly entity: string;
  readonly entityId: string;
}

/** Where a stream begins. */
export interface Start {
  /** The company's newest number. */
  readonly head: number;
  /** The number after which the stream's events begin. */
  readonly position: number;
  /** The client's last id is of no use: it has to fetch what it shows anew. */
  readonly resync: boolean;
}

/** How long a stream can be resumed; `trimStreams` keeps its rows a little longer. */
export const RESUME_MS = 7 * 86_400_000;

/** Whose stream it is, as it was when that opened. */
export interface StreamSession {
  readonly id: string;
  readonly epoch: number;
}

/** Reads numbered changes with their audience, as user `app` under row level security, and asks for sessions as `system`. */
export interface EventSource {
  /** Throws what the database throws. */
  start(companyId: string, lastEventId: string | undefined): Promise<Start>;
  /** Events with numbers in `(from, to]` for any of the profiles, ascending, each once. Keep the window small. */
  between(companyId: string, from: number, to: number, profileIds: readonly string[]): Promise<StreamEvent[]>;
  /** Whether each of these sessions may still enter as it is known: one statement, some 15 µs for each. */
  holding(companyId: string, sessions: readonly StreamSession[]): Promise<boolean[]>;
}

const START = `select coalesce((select h.seq from change_head h where h.company_id = $1), 0) as head,
  (select s.sealed_at from change_seal s where s.company_id = $1 and s.seq = $2) as sealed_at`;
/** Of more people than these the ones that hear of a change are looked for among all that do, and not one by one. */
const FEW = 10;
// `offset 0` keeps the planner to look-ups by key, number by number, whatever it believes of the tables' sizes.
const eventsOf = (
  asked: string,
): string => `select s.seq, r.profiles, c.action as type, c.entity, c.entity_id as "entityId"
  from (select seq, change_id from change_seal
    where company_id = $1 and seq > $2 and seq <= $3 order by seq offset 0) s
  cross join lateral (select string_agg(x.profile_id::text, ',') as profiles from change_recipient x
    where x.company_id = $1 and x.change_id = s.change_id and ${asked}) r
  cross join lateral (select x.action, x.entity, x.entity_id from change x
    where x.company_id = $1 and x.id = s.change_id offset 0) c
  where r.profiles is not null order by s.seq`;
const OF_FEW = eventsOf('x.profile_id = any($4::uuid[])');
// Hashed once, as an `in` is that is no condition by itself. A plan from when there were few changes compared each that hears of
// one with all ten thousand that were asked for, one after the other: half a second.
const OF_MANY = eventsOf('(x.profile_id in (select unnest($4::uuid[]))) is true');

/** A row of `eventsOf`: whoever hears of one change in one text, since a change that thousands hear of would be thousands of rows. */
type EventRow = Omit<StreamEvent, 'profileIds'> & { readonly profiles: string };

// The rule of `app.enter`, which user `app` can only ask for one person after another, at five times the price. Within
// `offset 0` stand keys alone: whatever the planner believes of tables that fill while people come, no other index fits.
const HOLDING = `select t.nth::integer from unnest($2::uuid[], $3::bigint[]) with ordinality t(id, epoch, nth)
  cross join lateral (select x.person_id, x.profile_id, x.epoch, x.revoked_at, x.expires_at from session x
    where x.company_id = $1 and x.id = t.id offset 0) s
  left join lateral (select x.epoch, x.status from person x
    where x.id = s.person_id offset 0) p on p.status in ('active', 'locked')
  left join lateral (select x.epoch, x.status, x.deleted_at from profile x
    where x.company_id = $1 and x.id = s.profile_id offset 0) r on r.status = 'active' and r.deleted_at is null
  cross join (select x.access_epoch from company x where x.id = $1 and x.status not in ('archived', 'purged') offset 0) c
  where s.revoked_at is null and s.expires_at > $4
    and (s.person_id is null or p.epoch is not null) and (s.profile_id is null or r.epoch is not null)
    and s.epoch + coalesce(p.epoch, 0) + coalesce(r.epoch, 0) + c.access_epoch = t.epoch`;

/** `system` is asked for sessions only: of the company that is given, though user `system` could see those of all. */
export const createEventSource = (db: Database, system: SystemQuery, now: () => Date): EventSource => {
  const read = <Row extends object>(companyId: string, text: string, values: readonly unknown[]): Promise<Row[]> =>
    db.read(systemScope(companyId, 'stream', ''), (reader) => reader.prepared<Row>(text, [companyId, ...values]), {
      byIndex: true,
    });
  return {
    start: async (companyId, lastEventId) => {
      const last = lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : undefined;
      const [row] = await read<{ head: number; sealed_at: string | null }>(companyId, START, [Math.max(last ?? 1, 1)]);
      const { head, sealed_at } = row!;
      if (lastEventId === undefined || last === head) return { head, position: head, resync: false };
      const isKnown = last !== undefined && last < head && sealed_at !== null;
      const isFresh = isKnown && Date.parse(sealed_at) >= now().getTime() - RESUME_MS;
      return isFresh ? { head, position: last, resync: false } : { head, position: head, resync: true };
    },
    holding: async (companyId, sessions) => {
      // A plan of when few were signed in is kept for as long as the table is not analyzed: it reads all of them for each.
      const rows = await system<{ nth: number }>(undefined, HOLDING, [
        companyId,
        sessions.map(({ id }) => id),
        sessions.map(({ epoch }) => epoch),
        now(),
      ]);
      const nths = new Set(rows.map(({ nth }) => nth));
      return sessions.map((_, index) => nths.has(index + 1));
    },
    between: async (companyId, from, to, profileIds) => {
      const text = profileIds.length > FEW ? OF_MANY : OF_FEW;
      const rows = await read<EventRow>(companyId, text, [from, to, `{${profileIds.join(',')}}`]);
      return rows.map(({ profiles, ...event }) => ({ ...event, profileIds: profiles.split(',') }));
    },
  };
};
