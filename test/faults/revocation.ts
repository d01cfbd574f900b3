import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addLogin } from '../support/people.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { openSse } from '../support/sse.ts';
import { addCrew, PASSWORD, signInAsAdmin } from './crew.ts';
import type { Hand } from './crew.ts';
import { judged, patienceOf } from './fault.ts';
import type { Fault } from './fault.ts';
import type { Member } from './members.ts';
import type { Stage } from './stage.ts';

/** Rounds of each kind of revocation; as many again while Redis stands still. */
const ROUNDS = { full: 5, short: 1 };
/** From the answer to whoever revokes, ms. */
const SEEN = 5_000;
const GIVEN_UP = 30_000;
const LOOK_EVERY = 100;
/** What a manager may read, by a permission. */
const READS = '/angelis/admin/assignment/leave?limit=1';
const WORKERS = 'angelis-worker';

interface Kind {
  readonly name: string;
  /** What the victim is answered from then on. */
  readonly status: 401 | 403;
  readonly revoke: (victim: Hand) => Promise<void>;
}

/** Redis stops as it stands: connections stay open, nothing is answered. */
const redisSignal = async (signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
  const tls = dirname(serverSetting('NODE_EXTRA_CA_CERTS'));
  const [pid] = (await readFile(join(tls, '..', 'redis.pid'), 'utf8')).split(' ');
  process.kill(Number(pid), signal);
};

