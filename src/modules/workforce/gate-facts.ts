import { shown } from '../../platform/schema/entity.ts';
import { instant } from '../../platform/schema/types.ts';
import type { FactProvider, GatePlace } from '../gate/ports.ts';
import { LONGEST_SHIFT } from './rosters/swing.ts';
import { BEST, REQUIRED } from './qualifications/required.ts';

const at = (column: string): string => shown(column, instant());

/** Where no shift is named: the one that the person is on, else the next that starts within a day. Travel is none. */
const AT_HAND = `
  select n.id from shift n where n.company_id = $1 and n.profile_id = asked.profile_id and n.deleted_at is null
    and n.status in ('planned', 'started') and n.kind <> 'travel' and asked.purpose <> 'assignment'
    and n.starts_at > asked.at - ${LONGEST_SHIFT} and n.starts_at <= asked.at + interval '1 day' and n.ends_at > asked.at
    and (asked.assignment_id is null or n.assignment_id = asked.assignment_id)
  order by n.starts_at, n.id limit 1`;

/** A shift leads to its assignment, the assignment to project and site; what is not the person's own leads nowhere. */
export const workPlace: GatePlace = `
  select a.id as assignment_id, s.id as shift_id, pr.id as project_id,
    coalesce(asked.site_id, pr.site_id, pf.site_id) as site_id,
    coalesce(a.task_kind_ids, '{}') || coalesce(asked.task_kind_ids, '{}') as task_kind_ids,
    coalesce(a.equipment_kind_ids, '{}') || coalesce(asked.equipment_kind_ids, '{}') as equipment_kind_ids,
    coalesce(st.timezone, c.timezone) as zone
  from company c
  left join profile pf on pf.company_id = $1 and pf.id = asked.profile_id
  left join shift s on s.company_id = $1 and s.id = coalesce(asked.shift_id, (${AT_HAND})) and s.profile_id = asked.profile_id
    and s.status <> 'cancelled' and s.deleted_at is null
  left join work_assignment a on a.company_id = $1 and a.id = coalesce(asked.assignment_id, s.assignment_id)
    and a.profile_id = asked.profile_id and a.deleted_at is null
  left join project pr on pr.company_id = $1 and pr.id = a.project_id
  left join site st on st.company_id = $1 and st.id = coalesce(asked.site_id, pr.site_id, pf.site_id)
  where c.id = $1`;

const hazard = (name: string): string => `exists (select 1 from task_kind k
  where k.company_id = $1 and k.id = any(q.task_kind_ids) and '${name}' = any(k.hazards))`;

/** Shifts that were worked in the two months before: as long as nights in a row are counted. One that runs ends as planned, by itself. */
const WORKED = `
  select json_agg(json_build_object('date', w.work_date, 'kind', w.kind,
      'startedAt', ${at('coalesce(w.actual_start_at, w.starts_at)')},
      'endedAt', ${at(`case when w.status <> 'started' then coalesce(w.actual_end_at, w.ends_at) when w.ends_at <= q.at then w.ends_at end`)},
      'callOut', w.source = 'call_out') order by w.starts_at)
  from shift w where w.company_id = $1 and w.profile_id = q.profile_id and w.id <> s.id and w.deleted_at is null
    and w.starts_at < q.at and w.starts_at > q.at - interval '62 days'
    and (w.status in ('started', 'done') or (w.kind = 'travel' and w.status = 'planned'))`;

/** When work really begins: as the shift did, or now where that is asked, before or after the plan. */
const BEGIN = `coalesce(s.actual_start_at, case q.purpose when 'shift_start' then q.at
  when 'intervention' then least(q.at, s.starts_at) else s.starts_at end)`;

/** Its length is the one on the wall: a night of twelve hours stays one when the clock is turned. */
const END = `x.begins_at + ((s.ends_at at time zone s.timezone) - (x.begins_at at time zone s.timezone))`;

const HOURS = `
  select json_build_object(
    'ahead', json_build_object('shift', s.id, 'date', s.work_date, 'kind', s.kind, 'startsAt', ${at('x.begins_at')},
      'plannedAt', ${at('s.starts_at')}, 'endsAt', ${at(END)},
      'extensionAuthorized', exists (select 1 from roster_exception e where e.company_id = $1 and e.shift_id = s.id
        and e.kind = 'extension' and e.status = 'approved' and e.deleted_at is null)),
    'worked', coalesce((${WORKED}), '[]'),
    'declared', coalesce((select json_agg(json_build_object('date', h.worked_on, 'minutes', h.minutes) order by h.worked_on, h.id)
      from declared_hours h where h.company_id = $1 and h.profile_id = q.profile_id and h.deleted_at is null
        and h.worked_on between s.work_date - 7 and s.work_date), '[]'))
  from shift s cross join lateral (select ${BEGIN} as begins_at) x
  where s.company_id = $1 and s.id = q.shift_id`;

/** What the workforce knows of a question of the gate. */
export const workforceFacts: FactProvider = {
  name: 'workforce',
  facts: {
    profile: `select json_build_object('id', f.id, 'status', f.status, 'expiresAt', ${at('f.expires_at')})
      from profile f where f.company_id = $1 and f.id = q.profile_id`,
    highRisk: `exists (select 1 from risk_group g where g.company_id = $1 and g.high_risk and g.deleted_at is null
      and (g.id = (select f.risk_group_id from profile f where f.company_id = $1 and f.id = q.profile_id)
        or g.id in (select k.risk_group_id from task_kind k where k.company_id = $1 and k.id = any(q.task_kind_ids))))`,
    work: `json_build_object('driving', ${hazard('driving')}, 'heights', ${hazard('heights')}, 'alone', ${hazard('alone')})`,
    equipment: `select coalesce(json_agg(json_build_object('id', e.id, 'code', e.code) order by e.code), '[]')
      from equipment_kind e where e.company_id = $1 and e.id = any(q.equipment_kind_ids)`,
    assignment: `select json_build_object('id', a.id, 'status', a.status, 'from', a.starts_on, 'to', a.ends_on)
      from work_assignment a where a.company_id = $1 and a.id = q.assignment_id`,
    project: `select json_build_object('id', j.id, 'status', j.status)
      from project j where j.company_id = $1 and j.id = q.project_id`,
    contract: `select json_build_object('id', k.id, 'status', k.status, 'from', k.starts_on, 'to', k.ends_on)
      from work_assignment a join contract k on k.company_id = $1 and k.id = a.contract_id
      where a.company_id = $1 and a.id = q.assignment_id`,
    leave: `select coalesce(json_agg(json_build_object('id', l.id, 'kind', l.kind, 'from', l.starts_on, 'to', l.ends_on)
        order by l.starts_on, l.id), '[]')
      from leave l where l.company_id = $1 and l.profile_id = q.profile_id and l.deleted_at is null
        and l.starts_on <= q.day::date and l.ends_on >= q.day::date`,
    credentials: `select coalesce(json_agg(json_build_object('credential', required.kind, 'requiredBy', required.by,
        'equipment', required.equipment, 'status', coalesce(best.status, 'missing'), 'from', best.valid_from, 'to', best.valid_to) 
        order by required.kind, required.equipment), '[]')
      from (${REQUIRED}) required left join lateral (${BEST}) best on true`,
    hours: HOURS,
  },
};
