/**
 * SQL, lateral to work `q` (profile_id, assignment_id, site_id, task_kind_ids, equipment_kind_ids, day): the kinds of credential that
 * site, role, task kinds and equipment ask for, as (kind, by, equipment_kind_id, equipment); each once, with who asks first. What
 * equipment asks for stands apart for each of its kinds.
 */
export const REQUIRED = `
  select distinct on (kind, equipment_kind_id) kind, by, equipment_kind_id, equipment from (
    select cr.kind, 'site' as by, 1 as n, null::uuid as equipment_kind_id, null as equipment from credential_requirement cr
      where cr.company_id = $1 and cr.site_id = q.site_id and cr.deleted_at is null
    union all
    select cr.kind, 'role', 2, null, null from credential_requirement cr
      join work_assignment a on a.company_id = $1 and a.id = q.assignment_id and a.role = cr.role
      where cr.company_id = $1 and cr.role is not null and cr.deleted_at is null
    union all
    select unnest(k.required_credentials), 'task', 3, null, null from task_kind k
      where k.company_id = $1 and k.id = any(q.task_kind_ids)
    union all
    select cr.kind, 'equipment', 4, e.id, e.code from credential_requirement cr
      join equipment_kind e on e.company_id = $1 and e.id = cr.equipment_kind_id
      where cr.company_id = $1 and cr.equipment_kind_id = any(q.equipment_kind_ids) and cr.deleted_at is null) wanted
  order by kind, equipment_kind_id, n`;

/**
 * The same for a row of `required`: the credential of its kind that serves best on the day: one that is valid then, else the valid one,
 * else the latest. One that names a kind of equipment serves for no other.
 */
export const BEST = `
  select c.status, c.valid_from, c.valid_to from credential c
  where c.company_id = $1 and c.profile_id = q.profile_id and c.kind = required.kind and c.deleted_at is null
    and (required.equipment_kind_id is null or c.equipment_kind_id is null or c.equipment_kind_id = required.equipment_kind_id)
  order by (c.status = 'valid' and c.valid_from <= q.day::date and coalesce(c.valid_to >= q.day::date, true)) desc,
    (c.status = 'valid') desc, c.valid_from desc, c.id desc limit 1`;
