import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { addCrew } from './crew.ts';
import { judged, patienceOf } from './fault.ts';
import type { Fault } from './fault.ts';
import { MAILS_AT_ONCE } from './judgement.ts';
import { openOffice } from './office.ts';
import { mailOutcome, rowsOf, settled } from './outcome.ts';
import type { Stage } from './stage.ts';
import { waitFor } from './waiting.ts';

const FULL = 500;
const SHORT = 4;
/** A mail is tried ten times: once by the first process, and once after each kill. */
const MOST_KILLS = 8;
/** A job that is held waits for a row: longer than anybody holds it, s. Given up, it would rest, and nobody would run it. */
const HELD = { REQUEST_STATEMENT_SECONDS: '300' };
/** Longest until another process has a killed one's job, in 95 of 100 cases, s. */
const MOST = 10;
/** A kill comes at any moment between two renewals of a lock, and two checks for lost ones, ms. */
const WITHIN = 3_000;

/** By id, how often each job was begun. Throws when one is over: nobody would take it over any more. */
const attemptsOf = async (stage: Stage, ids: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const rows = await rowsOf<{ id: string; attempts: number; state: string; error: string | null }>(
    stage,
    'select id, attempts, state, last_error as error from outbox where id = any($1)',
    [ids],
  );
  const over = rows.find(({ state }) => state === 'failed' || state === 'done');
  if (over !== undefined) throw new Error(`job ${over.id} is ${over.state} while it is held: ${over.error}`);
  return new Map(rows.map(({ id, attempts }) => [id, attempts]));
};

/** Answers after how many ms each job was begun once more. */
const begunAgain = async (stage: Stage, before: ReadonlyMap<string, number>): Promise<number[]> => {
  const begun = performance.now();
  const left = new Set(before.keys());
  const times: number[] = [];
  await waitFor(`${before.size} jobs of a killed process are begun again`, async () => {
    for (const [id, attempts] of await attemptsOf(stage, [...left]))
      if (attempts > before.get(id)!) {
        left.delete(id);
        times.push(performance.now() - begun);
      }
    return left.size === 0;
  });
  return times;
};

/** The process that runs jobs is killed, and another takes them over. */
export const takeover: Fault = {
  name: 'takeover',
  minutes: 26,
  run: async ({ short, progress, after, stage }) => {
    const tries = short ? SHORT : FULL;
    const { jobs } = await stage.standing();
    const hands = await addCrew(stage, 1, MAILS_AT_ONCE);
    const companies = [hands[0]!.companyId];
    const office = await openOffice(stage);
    after(office.close);
    const times: number[] = [];
    const all: string[] = [];
    await Promise.all(jobs.map((member) => member.kill()));
    let [runner, heir] = [await stage.member('jobs', HELD), await stage.member('jobs', HELD)];
    while (times.length < tries) {
      await Promise.all([runner.kill(), heir.kill()]);
      const { ids, asked, letGo } = await office.tell(hands, 1);
      after(letGo);
      all.push(...asked);
      await runner.start();
      await begunAgain(stage, new Map(ids.map((id) => [id, 0])));
      await heir.start();
      for (let kill = 0; kill < MOST_KILLS && times.length < tries; kill += 1) {
        await sleep(randomInt(WITHIN));
        const before = await attemptsOf(stage, ids);
        await runner.kill();
        times.push(...(await begunAgain(stage, before)));
        // Earlier it might take some of them over itself, and survive the next kill.
        await runner.start();
        [runner, heir] = [heir, runner];
        progress(`${times.length} of ${tries} jobs taken over`);
      }
      await letGo();
      await settled(stage, companies, progress);
    }
    const unfinished = await settled(stage, companies, progress);
    const mails = await mailOutcome(stage, hands, all, 0);
    const sorted = times.toSorted((a, b) => a - b).map((ms) => ms / 1_000);
    const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1]!;
    const most = MOST * patienceOf(short);
    return judged(
      {
        tried: times.length,
        lost: unfinished.length + mails.lost.length,
        doubled: mails.doubled.length,
        recoverySeconds: p95,
      },
      [
        ...mails.lost.map((what) => `lost: ${what}`),
        ...mails.doubled.map((what) => `doubled: ${what}`),
        ...unfinished.map((what) => `never came to a good end: ${what}`),
        ...(p95 > most ? [`it took ${p95.toFixed(1)} s in 95 of 100 cases; ${most} s are due`] : []),
      ],
      [`median ${sorted[sorted.length >> 1]!.toFixed(1)} s, longest ${sorted.at(-1)!.toFixed(1)} s`],
    );
  },
};
