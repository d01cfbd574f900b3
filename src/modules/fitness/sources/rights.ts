import type { DialectName, Statement } from './dialects.ts';
import type { RawRow } from './raw-row.ts';

/** How a kind of database tells what its user may do beyond reading. */
interface Rights {
  /** `place`: the table's name as it stands in SQL. */
  question(place: string): Statement;
  /** The rights that would change something, in the database's words. */
  answer(rows: readonly RawRow[]): string[];
}

const names = (rows: readonly RawRow[]): string[] => rows.map(({ name }) => String(name)).toSorted();

/** Rights over the table, its columns included, and over the database. */
const mssql: Rights = {
  question: (place) => ({
    text: `SELECT permission_name AS name FROM sys.fn_my_permissions(NULL, N'DATABASE')
  WHERE permission_name IN (N'INSERT', N'UPDATE', N'DELETE', N'ALTER', N'CONTROL')
  UNION SELECT permission_name FROM sys.fn_my_permissions(@p1, N'OBJECT')
  WHERE permission_name IN (N'INSERT', N'UPDATE', N'DELETE', N'ALTER', N'CONTROL')`,
    values: [place],
  }),
  answer: names,
};

/** Rights of MySQL and MariaDB that change nothing. */
const MYSQL_READS: ReadonlySet<string> = new Set([
  'USAGE',
  'SELECT',
  'SHOW VIEW',
  'SHOW DATABASES',
  'PROCESS',
  'BINLOG MONITOR',
  'REPLICATION CLIENT',
]);
/** `GRANT SELECT, INSERT (a, b) ON … TO user`, where the user may be a role that is active. */
const MYSQL_GRANT = /^GRANT (.+?) ON .+? TO (\S+)/u;
/** `GRANT role TO user`. */
const MYSQL_ROLE = /^GRANT (\S+) TO /u;

/** MySQL names a role without what it grants, MariaDB one that is not active: either counts as a right. */
const mysql: Rights = {
  question: () => ({ text: 'SHOW GRANTS', values: [] }),
  answer: (rows) => {
    const held = new Set<string>();
    const shown = new Set<string>();
    const roles: string[] = [];
    for (const line of rows.flatMap((row) => Object.values(row).map(String))) {
      const [, list, grantee = ''] = MYSQL_GRANT.exec(line) ?? [];
      const role = MYSQL_ROLE.exec(line)?.[1];
      if (list !== undefined) shown.add(grantee);
      for (const right of list?.replaceAll(/ \([^)]*\)/gu, '').split(', ') ?? [])
        if (!MYSQL_READS.has(right)) held.add(right);
      if (role !== undefined) roles.push(role);
    }
    return [...held, ...roles.filter((role) => !shown.has(role)).map((role) => `role ${role}`)].toSorted();
  },
};

/** Rights over any table of the database. */
const postgres: Rights = {
  question: () => ({
    text: `SELECT r.name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS r(name)
  WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND (has_table_privilege(c.oid, r.name)
      OR (r.name IN ('INSERT', 'UPDATE') AND has_any_column_privilege(c.oid, r.name)))
  GROUP BY r.name`,
    values: [],
  }),
  answer: names,
};

export const rights: Readonly<Record<DialectName, Rights>> = { mssql, mysql, postgres };
