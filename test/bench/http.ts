import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { expect } from 'chai';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { figure, interleave, median, percentile, rate, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

const CONNECTIONS = 16;

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

const search = async ({ url }: Child, bearer: string): Promise<number> => {
  const times: number[] = [];
  for (let n = 0; n < 300; n += 1)
    times.push(await timed(() => pageOf(`${url}?q=${encodeURIComponent(PREFIXES[n % PREFIXES.length]!)}`, bearer)));
  return percentile(times, 0.95);
};

/** The whole stack over HTTP: a page of fifty people beside the two baselines, and a search. */
export const http = async ({ database, superuserUrl, companyId, client, seconds, rounds }: Place): Promise<Row[]> => {
  const angelis = await startChild('angelis.child.ts', { BENCH_DATABASE: database, BENCH_COMPANY: companyId });
  const bearer = angelis.bearer!;
  const given = {
    BENCH_URL: superuserUrl,
    BENCH_COMPANY: companyId,
    BENCH_JWKS: angelis.jwksUri!,
    BENCH_ISSUER: angelis.issuer!,
  };
  const fastify = await startChild('fastify.child.ts', given);
  const sequelize = await startChild('sequelize.child.ts', given);
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
    const found = await interleave([() => search(angelis, bearer)], rounds);
    const list = { work: 'list of 50 profiles, whole stack', unit: 'requests/s' };
    return [
      rate({ ...list, baseline: `Fastify + pg: ${median(bare!).toFixed(0)}/s` }, own!, bare!, 1),
      rate({ ...list, baseline: `Express + Sequelize: ${median(orm!).toFixed(0)}/s` }, own!, orm!, 2.3),
      figure({ work: 'the same, processor time', baseline: '–', unit: 'ms/request' }, spent.slice(1)),
      figure({ work: 'search by name prefix, p95, whole stack', baseline: '–', unit: 'ms' }, found[0]!, 10),
      figure({ work: 'the process after that, resident', baseline: '–', unit: 'MiB' }, [await angelis.rss()]),
    ];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
};
