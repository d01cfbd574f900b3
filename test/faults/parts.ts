import { randomInt } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { v7 as uuidv7 } from 'uuid';
import { serverSetting } from '../support/servers/settings.ts';
import { ask } from './commands.ts';
import type { Answer, Commander } from './commands.ts';
import { PASSWORD } from './crew.ts';
import type { Hand } from './crew.ts';
import type { Member } from './members.ts';
import { compare } from './judgement.ts';
import type { Outcome } from './judgement.ts';
import { rowsOf } from './outcome.ts';
import type { Part, Stage } from './stage.ts';
import { waitFor } from './waiting.ts';

/** A system at work. */
export interface Place {
  readonly stage: Stage;
  readonly webs: readonly Member[];
  readonly hands: readonly Hand[];
  /** Who only tries whether exports work: the load leaves them what they may ask for. */
  readonly probes: readonly Hand[];
  readonly commander: Commander;
}

/** A part that goes away and comes back, and what is expected of the system meanwhile. */
export interface Outage {
  readonly away: () => Promise<void>;
  readonly back: () => Promise<void>;
  /** While it is away; answers what is wrong. */
  readonly meanwhile?: () => Promise<string | undefined>;
  /** Resolves when what needs it works again. */
  readonly works: () => Promise<void>;
  /** What else it was to bring about. */
  readonly outcome?: () => Promise<Outcome>;
  readonly close?: () => Promise<void>;
}

export interface PartOutage {
  readonly name: string;
  /** How often it goes away in a full run, and what that takes on two quiet cores, about. */
  readonly times: number;
  readonly minutes: number;
  /** The same in a short run; without it, it is left out there. */
  readonly brief?: number;
  /** Without it nothing works, and readiness says so; without the others, only what is theirs does not. */
  readonly isHard?: true;
  /** It goes away between the mail server's answer and the row that says so: a mail whose send it cut goes out again. */
  readonly cutsSends?: true;
  /** The check of the private port that names it. */
  readonly check: string;
  /** Longest until it works again, s. */
  readonly most: number;
  readonly open: (place: Place) => Promise<Outage>;
}

/** Slow enough for the limits of rate, which hold here too, ms. */
const LOOK_EVERY = 300;
const until = (what: string, holds: () => Promise<boolean>): Promise<void> =>
  waitFor(what, holds, { every: LOOK_EVERY });
const anyOf = <T>(items: readonly T[]): T => items[randomInt(items.length)]!;

/** Each way of a server of scripts/servers to go away; `QUIT` is pg_ctl -m immediate. */
const served = (stage: Stage, part: Part, ways: readonly ('stop' | 'KILL' | 'QUIT')[]) => ({
  away: async (): Promise<void> => {
    const way = anyOf(ways);
    await (way === 'stop' ? stage.server('stop', part) : stage.server('kill', part, way));
  },
  back: (): Promise<void> => stage.server('start', part),
});

const someWeb =
  ({ webs }: Place) =>
  (): string =>
    anyOf(webs).url;

/** An export is asked for, and ready. */
const exportWorks = async (place: Place): Promise<Answer['body']> => {
  const url = someWeb(place);
  const hand = place.commander.exporter(place.probes, 0);
  if (hand === undefined) throw new Error('nobody may ask for an export any more');
  const { id } = await place.commander.send('export', hand, { keyed: true, url });
  if (id === undefined) throw new Error('no export could be asked for');
  let view: Answer['body'] = {};
  await until(`export ${id} is ready`, async () => {
    const headers = { authorization: await hand.bearer() };
    view = (await ask(`${url()}/angelis/manager/export/${id}`, { headers }))?.body ?? {};
    return view.status === 'ready';
  });
  return view;
};

/** What is wrong when a request is not refused with 503 and Retry-After. */
const unlessRefused = (what: string, answer: Answer | undefined): string | undefined =>
  answer?.status === 503 && answer.retryAfter !== null
    ? undefined
    : `${what} answered with ${answer?.status ?? 'nothing'} ${answer?.body.code ?? ''}`;

/** Keycloak is back when it signs somebody in itself: what it needs to warm up is not the system's. */
const keycloakServes = ({ stage, probes }: Place): Promise<void> => {
  const login = { username: probes[0]!.email, password: PASSWORD, address: '198.51.100.254' };
  return until('Keycloak signs somebody in', () =>
    stage.identityProvider.passwordGrant(login).then(
      () => true,
      () => false,
    ),
  );
};

/** Each from another address: limits of rate are by address. */
const fromSomewhere = (): Record<string, string> => ({
  'x-forwarded-for': `203.0.${randomInt(256)}.${randomInt(1, 255)}`,
});

