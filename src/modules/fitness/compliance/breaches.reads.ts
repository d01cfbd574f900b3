import { atLeast, atMost, coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { shown } from '../../../platform/schema/entity.ts';
import { day, oneOf, uuid } from '../../../platform/schema/types.ts';
import { BREACH_KINDS, BreachLine } from './report-lines.ts';

/**
 * Everything that went against the rules, and stays: cases nobody decided before the shift ended, results known only after
 * it, tests nobody took, overrides of the gate. Days are those of the shifts, in the zone of their sites.
 */
export const BREACHES = `
  select b.company_id, b.id, 1 as version, b.kind, b.at, b.profile_id, b.shift_date, b.shift_id, b.site_id, b.case_id,
    b.result_id, null::uuid as requirement_id, null::uuid as decision_id, b.level, null::text as reason
  from fitness_breach b where b.company_id = $1
  union all
  select r.company_id, r.id, 1, 'missed_test', r.miss_at, r.profile_id, r.shift_date, r.shift_id, r.site_id, null,
    null, r.id, null, r.level, null
  from requirement r where r.company_id = $1 and r.status = 'missed' and r.deleted_at is null
  union all
  select o.company_id, o.id, 1, 'override', o.starts_at, o.profile_id,
    coalesce(s.work_date, (o.starts_at at time zone coalesce(st.timezone, c.timezone))::date), s.id, j.site_id, null,
    null, null, o.decision_id, null, o.reason
  from gate_override o
  join company c on c.id = $1
  join gate_decision d on d.company_id = $1 and d.id = o.decision_id
  left join shift s on s.company_id = $1 and s.id = d.shift_id
  left join work_assignment a on a.company_id = $1 and a.id = d.assignment_id
  left join project j on j.company_id = $1 and j.id = a.project_id
  left join site st on st.company_id = $1 and st.id = j.site_id
  where o.company_id = $1`;

const FIELDS = Object.entries(BreachLine.properties)
  .map(([name, schema]) => {
    const column = `l.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    return `'${name}', ${shown(column, schema)}`;
  })
  .join(', ');

/** The breach report, page by page, the latest first. */
export const breachList: ListDefinition = {
  name: 'breaches',
  from: `from (${BREACHES}) l`,
  alias: 'l',
  where: 'l.company_id = $1',
  item: `json_build_object(${FIELDS})`,
  sorts: { at: 'l.at' },
  defaultSort: '-at',
  filters: {
    kind: coarse(equalTo('l.kind', oneOf(BREACH_KINDS)), 'put together of three tables, within bounds of time'),
    profileId: coarse(equalTo('l.profile_id', uuid()), 'the same'),
    siteId: coarse(equalTo('l.site_id', uuid()), 'the same'),
    shiftId: coarse(equalTo('l.shift_id', uuid()), 'the same'),
    from: coarse(atLeast('l.shift_date', day()), 'the same'),
    to: coarse(atMost('l.shift_date', day()), 'the same'),
  },
};
