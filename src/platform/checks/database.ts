import { Fault } from './check.ts';
import type { Figures } from './check.ts';

/** Runs one statement and answers its rows. */
export type Ask = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** Oldest PostgreSQL that this release runs on. */
const FLOOR = 15;

// Which cluster and which database of it. A copy of its files has both.
const SAME = `(select system_identifier::text from pg_control_system()) || ' ' || (select oid from pg_database where datname = current_database())`;

/** One of the users, by the setting that names it. */
export interface AskedUser {
  readonly setting: string;
  readonly ask: Ask;
}

interface ServerRow {
  readonly setting: string;
  readonly version: number;
  readonly system: string;
}

/** Throws a `Fault` that names the settings which lead elsewhere than most; of as many, than the first. */
const expectOne = (rows: readonly ServerRow[]): void => {
  const groups = [...Map.groupBy(rows, ({ system }) => system).values()].map((same) =>
    same.map(({ setting }) => setting),
  );
  const [most = [], ...others] = groups.toSorted((one, other) => other.length - one.length);
  if (others.length === 0) return;
  const astray = others.flat();
  throw new Fault(
    `${astray.join(' and ')} ${astray.length === 1 ? 'leads' : 'lead'} to another database than ${most.join(' and ')}`,
    'give all of them the same host, port and database',
  );
};

/** PostgreSQL answers each of the users, is no older than the floor, and is the same database for all of them. */
export const checkDatabase = async (users: readonly AskedUser[]): Promise<Figures> => {
  const answers = await Promise.allSettled(
    users.map(async ({ setting, ask }): Promise<ServerRow> => {
      const [row] = await ask<Omit<ServerRow, 'setting'>>(
        `select current_setting('server_version_num')::int as version, ${SAME} as system`,
      );
      return { ...row!, setting };
    }),
  );
  const rows = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const version = Math.floor(Math.min(...rows.map((row) => row.version)) / 10_000);
  if (version < FLOOR) throw new Fault(`PostgreSQL ${version} is too old`, `upgrade it to ${FLOOR} or later`);
  // What the others answered counts also when one does not answer.
  expectOne(rows);
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  return { version };
};

interface RoleRow {
  readonly role: string;
  readonly may: boolean | null;
  readonly bypasses: boolean;
  readonly owns: string | null;
}

// What a user may become counts as what it is.
const ROLE = `select r.rolname as role,
    (select pg_has_role(r.oid, kind.oid, 'usage') from pg_roles kind where kind.rolname = $2) as may,
    exists (select 1 from pg_roles b where (b.rolbypassrls or b.rolsuper) and pg_has_role(r.oid, b.oid, 'member')) as bypasses,
    (select min(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p') and pg_has_role(r.oid, c.relowner, 'member')) as owns
  from pg_roles r where r.rolname = $1`;

/** The two users of a running process own no table, pass no row level security, and hold the rights of their kind. */
export const checkRoles = async (ask: Ask, users: Readonly<Record<'app' | 'system', string>>): Promise<void> => {
  const faults: string[] = [];
  for (const [kind, user] of Object.entries(users)) {
    const [row] = await ask<RoleRow>(ROLE, [user, kind]);
    if (row === undefined) faults.push(`the user ${user} does not exist`);
    else if (row.bypasses) faults.push(`the user ${user} bypasses row level security`);
    else if (row.owns !== null) faults.push(`the user ${user} owns tables (${row.owns})`);
    else if (row.may !== true) faults.push(`the user ${user} has not the rights of ${kind}`);
  }
  if (faults.length > 0)
    throw new Fault(
      faults.join('; '),
      'make the three users as docs/runbook.md says, and name app in DATABASE_URL, system in DATABASE_SYSTEM_URL',
    );
};

const advice = 'run "angelis migrate up", which applies nothing and names the rows where some stand in its way';

const APPLIED = `select to_regclass('public.migration') is not null as there,
  has_table_privilege(to_regclass('public.migration'), 'select') as readable`;