const signIn = (place: Place): Promise<Answer | undefined> =>
  ask(`${someWeb(place)()}/angelis/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...fromSomewhere() },
    body: JSON.stringify({ identifier: anyOf(place.hands).email, password: PASSWORD }),
  });

const postgres: PartOutage = {
  name: 'postgres',
  brief: 2,
  times: 100,
  minutes: 16,
  isHard: true,
  cutsSends: true,
  check: 'database',
  most: 5,
  open: (place) =>
    Promise.resolve({
      ...served(place.stage, 'postgres', ['stop', 'QUIT', 'KILL']),
      meanwhile: async () => {
        const [hand] = place.hands;
        const headers = { authorization: await hand!.bearer() };
        const answer = await ask(`${someWeb(place)()}/angelis/admin/assignment/leave`, { headers });
        return unlessRefused('without PostgreSQL a read was', answer);
      },
      works: async () => {
        for (const { url } of place.webs)
          await place.commander.send('leave', anyOf(place.hands), { keyed: true, url: () => url });
      },
    }),
};

const redis: PartOutage = {
  name: 'redis',
  times: 20,
  minutes: 3,
  check: 'redis',
  most: 5,
  open: (place) =>
    Promise.resolve({
      ...served(place.stage, 'redis', ['stop', 'KILL']),
      works: async () => void (await exportWorks(place)),
    }),
};

const keycloak: PartOutage = {
  name: 'keycloak',
  times: 10,
  minutes: 8,
  check: 'identity-provider',
  most: 5,
  open: (place) =>
    Promise.resolve({
      ...served(place.stage, 'keycloak', ['stop']),
      back: async () => {
        await place.stage.server('start', 'keycloak');
        await keycloakServes(place);
      },
      meanwhile: async () => unlessRefused('without Keycloak a sign-in was', await signIn(place)),
      works: () => until('somebody signs in', async () => (await signIn(place))?.status === 200),
    }),
};

/** Its own database forgets what it had just been told when it is killed: it is stopped. */
const azurite: PartOutage = {
  name: 'azurite',
  times: 20,
  minutes: 6,
  check: 'files',
  most: 5,
  open: async (place) => {
    let link = '';
    const works = async (): Promise<void> => {
      const { download } = await exportWorks(place);
      link = new URL(download!).pathname;
    };
    await works();
    return {
      ...served(place.stage, 'azurite', ['stop']),
      meanwhile: async () =>
        unlessRefused(
          'without its store a download was',
          await ask(`${someWeb(place)()}${link}`, { headers: fromSomewhere() }),
        ),
      works,
    };
  },
};

const smtp: PartOutage = {
  name: 'smtp',
  times: 20,
  minutes: 3,
  cutsSends: true,
  check: 'mail',
  most: 5,
  open: ({ stage, ...place }) =>
    Promise.resolve({
      away: () => stage.mail.close(),
      back: () => stage.mail.open(),
      works: async () => {
        const before = stage.mail.taken.length;
        await exportWorks({ stage, ...place });
        await until('a mail is taken', () => Promise.resolve(stage.mail.taken.length > before));
      },
    }),
};

/** Fit2000 is asked every 15 s. */
const mariadb: PartOutage = {
  name: 'mariadb',
  times: 20,
  minutes: 9,
  check: 'source-fit2000',
  most: 20,
  open: async ({ stage, hands }) => {
    const { companyId, profileId } = hands[0]!;
    const company = `c-${companyId.slice(-12)}`;
    const person = uuidv7();
    const written: string[] = [];
    const inMariadb = async (text: string, values: unknown[]): Promise<void> => {
      const connection = await createConnection(serverSetting('ANGELIS_TEST_MARIADB_ADMIN_URL'));
      await connection.query(text, values);
      await connection.end();
    };
    const read = async (): Promise<string[]> => {
      const rows = await rowsOf<{ at: string }>(
        stage,
        `select to_char(taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as at
         from test_result where company_id = $1 and source = 'FIT2000'`,
        [companyId],
      );
      return rows.map(({ at }) => at);
    };
    await rowsOf(
      stage,
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, $2, 'FIT2000', $3, $4, $5, $5) returning id`,
      [companyId, uuidv7(), person, profileId, new Date()],
    );
    return {
      ...served(stage, 'mariadb', ['stop', 'KILL']),
      works: async () => {
        const at = new Date().toISOString().replace('T', ' ').replace('Z', '');
        written.push(at);
        await inMariadb(
          `insert into fit_tests (company_code, subject_code, tested_at, pupil_diameter_mm, constriction_amplitude_mm,
             constriction_latency_ms, saccadic_velocity_mm_s, risk) values (?, ?, ?, 5.1, 1.2, 290, 62, 'LOW')`,
          [company, person, at],
        );
        await until(`the test of ${at} is read`, async () => (await read()).includes(at));
      },
      outcome: async () => compare(written, await read(), 'test of'),
      close: () => inMariadb('delete from fit_tests where company_code = ?', [company]),
    };
  },
};

const SOFT: readonly PartOutage[] = [redis, mariadb, keycloak, smtp, azurite];

/** All at once but PostgreSQL. */
const together: PartOutage = {
  name: 'all-but-postgres',
  brief: 1,
  times: 5,
  minutes: 6,
  cutsSends: true,
  check: 'redis',
  most: Math.max(...SOFT.map(({ most }) => most)),
  open: async (place) => {
    const outages: Outage[] = [];
    for (const { open } of SOFT) outages.push(await open(place));
    const each = async <T>(work: (outage: Outage) => Promise<T> | undefined): Promise<T[]> =>
      Promise.all(outages.flatMap((outage) => work(outage) ?? []));
    const all = async (work: (outage: Outage) => Promise<void> | undefined): Promise<void> => {
      await each(work);
    };
    return {
      away: () => all(({ away }) => away()),
      back: () => all(({ back }) => back()),
      meanwhile: async () => {
        const found = await each((outage) => outage.meanwhile?.());
        return found.filter((what) => what !== undefined).join('; ') || undefined;
      },
      works: () => all(({ works }) => works()),
      outcome: async () => {
        const found = await each((outage) => outage.outcome?.());
        return { lost: found.flatMap(({ lost }) => lost), doubled: found.flatMap(({ doubled }) => doubled) };
      },
      close: () => all((outage) => outage.close?.()),
    };
  },
};

export const PARTS: readonly PartOutage[] = [postgres, ...SOFT, together];
