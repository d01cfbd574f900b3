import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { expect } from 'chai';
import type pg from 'pg';
import { startChild } from './child.ts';
import type { Child, Readers } from './child.ts';
import { onCores } from './cores.ts';
import type { Layers } from './layers.ts';
import { against, figure, interleave, median, percentile, rate, spreadOf, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';
import { sampleStatements } from './statements.ts';
import { steadyLoad } from './steady.ts';
import type { Asked } from './steady.ts';

const CONNECTIONS = 16;
/**
 * Rounds of the list that all servers run, and those that the two run of which one has to be as quick as the other: many short ones, since the
 * speed of a machine that others use changes within seconds.
 */
const LIST_ROUNDS = [4, 18] as const;
/** Seconds of load that do not count: what a page runs is compiled bit by bit, for some thousands of requests. */
const WARM_UP = 10;
const CROWD = 1_000;
/** Requests of a crowd whose statements PostgreSQL times. */
const TIMED = 4_000;
/** Runs that a statement's p95 needs at the least. */
const RUNS = 20;

interface Item {
  readonly id: string;
}
/** A page of a list, or one row. */
interface Page extends Item {
  readonly items: readonly Item[];
}

const pageOf = async (url: string, bearer: string): Promise<Page> => {
  const response = await fetch(url, { headers: { authorization: bearer } });
  expect(response.status, url).to.equal(200);
  return (await response.json()) as Page;
};

/** Requests that are answered with 200, of pages in turn: how many, and how many a second. */
const load = async (pages: readonly Asked[], seconds: number): Promise<{ total: number; perSecond: number }> => {
  const result = await autocannon({
    url: new URL(pages[0]!.url).origin,
    requests: pages.map(({ url, bearer }) => {
      const { pathname, search } = new URL(url);
      return { method: 'GET', path: pathname + search, headers: { authorization: bearer } };
    }),
    connections: CONNECTIONS,
    duration: seconds,
    // It ends when it next counts: each second unless it is told.
    sampleInt: 100,
  });
  expect([result.errors, result.non2xx], `answers of ${pages[0]!.url}`).to.deep.equal([0, 0]);
  const { total } = result.requests;
  return { total, perSecond: total / result.duration };
};

/** Those who read, with tokens of now. */
const readersOf = async (child: Child): Promise<Readers> => (await child.ask<[Readers]>('readers'))[0];

const PREFIXES = ['roj', 'garc', 'mu', 'cam', 'e99', 'ibanez 4', 'sofia v', 'pe', 'qui', 'tomas'];

/** p95 of `count` requests, one after the other. */
const p95 = async (
  child: Child,
  count: number,
  pathOf: (n: number) => string,
  reader: 'owner' | 'supervisor' = 'owner',
): Promise<number> => {
  const { [reader]: bearer } = await readersOf(child);
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) times.push(await timed(() => pageOf(`${child.url}${pathOf(n)}`, bearer)));
  return percentile(times, 0.95);
};

/** People of a company whose words begin with all that was typed, in the order of the list, looked for row by row. */
const BY_WORDS = `
  select id from profile p where company_id = $1 and deleted_at is null and (
    select bool_and(exists (select 1 from unnest(string_to_array(
        translate(lower(p.first_name || ' ' || p.last_name || ' ' || p.employee_number), 'áéíóúñ', 'aeioun'), ' ')) word
      where starts_with(word, typed)))
    from unnest(string_to_array($2, ' ')) typed)
  order by last_name, id limit 50`;

/** Whether what is searched for by name is found, and whose email, phone or national id was typed is among those that are shown. */
const checkSearches = async (angelis: Child, client: pg.Client, companyId: string, typed: Typed): Promise<void> => {
  const { owner, profileId, ruts } = await readersOf(angelis);
  const found = async (q: string): Promise<string[]> =>
    (await pageOf(`${angelis.url}/admin/profile?q=${encodeURIComponent(q)}`, owner)).items.map(({ id }) => id);
  for (const prefix of PREFIXES) {
    const { rows } = await client.query<Item>(BY_WORDS, [companyId, prefix]);
    expect(await found(prefix), prefix).to.deep.equal(rows.map(({ id }) => id));
    expect(rows, prefix).to.have.length.above(0);
  }
  for (const [n, id] of typed.ids.entries()) {
    expect(await found(typed.emails[n]!), typed.emails[n]).to.include(id);
    expect(await found(typed.phones[n]!), typed.phones[n]).to.include(id);
  }
  for (const rut of ruts) expect(await found(rut), rut).to.have.length(1);
  expect((await pageOf(`${angelis.url}/admin/profile/${profileId}`, owner)).id).to.equal(profileId);
};

