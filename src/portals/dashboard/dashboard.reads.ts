import { LONGEST_SHIFT } from '../../modules/workforce/rosters/swing.ts';
import type { Reader } from '../../platform/db/database.ts';
import type { Restriction } from '../../platform/db/list.ts';
import { iso, object } from '../json.ts';

const UNDECIDED = `('open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested')`;

const one = async <T>(reader: Reader, sql: string, values: readonly unknown[]): Promise<T> => {
  const [row] = await reader.prepared<{ figures: T }>(`select ${sql} as figures`, values);
  return row!.figures;
};

export interface OwnFigures {
  readonly nextShiftAt: string | null;
  readonly testsDue: number;
  readonly held: boolean;
  readonly unread: number;
}

/** The caller's own first glance. */
export const ownFigures = (reader: Reader, profileId: string, now: Date): Promise<OwnFigures> =>
  one(
    reader,
    object({
      nextShiftAt: `(select ${iso('min(s.starts_at)')} from shift s where s.company_id = $1 and s.profile_id = $2
        and s.status in ('planned', 'started') and s.deleted_at is null
        and s.starts_at > $3::timestamptz - ${LONGEST_SHIFT} and s.ends_at > $3)`,
      testsDue: `(select count(*)::int from requirement r where r.company_id = $1 and r.profile_id = $2
        and r.status = 'due' and r.deleted_at is null and r.due_at < $3::timestamptz + interval '24 hours'
        and (r.kind <> 'random' or r.window_from <= $3))`,
      held: `exists (select 1 from hold h where h.company_id = $1 and h.profile_id = $2 and h.kind = 'hold'
        and h.ended_at is null)`,
      unread: `(select count(*)::int from notification n where n.company_id = $1 and n.profile_id = $2
        and n.read_at is null and n.archived_at is null and n.deleted_at is null)`,
    }),
    [reader.companyId, profileId, now],
  );

export interface BoardFigures {
  readonly people: number;
  readonly onShift: number;
  readonly held: number;
  readonly undecided: number;
  readonly unacknowledged: number;
  readonly missing: number;
}

/** The people whom a caller reaches, now. `restrict` is over `p.id`. */
export const boardFigures = (
  reader: Reader,
  me: string | null,
  now: Date,
  restrict: Restriction,
): Promise<BoardFigures> => {
  const values: unknown[] = [reader.companyId, now, me];
  const mine = restrict((value) => `$${values.push(value)}`);
  return one(
    reader,
    `(with mine as (select p.id from profile p where p.company_id = $1 and p.status = 'active' and p.deleted_at is null
        and p.id is distinct from $3::uuid and ${mine})
      select ${object({
        people: '(select count(*)::int from mine)',
        onShift: `(select count(*)::int from mine m where exists (select 1 from shift s where s.company_id = $1
          and s.profile_id = m.id and s.status = 'started' and s.deleted_at is null
          and s.starts_at > $2::timestamptz - ${LONGEST_SHIFT} and s.ends_at > $2))`,
        held: `(select count(*)::int from mine m where exists (select 1 from hold h where h.company_id = $1
          and h.profile_id = m.id and h.kind = 'hold' and h.ended_at is null))`,
        undecided: `(select count(*)::int from mine m join fitness_case c on c.company_id = $1 and c.profile_id = m.id
          where c.status in ${UNDECIDED} and c.deleted_at is null)`,
        unacknowledged: `(select count(*)::int from mine m join fitness_case c on c.company_id = $1 and c.profile_id = m.id
          where c.status = 'open' and c.deleted_at is null)`,
        missing: `(select count(*)::int from mine m join requirement r on r.company_id = $1 and r.profile_id = m.id
          where r.deleted_at is null and r.due_at > $2::timestamptz - interval '16 hours' and r.due_at <= $2
            and r.status in ('missed', 'due'))`,
      })})`,
    values,
  );
};

export interface CaseFigures {
  readonly opened: number;
  /** Minutes from opening to acknowledgement, the median; null: none was acknowledged. */
  readonly minutesToAcknowledge: number | null;
  readonly lapsed: number;
  readonly retests: number;
  readonly clearedAfterRetest: number;
}

/** Cases opened since `since`, of the people whom a caller reaches (`c.profile_id`). */
export const caseFigures = (reader: Reader, since: Date, restrict: Restriction): Promise<CaseFigures> => {
  const values: unknown[] = [reader.companyId, since];
  const mine = restrict((value) => `$${values.push(value)}`);
  return one(
    reader,
    `(select ${object({
      opened: 'count(*)::int',
      minutesToAcknowledge: `round((percentile_cont(0.5) within group
        (order by extract(epoch from c.acknowledged_at - c.opened_at) / 60))::numeric, 1)`,
      lapsed: 'count(*) filter (where c.lapsed_at is not null)::int',
      retests: 'count(*) filter (where c.retest_level is not null)::int',
      clearedAfterRetest: `count(*) filter (where c.retest_level is not null
        and c.decision in ('cleared', 'cleared_with_restrictions'))::int`,
    })} from fitness_case c where c.company_id = $1 and c.opened_at >= $2 and c.deleted_at is null and ${mine})`,
    values,
  );
};

export interface CompanyFigures {
  readonly activeProfiles: number;
  readonly invitedProfiles: number;
  readonly activeAssignments: number;
  readonly seats: readonly { readonly offering: string; readonly bought: number; readonly used: number }[];
  readonly deadDeliveries: number;
}

/** What an admin looks after. */
export const companyFigures = (reader: Reader, since: Date): Promise<CompanyFigures> =>
  one(
    reader,
    object({
      activeProfiles: `(select count(*)::int from profile p where p.company_id = $1 and p.status = 'active'
        and p.deleted_at is null)`,
      invitedProfiles: `(select count(*)::int from profile p where p.company_id = $1 and p.status = 'invited'
        and p.deleted_at is null)`,
      activeAssignments: `(select count(*)::int from work_assignment a where a.company_id = $1 and a.status = 'active'
        and a.deleted_at is null)`,
      seats: `coalesce((select json_agg(json_build_object('offering', u.offering, 'bought', u.seats, 'used',
          (select count(*)::int from license l where l.company_id = $1 and l.subscription_id = u.id
            and l.status in ('active', 'suspended') and l.deleted_at is null)) order by u.offering)
        from subscription u where u.company_id = $1 and u.status not in ('expired', 'cancelled')
          and u.deleted_at is null), '[]'::json)`,
      deadDeliveries: `(select count(*)::int from delivery d where d.company_id = $1 and d.status = 'dead'
        and d.created_at >= $2 and d.deleted_at is null)`,
    }),
    [reader.companyId, since],
  );
