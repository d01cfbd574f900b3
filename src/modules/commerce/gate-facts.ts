import type { FactProvider } from '../gate/ports.ts';

/**
 * What commerce knows of a question of the gate: the seats of the tests that the work's task kinds require. An assignment
 * that becomes active reserves its seats itself, after the gate allowed it.
 */
export const commerceFacts: FactProvider = {
  name: 'commerce',
  facts: {
    licenses: `select coalesce(json_agg(json_build_object('offering', wanted.offering,
        'status', coalesce(held.status, 'missing')) order by wanted.offering), '[]')
      from (select distinct unnest(k.required_tests) as offering from task_kind k
        where k.company_id = $1 and k.id = any(q.task_kind_ids) and q.purpose <> 'assignment') wanted
      left join lateral (select l.status from license l
        where l.company_id = $1 and l.profile_id = q.profile_id and l.offering = wanted.offering and l.deleted_at is null
        order by (l.status = 'active') desc, l.assigned_at desc, l.id desc limit 1) held on true`,
  },
};
