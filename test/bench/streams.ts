import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { figure, percentile, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

/** Most that one person may hold open. */
const EACH = 5;
const EVENTS = 10;
const REQUESTS = 200;
/** Longest that an event is waited for, ms: whoever has not heard of it then has lost it. */
const PATIENCE = 30_000;

/** A stream that notes when something of it came; what comes is not kept. */
interface Listener {
  readonly response: IncomingMessage;
  heard: number;
  /** Instant of the last event. */
  at: number;
}

const listen = (url: string, bearer: string): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { headers: { authorization: bearer, accept: 'text/event-stream' }, agent: false });
    sent.once('error', reject);
    sent.once('response', (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`a stream answered ${response.statusCode}`));
        return;
      }
      const listener: Listener = { response, heard: 0, at: 0 };
      response.on('data', (chunk: Buffer) => {
        if (!chunk.includes('data:')) return;
        listener.heard += 1;
        listener.at = performance.now();
      });
      response.once('error', () => undefined);
      resolve(listener);
    });
    sent.end();
  });

/** Streams of a whole process, what an event takes to all of them, and what they do to the rest. */
export const streams = async ({ database, companyId, streams: count }: Place): Promise<Row[]> => {
  const child = await startChild('streams.child', {
    BENCH_DATABASE: database,
    BENCH_COMPANY: companyId,
    BENCH_PEOPLE: String(count / EACH),
  });
  try {
    const rest = async (): Promise<number> => {
      const times: number[] = [];
      const headers = { authorization: child.bearer! };
      for (let n = 0; n < REQUESTS; n += 1)
        times.push(await timed(async () => (await fetch(`${child.url}/angelis/admin/profile`, { headers })).text()));
      return percentile(times, 0.95);
    };
    for (let warmUp = 0; warmUp < 3; warmUp += 1) await rest();
    const alone = await rest();
    const before = await child.rss();
    const all: Listener[] = [];
    for (const bearer of child.bearers!)
      all.push(
        ...(await Promise.all(
          Array.from({ length: EACH }, () => listen(`${child.url}/angelis/notification/stream`, bearer)),
        )),
      );
    await sleep(5_000);
    const each = ((await child.rss()) - before) / all.length;
    const times: number[] = [];
    const first: number[] = [];
    let lost = 0;
    const tell = async (): Promise<void> => {
      const heard = all.map((listener) => listener.heard);
      await child.ask('event');
      const begun = performance.now();
      const waiting = () => all.filter((listener, index) => listener.heard === heard[index]).length;
      while (waiting() > 0 && performance.now() - begun < PATIENCE) await sleep(5);
      lost += waiting();
      const took = all.map((listener, index) =>
        listener.heard === heard[index] ? PATIENCE : Math.max(0, listener.at - begun),
      );
      times.push(Math.max(...took));
      first.push(Math.min(...took));
    };
    for (let n = 0; n < EVENTS; n += 1) {
      await tell();
      await sleep(300);
    }
    const quiet = new AbortController();
    const telling = (async () => {
      while (!quiet.signal.aborted) {
        await tell();
        await sleep(500);
      }
    })();
    const meanwhile = await rest();
    quiet.abort();
    await telling;
    for (const { response } of all) response.destroy();
    const ratio = meanwhile / alone;
    const last = figure(
      { work: `commit to the last of them, p95, ${lost} lost`, baseline: '–', unit: 'ms' },
      [percentile(times.slice(0, EVENTS), 0.95)],
      250,
    );
    const streamed = `${count.toLocaleString('en')} streams on one process`;
    return [
      figure({ work: streamed, baseline: '–', unit: 'KiB resident each' }, [each * 1_024], 40),
      { ...last, ok: last.ok === true && lost === 0 },
      figure(
        { work: 'commit to the first of them, p95', baseline: '–', unit: 'ms' },
        [percentile(first.slice(0, EVENTS), 0.95)],
        250,
      ),
      {
        ...figure({ work: 'a page meanwhile, p95', baseline: `alone: ${alone.toFixed(1)} ms`, unit: 'ms' }, [
          meanwhile,
        ]),
        ratio: alone / meanwhile,
        reach: '≤ 1.5× its time',
        ok: ratio <= 1.5,
      },
    ];
  } finally {
    await child.stop();
  }
};