interface Typed {
  readonly ids: readonly string[];
  readonly emails: readonly string[];
  readonly phones: readonly string[];
}

/** A hundred people of a company by their contact data, each as somebody would type it. */
const typedOf = async (client: pg.Client, companyId: string): Promise<Typed> => {
  const { rows } = await client.query<{ id: string; email: string; phone: string }>(
    `select p.id, p.contact_email as email, p.contact_phone as phone from bench_profile b
     join profile p on p.company_id = b.company_id and p.id = b.id where b.company_id = $1 order by md5(b.n::text) limit 100`,
    [companyId],
  );
  return {
    ids: rows.map(({ id }) => id),
    emails: rows.map(({ email }, n) => email.slice(0, n % 2 === 0 ? undefined : email.indexOf('@') + 1)),
    phones: rows.map(({ phone }, n) => (n % 2 === 0 ? phone : phone.slice(3, 9))),
  };
};

/** Of ten requests: five pages, two people, two searches and a board. */
const mixOf = async (child: Child): Promise<Asked[]> => {
  const { url } = child;
  const { owner, supervisor, profileId } = await readersOf(child);
  const list = { url: `${url}/admin/profile`, bearer: owner };
  const one = { url: `${list.url}/${profileId}`, bearer: owner };
  const found = (q: string) => ({ url: `${list.url}?q=${q}`, bearer: owner });
  const board = { url: `${url}/supervisor/board`, bearer: supervisor };
  return [list, one, list, found('garc'), list, board, list, one, list, found('pe')];
};

/** The statement of which 95 of a hundred runs took longest. */
const slowest = (times: ReadonlyMap<string, readonly number[]>): Row => {
  const often = [...times].filter(([, runs]) => runs.length >= RUNS);
  const runs = often.reduce((sum, [, took]) => sum + took.length, 0);
  const [[text, took]] = often.toSorted(([, a], [, b]) => percentile(b, 0.95) - percentile(a, 0.95)) as [
    [string, readonly number[]],
  ];
  const named = {
    work: `slowest of ${often.length} statements meanwhile, p95`,
    baseline: `${runs} timed by PostgreSQL; it is: ${text.slice(0, 60)}…`.replaceAll('|', '/'),
    unit: 'ms',
  };
  return { ...figure(named, [percentile(took, 0.95)], 50), ...spreadOf(took) };
};

/** A thousand connections that ask, evenly, for seven tenths of what the process can do at that time. */
const crowd = async (angelis: Child, client: pg.Client, seconds: number): Promise<Row[]> => {
  const pages = await mixOf(angelis);
  const [peaks] = await interleave([async () => (await load(pages, seconds)).perSecond], 3);
  let answers: Awaited<ReturnType<typeof steadyLoad>> | undefined;
  const asked = { pages, perSecond: median(peaks!) * 0.7, seconds: Math.max(8, seconds * 2) };
  const part = Math.min(1, TIMED / (asked.perSecond * asked.seconds));
  const times = await sampleStatements(client, part, async () => {
    answers = await steadyLoad({ ...asked, connections: CROWD });
  });
  const { latencies, failed } = answers!;
  const named = { baseline: '–', unit: 'ms' };
  const row = figure(
    { ...named, work: `1,000 connections at 70 % of peak, p99, ${failed} errors` },
    [percentile(latencies, 0.99)],
    200,
  );
  return [
    { ...row, ok: row.ok === true && failed === 0 },
    slowest(times),
    figure({ ...named, work: 'the process, resident at most', unit: 'MB' }, [(await angelis.peak()) * 1.048_576], 400),
  ];
};

/** The layers that take most, as lines of the table; those of ours have a bound. */
const shares = ({ own, charged }: Layers): Row[] =>
  Object.entries(own)
    .slice(0, 12)
    .map(([layer, percent]) => {
      const all = charged[layer];
      const baseline = all === undefined || all === percent ? '–' : `with what it calls of Node: ${all.toFixed(1)} %`;
      return figure(
        { work: `own processor time of a page: ${layer}`, baseline, unit: '%' },
        [percent],
        layer.startsWith('Angelis') ? 15 : undefined,
      );
    });

