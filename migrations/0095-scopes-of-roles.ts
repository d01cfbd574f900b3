import { seeAll } from '../src/platform/db/blocked.ts';
import { companyIndex, reference } from '../src/platform/db/ddl.ts';

const KINDS = ['department', 'project'];
const columnOf = (kind: string): string => `scope_${kind}_id`;

/** What a role is held within is referred to as everything else is: it is not deleted before the role is taken. */
export const up = KINDS.flatMap((kind) => [
  `alter table role_assignment add column ${columnOf(kind)} uuid
     generated always as (case when scope_kind = '${kind}' then scope_id end) stored`,
  `alter table role_assignment add ${reference('role_assignment', columnOf(kind), kind)}`,
  companyIndex('role_assignment', columnOf(kind), { where: `${columnOf(kind)} is not null` }),
]);

const SEEN = ['department', 'profile', 'project', 'role_assignment'];

/** What was held within a department or project that is purged is within nothing, and goes as it would have with it. */
export const resolves = [
  ...seeAll('no force', SEEN),
  `with gone as (delete from role_assignment r
     where (r.scope_kind = 'department' and not exists (select from department d where d.company_id = r.company_id and d.id = r.scope_id))
       or (r.scope_kind = 'project' and not exists (select from project p where p.company_id = r.company_id and p.id = r.scope_id))
     returning r.company_id, r.profile_id)
   update profile p set epoch = p.epoch + 1 from gone where p.company_id = gone.company_id and p.id = gone.profile_id`,
  ...seeAll('force', SEEN),
];

export const down = KINDS.map((kind) => `alter table role_assignment drop column ${columnOf(kind)}`);
