import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { expect } from 'chai';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { figure, interleave, median, percentile, rate, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';
import { steadyLoad } from './steady.ts';

const CONNECTIONS = 16;
const CROWD = 1_000;

interface Page {
  readonly items: readonly unknown[];
}

const pageOf = async (url: string, bearer: string): Promise<Page> =>
  (await (await fetch(url, { headers: { authorization: bearer } })).json()) as Page;

/** Requests a second that `url` answers with 200. */
const load = async (url: string, bearer: string, seconds: number): Promise<number> => {
  const result = await autocannon({
    url,
    headers: { authorization: bearer },
    connections: CONNECTIONS,
    duration: seconds,
  });
  expect([result.errors, result.non2xx], `answers of ${url}`).to.deep.equal([0, 0]);
  return result.requests.total / result.duration;
};

const PREFIXES = ['roj', 'garc', 'mu', 'cam', 'e99', 'ibanez q', 'sofia v', 'pe', 'qui', 'tomas'];

/** p95 of `count` requests, one after the other. */
const p95 = async (count: number, urlOf: (n: number) => string, bearer: string): Promise<number> => {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) times.push(await timed(() => pageOf(urlOf(n), bearer)));
  return percentile(times, 0.95);
};

/** A thousand connections that ask, evenly, for seven tenths of what the process can do at that time. */
const crowd = async (angelis: Child, bearer: string, seconds: number): Promise<Row[]> => {
  const [peaks] = await interleave([() => load(angelis.url, bearer, seconds)], 3);
  const { latencies, failed } = await steadyLoad({
    url: angelis.url,
    bearer,
    connections: CROWD,
    perSecond: median(peaks!) * 0.7,
    seconds: Math.max(10, seconds * 2),
  });
  const named = { baseline: '–', unit: 'ms' };
  const row = figure(
    { ...named, work: `1,000 connections at 70 % of peak, p99, ${failed} errors` },
    [percentile(latencies, 0.99)],
    200,
  );
  return [
    { ...row, ok: row.ok === true && failed === 0 },
    figure({ ...named, work: 'the process after that, resident', unit: 'MiB' }, [await angelis.rss()], 400),
  ];
};

/** The layers that take most, as lines of the table; those of ours have a bound. */
const shares = (layers: Readonly<Record<string, number>>): Row[] =>
  Object.entries(layers)
    .slice(0, 12)
    .map(([layer, percent]) =>
      figure(
        { work: `processor time of a page: ${layer}`, baseline: '–', unit: '%' },
        [percent],
        layer.startsWith('Angelis') ? 15 : undefined,
      ),
    );

/** The whole stack over HTTP: a page of fifty people beside the two baselines, and a search. */
export const http = async ({ database, superuserUrl, companyId, client, seconds, rounds }: Place): Promise<Row[]> => {
  const angelis = await startChild('angelis.child', { BENCH_DATABASE: database, BENCH_COMPANY: companyId });
  const bearer = angelis.bearer!;
  const given = {
    BENCH_URL: superuserUrl,
    BENCH_COMPANY: companyId,
    BENCH_JWKS: angelis.jwksUri!,
    BENCH_ISSUER: angelis.issuer!,
  };
  const fastify = await startChild('fastify.child', given, []);
  const sequelize = await startChild('sequelize.child', given, []);
  const servers = [angelis, fastify, sequelize];
  try {
    await client.query('analyze');
    const [ours, ...theirs] = await Promise.all(servers.map(async ({ url }) => (await pageOf(url, bearer)).items));
    for (const items of theirs) expect(items).to.deep.equal(ours);
    const spent: number[] = [];
    const runs = servers.map((server, index) => async () => {
      const before = await server.cpu();
      const perSecond = await load(server.url, bearer, seconds);
      if (index === 0) spent.push(((await server.cpu()) - before) / (perSecond * seconds));
      await sleep(200);
      return perSecond;
    });
    const [own, bare, orm] = await interleave(runs, rounds);
    await Promise.all([fastify.stop(), sequelize.stop()]);
    const board = angelis.board!;
    const few = Math.min(rounds, 5);
    const [found, seen, boards] = await interleave(
      [
        () => p95(100, (n) => `${angelis.url}?q=${encodeURIComponent(PREFIXES[n % PREFIXES.length]!)}`, bearer),
        () => p95(100, () => `${angelis.url}/${angelis.profileId!}`, bearer),
        () => p95(50, () => board.url, board.bearer),
      ],
      few,
    );
    await angelis.ask('profile');
    await load(angelis.url, bearer, seconds);
    const layers = await angelis.ask<Readonly<Record<string, number>>>('layers');
    const list = { work: 'list of 50 profiles, whole stack', unit: 'requests/s' };
    return [
      rate({ ...list, baseline: `Fastify + pg: ${median(bare!).toFixed(0)}/s` }, own!, bare!, 1),
      rate({ ...list, baseline: `Express + Sequelize: ${median(orm!).toFixed(0)}/s` }, own!, orm!, 2.3),
      figure({ work: 'the same, processor time', baseline: '–', unit: 'ms/request' }, spent.slice(1)),
      ...shares(layers),
      figure({ work: 'search by name prefix, p95, whole stack', baseline: '–', unit: 'ms' }, found!, 10),
      figure({ work: 'one profile, p95, whole stack', baseline: '–', unit: 'ms' }, seen!),
      figure({ work: 'board of a supervisor of 25, p95, whole stack', baseline: '–', unit: 'ms' }, boards!),
      ...(await crowd(angelis, bearer, seconds)),
    ];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
};