/** The whole stack over HTTP: a page of fifty people beside the two baselines, and a search. */
export const http = async (place: Place): Promise<Row[]> => {
  const { database, superuserUrl, companyId, client, seconds, rounds, full } = place;
  const angelis = await startChild('angelis.child', { BENCH_DATABASE: database, BENCH_COMPANIES: companyId });
  const { profileId, ruts } = await readersOf(angelis);
  const list = `${angelis.url}/admin/profile`;
  const given = {
    BENCH_URL: superuserUrl,
    BENCH_COMPANY: companyId,
    BENCH_JWKS: angelis.jwksUri!,
    BENCH_ISSUER: angelis.issuer!,
  };
  const planned = `${superuserUrl}?options=${encodeURIComponent('-c plan_cache_mode=force_generic_plan')}`;
  const [fastify, sequelize] = await Promise.all([
    startChild('fastify.child', given, []),
    startChild('sequelize.child', given, []),
  ]);
  const onePlan = full ? [await startChild('fastify.child', { ...given, BENCH_URL: planned }, [])] : [];
  const servers = [angelis, fastify, sequelize, ...onePlan];
  try {
    // Those tables that the ones who ask came into: the others were analyzed once they were loaded.
    await client.query('analyze person, person_company, session, role_assignment, reporting_closure');
    const urls = [list, fastify.url, sequelize.url, ...onePlan.map(({ url }) => url)];
    const { owner } = await readersOf(angelis);
    const [ours, ...theirs] = await Promise.all(urls.map(async (url) => (await pageOf(url, owner)).items));
    for (const items of theirs) expect(items).to.deep.equal(ours);
    const spent: number[] = [];
    const loaded = async (url: string, during = seconds): ReturnType<typeof load> =>
      load([{ url, bearer: (await readersOf(angelis)).owner }], during);
    const runs = servers.map((server, index) => async () => {
      const before = await server.cpu();
      const { total, perSecond } = await loaded(urls[index]!, seconds / 2);
      if (index === 0) spent.push(((await server.cpu()) - before) / total);
      await sleep(50);
      return perSecond;
    });
    const [own, bare, first, orm, kept] = await onCores(place, servers, async () => {
      // Of the one with an ORM 2.3 is asked, and there are four: a third of the time does.
      for (const url of urls) await loaded(url, url === sequelize.url ? WARM_UP / 3 : WARM_UP);
      const [ours1, bare1, ...others] = await interleave(runs, LIST_ROUNDS[0], 0);
      const [ours2, bare2] = await interleave(runs.slice(0, 2), LIST_ROUNDS[1], 0);
      return [[...ours1!, ...ours2!], [...bare1!, ...bare2!], ours1!, ...others];
    });
    await Promise.all(servers.slice(1).map((server) => server.stop()));
    const few = Math.min(rounds, 5);
    const typed = await typedOf(client, companyId);
    await checkSearches(angelis, client, companyId, typed);
    const searches = [PREFIXES, typed.emails, typed.phones, ruts].map(
      (texts) => () => p95(angelis, 100, (n) => `/admin/profile?q=${encodeURIComponent(texts[n % texts.length]!)}`),
    );
    const [found, byEmail, byPhone, byRut, seen, boards, everybody] = await interleave(
      [
        ...searches,
        () => p95(angelis, 100, () => `/admin/profile/${profileId}`),
        () => p95(angelis, 50, () => '/supervisor/board', 'supervisor'),
        () => p95(angelis, 2, () => '/supervisor/board'),
      ],
      few,
      full ? 1 : 0,
    );
    await angelis.ask('profile');
    await loaded(list);
    const layers = await angelis.ask<Layers>('layers');
    const page = { work: 'list of 50 profiles, whole stack', unit: 'requests/s' };
    return [
      rate({ ...page, baseline: against('Fastify + pg', bare, '/s') }, own, bare, 1),
      ...(kept === undefined
        ? []
        : [rate({ ...page, baseline: against('the same, planned once as ours is', kept, '/s') }, first, kept)]),
      rate({ ...page, baseline: against('Express + Sequelize', orm!, '/s') }, first, orm!, 2.3),
      figure({ work: 'the same, processor time', baseline: '–', unit: 'ms/request' }, spent),
      ...shares(layers),
      ...[found!, byEmail!, byPhone!, byRut!].map((times, at) => {
        const by = ['name prefix', 'email', 'phone', 'national id'][at]!;
        return figure({ work: `search by ${by}, p95, whole stack`, baseline: '–', unit: 'ms' }, times, 10);
      }),
      figure({ work: 'one profile, p95, whole stack', baseline: '–', unit: 'ms' }, seen!),
      figure({ work: 'board of a supervisor of 25, p95, whole stack', baseline: '–', unit: 'ms' }, boards!),
      figure({ work: 'board of everybody in the largest company', baseline: '–', unit: 'ms' }, everybody!),
      ...(await onCores(place, [angelis], () => crowd(angelis, client, seconds))),
    ];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
};
