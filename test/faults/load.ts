import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './commands.ts';
import type { Commander } from './commands.ts';
import type { Hand } from './crew.ts';
import type { Member } from './members.ts';

/** People who go on working until they are told to stop. */
export interface Load {
  /** Reads that were refused with 503, and those answered otherwise than they should, by what was wrong. */
  readonly refused: () => number;
  readonly wrong: ReadonlyMap<string, number>;
  readonly stop: () => Promise<void>;
}

const CLIENTS = 4;
/** Between two things that one of them does, ms. */
const PAUSE = 60;
/** Of so many things one is an export, where somebody may ask for one, and one of the others in four a read. */
const EXPORT_EVERY = 40;
const READ_EVERY = 4;

/** Commands and reads of some clients at once, each time at another of the webs. */
export const startLoad = (hands: readonly Hand[], webs: readonly Pick<Member, 'url'>[], commander: Commander): Load => {
  const stopping = new AbortController();
  let refused = 0;
  let done = 0;
  const wrong = new Map<string, number>();
  const url = (): string => webs[randomInt(webs.length)]!.url;
  const read = async (hand: Hand): Promise<void> => {
    const headers = { authorization: await hand.bearer() };
    const answer = await ask(`${url()}/angelis/admin/assignment/leave?limit=20`, { headers });
    if (answer?.status === 200) return;
    if (answer?.status === 503 && answer.retryAfter !== null) {
      refused += 1;
      return;
    }
    const what = answer === undefined ? 'a read without an answer' : `a read answered with ${answer.status}`;
    wrong.set(what, (wrong.get(what) ?? 0) + 1);
  };
  const client = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const n = (done += 1);
      const hand = hands[n % hands.length]!;
      const exporter = n % EXPORT_EVERY === 0 ? commander.exporter(hands) : undefined;
      if (exporter !== undefined) await commander.send('export', exporter, { keyed: true, url });
      else if (n % READ_EVERY === 0) await read(hand);
      else await commander.send('leave', hand, { keyed: n % 2 === 0, url });
      await sleep(PAUSE);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  // It is awaited when they are stopped; until then nobody hears of it.
  clients.catch(() => undefined);
  return {
    refused: () => refused,
    wrong,
    stop: async () => {
      stopping.abort();
      await clients;
    },
  };
};
