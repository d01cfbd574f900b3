import { SYSTEM_ROLES } from '../src/modules/organization/roles/system-roles.ts';
import type { SeedSet } from '../src/platform/db/seed.ts';

/** The system roles as the code declares them; one that is no longer declared can no longer be assigned. */
const systemRoles: SeedSet = {
  name: 'system-roles',
  version: 1,
  run: async (client) => {
    for (const { code, reach, rank, scope, grants, denies, assignable } of SYSTEM_ROLES) {
      await client.query(
        `insert into system_role (code, reach, rank, scope, grants, denies, assignable) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (code) do update set reach = excluded.reach, rank = excluded.rank, scope = excluded.scope,
           grants = excluded.grants, denies = excluded.denies, assignable = excluded.assignable`,
        [code, reach, rank, scope, grants, denies, assignable],
      );
    }
    const codes = SYSTEM_ROLES.map(({ code }) => code);
    await client.query('update system_role set assignable = false where not (code = any($1))', [codes]);
  },
};

export default systemRoles;
