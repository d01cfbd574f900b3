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

export const down = KINDS.map((kind) => `alter table role_assignment drop column ${columnOf(kind)}`);