/** All migrations of this release are applied, as each of the users sees it; the database may know later ones. */
export const checkMigrations = async (users: readonly AskedUser[], known: readonly string[]): Promise<Figures> => {
  const counts = await Promise.all(
    users.map(async ({ setting, ask }) => {
      const [table] = await ask<{ there: boolean; readable: boolean | null }>(APPLIED);
      if (table?.readable === false)
        throw new Fault(`the user of ${setting} may not read which migrations are applied`, advice);
      const applied = table?.there === true ? await ask<{ name: string }>('select name from migration') : [];
      const names = new Set(applied.map(({ name }) => name));
      const pending = known.filter((name) => !names.has(name));
      if (pending.length > 0)
        throw new Fault(`${pending.length} of ${known.length} migrations are pending, from ${pending[0]} on`, advice);
      return names.size;
    }),
  );
  return { applied: Math.max(...counts) };
};

interface LimitRow {
  readonly most: number;
  readonly reserved: number;
  readonly limit: number;
}

const LIMITS = `select current_setting('max_connections')::int as most,
    current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int as reserved,
    (select datconnlimit from pg_database where datname = current_database()) as limit`;

/** The pools of all processes together fit what the server gives. `each`: connections of one process at most. */
export const checkConnections = async (ask: Ask, each: number, processes: number): Promise<Figures> => {
  const [row] = await ask<LimitRow>(LIMITS);
  const { most, reserved, limit } = row!;
  const given = limit < 0 ? most - reserved : Math.min(limit, most - reserved);
  const needed = each * processes;
  if (needed > given)
    throw new Fault(
      `${processes} processes with ${each} connections each may need ${needed}, the server gives ${given}`,
      'raise max_connections, or lower DATABASE_WRITER_POOL, DATABASE_READER_POOL, DATABASE_JOBS_POOL or PROCESSES',
    );
  return { needed, given };
};

interface ReplicaRow {
  readonly recovering: boolean;
  readonly system: string;
  readonly behind: boolean | null;
  readonly replayed: string | null;
}

const REPLICA = `select pg_is_in_recovery() as recovering, ${SAME} as system,
  pg_last_wal_replay_lsn() < $1::pg_lsn as behind, pg_last_xact_replay_timestamp() as replayed`;

/** The replica follows this primary, and has replayed what it had written when it was asked, or lags at most `most` seconds. */
export const checkReplica = async (primary: Ask, replica: Ask, most: number, now: () => Date): Promise<Figures> => {
  const [at] = await primary<{ lsn: string; system: string }>(`select pg_current_wal_lsn() as lsn, ${SAME} as system`);
  const [row] = await replica<ReplicaRow>(REPLICA, [at!.lsn]);
  const { recovering, system, behind, replayed } = row!;
  const correct = 'correct DATABASE_REPLICA_URL, or take it out';
  if (system !== at!.system) throw new Fault('the replica is another server or database than the primary', correct);
  if (!recovering)
    throw new Fault('the replica is none: it takes writes itself (it was promoted, or is the primary)', correct);
  if (behind === false) return { lagSeconds: 0 };
  const lag = replayed === null ? undefined : Math.max(0, (now().getTime() - Date.parse(replayed)) / 1_000);
  if (lag === undefined || lag > most)
    throw new Fault(
      lag === undefined
        ? 'the replica has replayed nothing yet'
        : `the replica lags ${Math.round(lag)} s, ${most} s are the most`,
      'look at its log and at pg_stat_replication of the primary; take DATABASE_REPLICA_URL out until it has caught up',
    );
  return { lagSeconds: lag };
};

/** Production holds no data of the demo. */
export const checkDemoData = async (ask: Ask): Promise<void> => {
  const rows = await ask(`select 1 from seed_set where name = 'demo'`);
  if (rows.length > 0)
    throw new Fault('the database holds the data of the demo', 'use a database of its own for production');
};
