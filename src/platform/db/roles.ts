import pg from 'pg';

/** The three users of a database; see docs/architecture.md, isolation. */
export const ROLES = ['owner', 'app', 'system'] as const;
export type Role = (typeof ROLES)[number];

const quoted = (name: string): string => pg.escapeIdentifier(name);

/**
 * Makes the three users where they are missing, sets their passwords, and makes `database` (owned by `owner`) where it is
 * missing. For embedded mode and tests; elsewhere an administrator does it, docs/runbook.md says how. Needs a superuser.
 */
export const provision = async (
  superuserUrl: (database: string) => string,
  database: string,
  passwords: Readonly<Record<Role, string>>,
): Promise<void> => {
  const client = new pg.Client({ connectionString: superuserUrl('postgres') });
  await client.connect();
  try {
    for (const role of ROLES) {
      const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
      const verb = rowCount === 0 ? 'create' : 'alter';
      await client.query(
        `${verb} role ${quoted(role)} login nosuperuser nobypassrls nocreatedb nocreaterole password ${pg.escapeLiteral(passwords[role])}`,
      );
    }
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${quoted(database)} owner owner`);
    await client.query(`revoke all on database ${quoted(database)} from public`);
    await client.query(`grant connect on database ${quoted(database)} to app, system`);
    await client.query(`grant temporary on database ${quoted(database)} to app`);
  } finally {
    await client.end();
  }
  const inside = new pg.Client({ connectionString: superuserUrl(database) });
  await inside.connect();
  try {
    await inside.query('create extension if not exists btree_gist');
    await inside.query('revoke create on schema public from public');
    await inside.query('grant usage on schema public to app, system');
    await inside.query('grant create on schema public to owner');
    await inside.query(`grant create on database ${quoted(database)} to owner`);
  } finally {
    await inside.end();
  }
};
