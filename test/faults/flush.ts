import { Redis } from 'ioredis';
import { addCrew } from './crew.ts';
import { judged, patienceOf } from './fault.ts';
import type { Fault } from './fault.ts';
import { MAILS_AT_ONCE } from './judgement.ts';
import { openOffice } from './office.ts';
import { mailOutcome, rowsOf, settled } from './outcome.ts';
import { waitFor } from './waiting.ts';

const FULL = { waiting: 1_000, hands: 10 };
const SHORT = { waiting: 40, hands: 4 };
/** Mails that two processes have under way: they are held, so that all others wait. */
const RUNNING = 2 * MAILS_AT_ONCE;
/** Longest until all are done, s. */
const MOST = 30;

/** Redis forgets everything while jobs wait in it. */
export const flush: Fault = {
  name: 'flush',
  minutes: 2,
  onlyFull: true,
  run: async ({ short, progress, after, stage }) => {
    const { waiting, hands: count } = short ? SHORT : FULL;
    const { jobs } = await stage.standing();
    const hands = await addCrew(stage, 1, count);
    const companies = [hands[0]!.companyId];
    const office = await openOffice(stage);
    await Promise.all(jobs.map((member) => member.kill()));
    const { ids, asked, letGo } = await office.tell(hands, Math.ceil((waiting + RUNNING) / count));
    await office.close();
    after(letGo);
    await stage.standing();
    const counted = async (condition: string): Promise<number> => {
      const [row] = await rowsOf<{ n: number }>(
        stage,
        `select count(*)::int as n from outbox where id = any($1) and ${condition}`,
        [ids],
      );
      return row!.n;
    };
    await waitFor(
      `${ids.length} jobs are in Redis, ${RUNNING} of them begun`,
      async () =>
        (await counted('dispatched_at is not null')) >= ids.length && (await counted('attempts > 0')) >= RUNNING,
    );
    const redis = new Redis(stage.env['REDIS_URL']!);
    const held = await redis.dbsize();
    await redis.flushdb();
    redis.disconnect();
    const begun = performance.now();
    const waited = await counted(`state = 'waiting' and attempts = 0`);
    await letGo();
    const unfinished = await settled(stage, companies, progress);
    const seconds = (performance.now() - begun) / 1_000;
    const mails = await mailOutcome(stage, hands, asked, 0);
    const most = MOST * patienceOf(short);
    return judged(
      {
        tried: waited,
        lost: unfinished.length + mails.lost.length,
        doubled: mails.doubled.length,
        recoverySeconds: seconds,
      },
      [
        ...mails.lost.map((what) => `lost: ${what}`),
        ...mails.doubled.map((what) => `doubled: ${what}`),
        ...unfinished.map((what) => `never came to a good end: ${what}`),
        ...(waited < waiting ? [`only ${waited} jobs waited`] : []),
        ...(seconds > most ? [`it took ${seconds.toFixed(1)} s until all were done; ${most} s are due`] : []),
        ...(jobs.some((member) => !member.runs()) ? ['a jobs process ended'] : []),
      ],
      [`Redis held ${held} keys`],
    );
  },
};
