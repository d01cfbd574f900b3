import { shown } from '../../platform/schema/entity.ts';
import { instant } from '../../platform/schema/types.ts';
import type { FactProvider } from '../gate/ports.ts';
import { POLICY_JOINS } from './policies.reads.ts';
import { KEPT_WINDOWS } from './requirements/plan.ts';

const at = (column: string): string => shown(column, instant());

/** Since when a test before the shift serves, once work begins or has begun (`kept.since`); null for all others, and until then. */
const KEPT = `lateral (select coalesce(s.actual_start_at, q.at) - ${KEPT_WINDOWS} * (r.due_at - r.window_from) as since
      from shift s where s.company_id = $1 and s.id = r.shift_id and r.kind = 'pre_shift'
        and (s.actual_start_at is not null or q.purpose = 'shift_start'))`;

/** A valid result of requirement `r` that stands, taken in its time, whatever became of the requirement before. */
const ANSWER = `select 1 from test_result t
      join test_result_key k on k.company_id = $1 and k.result_id = t.id and not k.is_duplicate
      where t.company_id = $1 and t.profile_id = r.profile_id and not t.practice
        and (t.requirement_id = r.id or (t.definition_code = r.definition_code and t.taken_at between r.window_from and q.at))
        and (kept.since is null or t.taken_at >= kept.since)
        and t.level in ('green', 'yellow', 'orange', 'red')`;

/**
 * What fitness knows of a question of the gate: the hours of the person's risk group, cases that hold, restrictions in force, tests of the shift, and tests for
 * cause or after an incident that are open, or were missed within a day. A change of crew asks for tests of a shift that runs.
 * A test before the shift that was taken too long before work really begins is due, until there is another.
 * A random test counts from when it may be taken: who asks before is not told of it.
 */
export const fitnessFacts: FactProvider = {
  name: 'fitness',
  facts: {
    holds: `select coalesce(json_agg(json_build_object('caseId', h.case_id, 'level', h.level,
        'decided', c.status = 'decided', 'opening', c.reopened) order by h.starts_at, h.id), '[]')
      from hold h join fitness_case c on c.company_id = $1 and c.id = h.case_id
      where h.company_id = $1 and h.profile_id = q.profile_id and h.kind = 'hold' and h.ended_at is null`,
    restrictions: `select coalesce(json_agg(json_build_object(
        'source', h.id::text, 'decided', h.case_id is not null,
        'noDriving', h.restrictions->'noDriving', 'accompanied', h.restrictions->'accompanied',
        'noHeights', h.restrictions->'noHeights', 'until', ${at('h.ends_at')}) order by h.starts_at, h.id), '[]')
      from hold h
      where h.company_id = $1 and h.profile_id = q.profile_id and h.kind = 'restrictions' and h.ended_at is null
        and (h.ends_at is null or h.ends_at > q.at)`,
    policyLimits: `select json_build_object('policyId', f.id, 'limits', f.policy->'hours')
      from profile p ${POLICY_JOINS}
      where p.company_id = $1 and p.id = q.profile_id and f.policy->'hours' <> '{}'`,
    requirements: `select coalesce(json_agg(json_build_object('id', r.id, 'kind', r.kind,
        'status', case when r.status in ('done_on_time', 'done_late') and r.done_at < kept.since and not exists (${ANSWER})
          then 'due' else r.status end,
        'dueAt', ${at('r.due_at')},
        'graceUntil', ${at('case when r.grace_until > r.due_at then r.grace_until end')},
        'assessed', r.assessed_at >= coalesce(kept.since, r.assessed_at) is true, 'answered', r.status = 'excused' and exists (${ANSWER}), 'lacking', r.terms->'missing'->'test',
        'restrictions', r.terms->'missing'->'restrictions') order by r.due_at, r.id), '[]')
      from requirement r left join ${KEPT} kept on true
      where r.company_id = $1 and r.profile_id = q.profile_id and r.deleted_at is null
        and (r.kind <> 'random' or r.window_from <= q.at)
        and (q.purpose <> 'crew' or exists (select 1 from shift s
          where s.company_id = $1 and s.id = q.shift_id and s.status = 'started'))
        and (r.shift_id = q.shift_id or (r.kind in ('for_cause', 'post_incident')
          and (r.status = 'due' or (r.status = 'missed' and r.due_at > q.at - interval '1 day'))))`,
  },
};
