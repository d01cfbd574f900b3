import { hostname } from 'node:os';
import { v7 as uuidv7 } from 'uuid';
import type pg from 'pg';
import type { KeySetting } from '../settings/key-place.ts';

/** Ids of the keys that a process has, by setting, the one that it writes with first. */
export type KeyIds = Readonly<Record<KeySetting, readonly string[]>>;

/** A process as it told of itself. */
export interface RegisteredProcess {
  /** `web on host-1`. */
  readonly name: string;
  readonly keys: KeyIds;
}

/** Where a process says that it runs, and which keys it has. */
export interface Register {
  tell(keys: KeyIds, now: Date): Promise<void>;
  /** The process ends. */
  leave(): Promise<void>;
}

/** Who has said nothing for so long does not run any more, in ms. */
const SILENCE = 60_000;

const TELL = `insert into running_process (id, process, host, keys, started_at, seen_at) values ($1, $2, $3, $4, $5, $5)
  on conflict (id) do update set keys = excluded.keys, seen_at = excluded.seen_at`;
const FORGET = 'delete from running_process where id = $1 or seen_at < $2';
const RUNNING = 'select process, host, keys from running_process where seen_at >= $1 order by process, host, id';

/** The register in table `running_process`, through a pool of user `system`. */
export const createRegister = (system: pg.Pool, role: string): Register => {
  const id = uuidv7();
  let last = new Date(0);
  return {
    tell: async (keys, now) => {
      await system.query(TELL, [id, role, hostname(), JSON.stringify(keys), now]);
      last = now;
    },
    leave: async () => {
      await system.query(FORGET, [id, new Date(last.getTime() - SILENCE)]);
    },
  };
};

/** The processes that run now, as far as they told within a minute. `system` is a pool of user `system`. */
export const runningProcesses = async (system: pg.Pool, now: Date): Promise<RegisteredProcess[]> => {
  const since = new Date(now.getTime() - SILENCE);
  const { rows } = await system.query<{ process: string; host: string; keys: KeyIds }>(RUNNING, [since]);
  return rows.map(({ process, host, keys }) => ({ name: `${process} on ${host}`, keys }));
};
