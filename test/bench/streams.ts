import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRODUCTION, startChild } from './child.ts';
import type { Child } from './child.ts';
import { onCores } from './cores.ts';
import { figure, flat, interleave, percentile } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

/** Streams that are opened at once. */
const AT_ONCE = 20;
/** Streams where it is not their number that counts. */
const FEW = 100;
const EVENTS = 20;
/** Changes before them that do not count: what they run is compiled, and planned, by then. */
const WARM_UPS = 10;
/** How often a page is timed without streams, and beside them. */
const PAGES = 3;
/** Longest that an event is waited for, ms: whoever has not heard of it then has lost it. */
const PATIENCE = 30_000;

/** Milliseconds of a clock that all processes share. */
const instant = (): number => performance.timeOrigin + performance.now();

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
        listener.at = instant();
      });
      response.once('error', () => undefined);
      resolve(listener);
    });
    sent.end();
  });

/** Tells people of something, and hears what comes of it on their streams. */
class Audience {
  readonly #tell: () => Promise<number>;
  readonly #all: Listener[] = [];
  lost = 0;

  /** `tell` commits one change that all of them hear of, and answers the instant. */
  constructor(tell: () => Promise<number>) {
    this.#tell = tell;
  }

  /** Opens a stream for each of these people. */
  async open(url: string, bearers: readonly string[]): Promise<void> {
    for (let from = 0; from < bearers.length; from += AT_ONCE)
      this.#all.push(
        ...(await Promise.all(
          bearers.slice(from, from + AT_ONCE).map((bearer) => listen(`${url}/angelis/notification/stream`, bearer)),
        )),
      );
  }

  /** Milliseconds from the commit until the first and until the last of them has heard of it. */
  async tell(): Promise<{ first: number; last: number }> {
    const heard = this.#all.map((listener) => listener.heard);
    const begun = await this.#tell();
    const waiting = () => this.#all.filter((listener, index) => listener.heard === heard[index]).length;
    while (waiting() > 0 && instant() - begun < PATIENCE) await sleep(5);
    this.lost += waiting();
    const took = this.#all.map((listener, index) =>
      listener.heard === heard[index] ? PATIENCE : Math.max(0, listener.at - begun),
    );
    return { first: Math.min(...took), last: Math.max(...took) };
  }

  /** Tells them of `EVENTS` changes, at moments that fall anywhere between two looks of whoever looks. */
  async tellOften(): Promise<{ first: number; last: number }> {
    for (let n = 0; n < WARM_UPS; n += 1) await this.tell();
    const told: Awaited<ReturnType<Audience['tell']>>[] = [];
    for (let n = 0; n < EVENTS; n += 1) {
      told.push(await this.tell());
      await sleep(Math.random() * 100);
    }
    return {
      first: percentile(
        told.map(({ first }) => first),
        0.95,
      ),
      last: percentile(
        told.map(({ last }) => last),
        0.95,
      ),
    };
  }

  close(): void {
    for (const { response } of this.#all) response.destroy();
  }
}

/** Streams of a whole process, each of somebody else, what an event takes to all of them, and what they do to the rest. */
const together = async (place: Place): Promise<Row[]> => {
  const { database, companyId, streams: count } = place;
  const child = await startChild(
    'streams.child',
    { BENCH_DATABASE: database, BENCH_COMPANY: companyId, BENCH_PEOPLE: String(count) },
    [...PRODUCTION, '--expose-gc'],
  );
  /** Asks for pages: with this process, and not with the server, where they have cores of their own. */
  let asking: Child | undefined;
  const pages = async (warmUps: number): Promise<number[]> =>
    (await interleave([() => asking!.ask<number>('p95')], PAGES, warmUps))[0]!;
  const audience = new Audience(() => child.ask<number>('event'));
  const measured = async (): Promise<Row[]> => {
    asking = await startChild('pages.child', {
      BENCH_PAGE: `${child.url}/angelis/admin/profile`,
      BENCH_BEARER: child.bearer!,
    });
    const alone = await pages(2);
    const first = Math.round(count / 5);
    await audience.open(child.url, child.bearers!.slice(0, first));
    await audience.tell();
    const before = await child.rss();
    await audience.open(child.url, child.bearers!.slice(first));
    await audience.tell();
    const each = ((await child.rss()) - before) / (count - first);
    const told = await audience.tellOften();
    const quiet = new AbortController();
    const telling = (async () => {
      while (!quiet.signal.aborted) {
        await audience.tell();
        await sleep(500);
      }
    })();
    const [asked] = await Promise.allSettled([pages(0)]);
    quiet.abort();
    await telling;
    if (asked.status === 'rejected') throw asked.reason;
    const meanwhile = asked.value;
    const { lost } = audience;
    const named = { baseline: '–', unit: 'ms' };
    const last = figure(
      { ...named, work: `commit to the last of them, p95 of ${EVENTS}, ${lost} lost` },
      [told.last],
      250,
    );
    const work = `${count.toLocaleString('en')} streams of as many people on one process`;
    return [
      figure(
        { work, baseline: `what those after the first ${first} add`, unit: 'KiB resident each' },
        [each * 1_024],
        40,
      ),
      { ...last, ok: last.ok === true && lost === 0 },
      figure({ ...named, work: 'commit to the first of them, p95' }, [told.first], 250),
      flat('a page meanwhile, p95', 'alone', meanwhile, alone),
    ];
  };
  try {
    return await onCores(place, [child], measured);
  } finally {
    audience.close();
    await Promise.all([child.stop(), asking?.stop()]);
  }
};

/** The same where another process gives changes their numbers, as in production: nobody there hears of a commit but by looking. */
const apart = async ({ database, companyId }: Place): Promise<Row> => {
  const given = { BENCH_DATABASE: database, BENCH_COMPANY: companyId };
  const [web, background] = await Promise.all([
    startChild('streams.child', { ...given, BENCH_PEOPLE: String(FEW), BENCH_PROCESS: 'web' }),
    startChild('streams.child', { ...given, BENCH_PEOPLE: '0' }),
  ]);
  const audience = new Audience(() => web.ask<number>('event'));
  try {
    await audience.open(web.url, web.bearers!);
    await audience.tell();
    const { last } = await audience.tellOften();
    const work = `commit to the last of ${FEW} streams, web and jobs apart, p95 of ${EVENTS}`;
    const row = figure({ work, baseline: '–', unit: 'ms' }, [last], 250);
    return { ...row, ok: row.ok === true && audience.lost === 0 };
  } finally {
    audience.close();
    await Promise.all([web.stop(), background.stop()]);
  }
};

export const streams = async (place: Place): Promise<Row[]> => [...(await together(place)), await apart(place)];
