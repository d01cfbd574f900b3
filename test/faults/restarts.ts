import { randomInt } from 'node:crypto';
import { commitChange, plainRecorder } from '../support/changes.ts';
import { createCommander } from './commands.ts';
import { addCrew } from './crew.ts';
import type { Hand } from './crew.ts';
import { judged } from './fault.ts';
import type { Fault } from './fault.ts';
import { startListener } from './listeners.ts';
import type { Listener } from './listeners.ts';
import { startLoad } from './load.ts';
import { settled, wholeOutcome } from './outcome.ts';
import { openProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import type { Stage } from './stage.ts';
import { holdsWithin, waitFor } from './waiting.ts';

const FULL = { restarts: 50, events: 10_000, drops: 1_000, companies: 3, hands: 20 };
const SHORT = { restarts: 2, events: 400, drops: 30, companies: 1, hands: 8 };
/** So many people are told of each event. */
const AUDIENCE = 3;
/** How long the last events may take to reach everybody, ms. */
const LAST = 60_000;
/** What goes on between two restarts waits for the next one no longer than this, ms. */
const NEXT = 900_000;

interface Streams {
  readonly drops: () => number;
  readonly events: () => number;
  /** Resolves when all events and drops are over. */
  readonly over: Promise<void>;
  /** Nothing more happens. */
  readonly stop: () => void;
}

/** Events for some of the people, and connections that break, evenly over the restarts that are done. */
const disturb = (stage: Stage, listeners: readonly Listener[], scale: typeof FULL, part: () => number): Streams => {
  const db = stage.database.open();
  const recorder = plainRecorder();
  let events = 0;
  let drops = 0;
  const stopped = new AbortController();
  const turn = (count: () => number, all: number): Promise<void> =>
    waitFor('the next restart', () => stopped.signal.aborted || count() <= part() * all, { most: NEXT });
  const byCompany = Map.groupBy(listeners, ({ hand }) => hand.companyId);
  const companies = [...byCompany.keys()];
  const tell = async (): Promise<void> => {
    for (; events < scale.events && !stopped.signal.aborted; events += 1) {
      await turn(() => events, scale.events);
      const companyId = companies[events % companies.length]!;
      const all = byCompany.get(companyId)!;
      const audience = Array.from({ length: AUDIENCE }, () => all[randomInt(all.length)]!.hand.profileId);
      await commitChange(db, recorder, companyId, { audience: [...new Set(audience)] });
    }
  };
  const cut = async (): Promise<void> => {
    let n = 0;
    for (; drops < scale.drops && !stopped.signal.aborted; drops += 1) {
      await turn(() => drops, scale.drops);
      await waitFor(
        'there is a stream to break',
        () => stopped.signal.aborted || listeners[(n += 1) % listeners.length]!.drop(),
      );
    }
  };
  const over = Promise.all([tell(), cut()]).then(() => undefined);
  // It is awaited when the restarts are done; until then nobody hears of it.
  over.catch(() => undefined);
  return {
    drops: () => drops,
    events: () => events,
    over,
    stop: () => stopped.abort(),
  };
};

/** Numbers of the changes addressed to somebody after the point from which they listened. */
const addressedTo = async (stage: Stage, { companyId, profileId }: Hand, from: number): Promise<number[]> => {
  const client = await stage.database.superuser();
  const { rows } = await client.query<{ seq: string }>(
    `select s.seq from change_seal s join change_recipient r on r.company_id = $1 and r.change_id = s.change_id
       and r.profile_id = $2 where s.company_id = $1 and s.seq > $3 order by s.seq`,
    [companyId, profileId, from],
  );
  await client.end();
  return rows.map(({ seq }) => Number(seq));
};

/** What each listener missed, or got twice, out of order or though it was for others. */
const compare = async (stage: Stage, listeners: readonly Listener[]) => {
  let lost = 0;
  let doubled = 0;
  let wanted = 0;
  for (const listener of listeners) {
    const expected = new Set(await addressedTo(stage, listener.hand, listener.from));
    const missing = (): number => expected.difference(new Set(listener.received())).size;
    await holdsWithin(() => missing() === 0, { most: LAST });
    const received = listener.received();
    wanted += expected.size;
    lost += missing();
    doubled += received.filter((seq, n) => !expected.has(seq) || seq <= (received[n - 1] ?? listener.from)).length;
  }
  return { lost, doubled, wanted };
};

/** One after the other is told to stop, and comes back. Answers the longest time that one took for both, s. */
const roll = async (
  stage: Stage,
  proxy: Proxy,
  restarts: number,
  done: (n: number) => void,
): Promise<{ longest: number; wrong: string[] }> => {
  const { webs } = await stage.standing();
  const wrong: string[] = [];
  let longest = 0;
  for (let n = 0; n < restarts; n += 1) {
    const web = webs[n % webs.length]!;
    const begun = performance.now();
    const code = await web.kill('SIGTERM');
    if (code !== 0) wrong.push(`a web ended with ${code}: ${web.log().slice(-500)}`);
    await web.start();
    await waitFor('the balancer takes a web back', () => proxy.isIn(web));
    longest = Math.max(longest, (performance.now() - begun) / 1_000);
    done(n + 1);
  }
  return { longest, wrong };
};

const count = (faults: ReadonlyMap<string, number>): string[] =>
  [...faults].map(([what, times]) => `${what}, ${times} times`);

/** Rolling restarts of two webs behind a balancer, under load: no request fails, no stream misses or doubles anything. */
export const restarts: Fault = {
  name: 'restarts',
  minutes: 10,
  run: async ({ short, progress, after, stage }) => {
    const scale = short ? SHORT : FULL;
    const { webs } = await stage.standing();
    const proxy = await openProxy(webs);
    after(proxy.stop);
    const hands = await addCrew(stage, scale.companies, scale.hands);
    const streamFaults = new Map<string, number>();
    const fail = (what: string): void => void streamFaults.set(what, (streamFaults.get(what) ?? 0) + 1);
    const listeners = await Promise.all(hands.map((hand) => startListener(hand, proxy.url, fail)));
    after(async () => void (await Promise.all(listeners.map((listener) => listener.stop()))));
    const commander = createCommander();
    const load = startLoad(hands, [proxy], commander);
    after(async () => {
      commander.giveUp();
      await load.stop();
    });
    let done = 0;
    const streams = disturb(stage, listeners, scale, () => (done + 1) / scale.restarts);
    after(streams.stop);
    const rolled = await roll(stage, proxy, scale.restarts, (n) => {
      done = n;
      progress(`${n} restarts, ${proxy.passed()} requests, ${streams.events()} events, ${streams.drops()} drops`);
    });
    await streams.over;
    await load.stop();
    const companies = [...new Set(hands.map(({ companyId }) => companyId))];
    const unfinished = await settled(stage, companies, progress);
    const found = await compare(stage, listeners);
    const opened = listeners.reduce((sum, listener) => sum + listener.opened(), 0);
    await Promise.all(listeners.map((listener) => listener.stop()));
    const outcome = await wholeOutcome(stage, hands, commander.commands, 0);
    const passed = proxy.passed();
    await proxy.stop();
    const refused = commander.refused() + load.refused();
    const wrong = [
      ...rolled.wrong,
      ...count(proxy.failed).map((text) => `the balancer: ${text}`),
      ...count(commander.wrong),
      ...count(load.wrong),
      ...count(streamFaults),
      ...(refused > 0 ? [`${refused} requests were refused or not answered`] : []),
      ...unfinished.map((what) => `never came to a good end: ${what}`),
      ...(found.lost + found.doubled > 0 ? [`streams missed ${found.lost} and doubled ${found.doubled}`] : []),
      ...outcome.lost.map((what) => `lost: ${what}`),
      ...outcome.doubled.map((what) => `doubled: ${what}`),
    ];
    const notes = [
      `${passed} requests, none failed; ${found.wanted} events reached ${listeners.length} people over ${opened} streams, ${streams.drops()} of which broke off`,
    ];
    return judged(
      {
        tried: scale.restarts,
        lost: found.lost + outcome.lost.length,
        doubled: found.doubled + outcome.doubled.length,
        recoverySeconds: rolled.longest,
      },
      wrong,
      wrong.length === 0 ? notes : [],
    );
  },
};