/** Sends a request that must succeed; answers its body. */
const must = async <T>(
  url: string,
  authorization: string,
  init: { method?: string; headers?: Readonly<Record<string, string>>; body?: string } = {},
): Promise<T> => {
  const headers = { authorization, 'content-type': 'application/json', ...init.headers };
  const response = await fetch(url, { ...init, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
};

const kindsOf = (stage: Stage, url: string, admin: string): readonly Kind[] => {
  const api = `${url}/angelis`;
  return [
    {
      name: 'session ended by its person elsewhere',
      status: 401,
      revoke: async ({ email, bearer }) => {
        const own = await must<{ items: { id: string; current: boolean }[] }>(
          `${api}/auth/me/sessions`,
          await bearer(),
        );
        const login = { username: email, password: PASSWORD, address: '198.51.100.201' };
        const { accessToken } = await stage.identityProvider.passwordGrant(login);
        const { id } = own.items.find(({ current }) => current)!;
        await must(`${api}/auth/me/sessions/${id}`, `Bearer ${accessToken}`, { method: 'DELETE' });
      },
    },
    {
      name: 'role taken away',
      status: 403,
      revoke: async ({ profileId }) => {
        const { items } = await must<{ items: { id: string; version: number; profileId: string }[] }>(
          `${api}/admin/role/assignment?limit=200`,
          admin,
        );
        const { id, version } = items.find((one) => one.profileId === profileId)!;
        const headers = { 'if-match': `"${version}"` };
        await must(`${api}/admin/role/assignment/${id}`, admin, { method: 'DELETE', headers });
      },
    },
    {
      name: 'person suspended',
      status: 401,
      revoke: async ({ profileId }) => {
        const { version } = await must<{ version: number }>(`${api}/admin/profile/${profileId}`, admin);
        const headers = { 'if-match': `"${version}"` };
        const body = JSON.stringify({ reason: 'left his post' });
        await must(`${api}/admin/profile/${profileId}/suspend`, admin, { method: 'POST', headers, body });
      },
    },
    {
      name: 'logout at Keycloak’s console',
      status: 401,
      revoke: async ({ keycloakId }) => (await stage.realm.console()).users.logout({ id: keycloakId }),
    },
    {
      name: 'person disabled at Keycloak’s console',
      status: 401,
      revoke: async ({ keycloakId }) =>
        (await stage.realm.console()).users.update({ id: keycloakId }, { enabled: false }),
    },
  ];
};

/** An admin of the company; answers the mail address. */
const addAdmin = async (stage: Stage, companyId: string): Promise<string> => {
  const email = `${randomUUID()}@example.cl`;
  await addLogin(stage, { companyId, roles: ['admin'], login: { email, password: PASSWORD } });
  return email;
};

/** Keycloak tells the first web of its logouts, as it would the gateway. */
const hearOfLogouts = async (stage: Stage, url: string): Promise<void> => {
  const console = await stage.realm.console();
  const [client] = await console.clients.find({ clientId: WORKERS });
  const attributes = { ...client!.attributes, 'backchannel.logout.url': `${url}/angelis/auth/backchannel-logout` };
  await console.clients.update({ id: client!.id! }, { ...client, attributes });
};

/** How long after a revocation the victim's token and stream were still good, on the slowest web, ms. */
const seenAfter = async (webs: readonly Member[], victim: Hand, { revoke, status }: Kind): Promise<number> => {
  const authorization = await victim.bearer();
  const headers = { authorization };
  const streams = await Promise.all(webs.map(({ url }) => openSse(`${url}/angelis/notification/stream`, headers)));
  for (const [n, { url }] of webs.entries()) {
    await must(`${url}${READS}`, authorization);
    if (streams[n]!.status !== 200) throw new Error(`the stream was answered with ${streams[n]!.status}`);
  }
  await revoke(victim);
  const begun = performance.now();
  const refused = async ({ url }: Member): Promise<void> => {
    for (;;) {
      const response = await fetch(`${url}${READS}`, { headers });
      await response.arrayBuffer();
      if (response.status === status) return;
      if (performance.now() - begun > GIVEN_UP) throw new Error(`still answered with ${response.status}`);
      await sleep(LOOK_EVERY);
    }
  };
  const late = sleep(GIVEN_UP, 'late', { ref: false });
  const closed = async (stream: (typeof streams)[number]): Promise<void> => {
    if ((await Promise.race([stream.closed, late])) === 'late') throw new Error('a stream goes on');
  };
  try {
    await Promise.all([...webs.map(refused), ...streams.map(closed)]);
    return performance.now() - begun;
  } finally {
    for (const stream of streams) stream.drop();
  }
};

/** Every way to take somebody's access, seen by requests and streams on two instances; then again while Redis stands still. */
export const revocation: Fault = {
  name: 'revocation',
  minutes: 4,
  run: async ({ short, progress, stage }) => {
    const rounds = short ? ROUNDS.short : ROUNDS.full;
    const wrong: string[] = [];
    const { webs } = await stage.standing();
    const { url } = webs[0]!;
    await hearOfLogouts(stage, url);
    const slowest = new Map<string, number>();
    let tried = 0;
    let lost = 0;
    const revokeAll = async (isPaused: boolean): Promise<void> => {
      const kinds = kindsOf(stage, url, '').length;
      const hands = await addCrew(stage, 1, rounds * kinds);
      const { companyId } = hands[0]!;
      const admin = await signInAsAdmin(stage, await addAdmin(stage, companyId));
      const all = kindsOf(stage, url, admin);
      if (isPaused) await redisSignal('SIGSTOP');
      const one = async (victim: Hand, kind: Kind): Promise<void> => {
        const name = isPaused ? `${kind.name}, Redis standing still` : kind.name;
        tried += 1;
        try {
          const after = await seenAfter(webs, victim, kind);
          slowest.set(name, Math.max(slowest.get(name) ?? 0, after));
          if (after > SEEN * patienceOf(short)) wrong.push(`${name}: seen after ${(after / 1_000).toFixed(1)} s`);
        } catch (error) {
          lost += 1;
          wrong.push(`${name}: ${String(error)}`);
        }
      };
      for (let round = 0; round < rounds; round += 1) {
        progress(`round ${round + 1}${isPaused ? ', Redis standing still' : ''}`);
        await Promise.all(all.map((kind, n) => one(hands[round * kinds + n]!, kind)));
      }
    };
    try {
      await revokeAll(false);
      await revokeAll(true);
    } finally {
      await redisSignal('SIGCONT');
    }
    const notes = [...slowest].map(([name, after]) => `${name}: ${(after / 1_000).toFixed(1)} s at most`);
    const recoverySeconds = Math.max(0, ...slowest.values()) / 1_000;
    return judged({ tried, lost, doubled: 0, recoverySeconds }, wrong, notes);
  },
};
