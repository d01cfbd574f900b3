import { expect } from 'chai';
import type pg from 'pg';
import { createDayTotals } from '../../src/modules/fitness/compliance/compliance.days.ts';
import { createUnitOfWork } from '../../src/platform/db/unit-of-work.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { startChild } from './child.ts';
import type { Readers } from './child.ts';
import { flat, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

/** Requests of each page and company. */
const REQUESTS = 100;
/** Beginnings of names that everybody's company has often enough to fill a page of five. */
const PREFIXES = ['roj', 'garc', 'mu', 'cam', 'pe', 'qui', 'tomas'];

interface Page {
  readonly name: string;
  /** Path below `/angelis`, of the nth request. */
  readonly path: (readers: Readers, n: number) => string;
  readonly reader: 'owner' | 'supervisor';
  /** What it has to hold in every company, so that pages of one size are compared. */
  readonly size: number;
}

/** `YYYY-MM-DD`, so many days ago in UTC. */
const dayBefore = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);

/** The year whose tests are all due, as the data has it. */
export const YEAR = { from: dayBefore(365), to: dayBefore(1) };

const PAGES: readonly Page[] = [
  { name: 'one profile', path: ({ profileId }) => `/admin/profile/${profileId}`, reader: 'owner', size: 1 },
  {
    name: 'search, five found',
    path: (_readers, n) => `/admin/profile?limit=5&q=${PREFIXES[n % PREFIXES.length]!}`,
    reader: 'owner',
    size: 5,
  },
  { name: 'board of 25', path: () => '/supervisor/board', reader: 'supervisor', size: 25 },
  {
    name: 'compliance of a year by site',
    path: () => `/fitness/compliance?by=site&from=${YEAR.from}&to=${YEAR.to}`,
    reader: 'owner',
    size: 2,
  },
];

/** Milliseconds of each request, by page, then by company. */
export type PageTimes = readonly (readonly (readonly number[])[])[];

/** Tables that PostgreSQL has not looked at, or of which a tenth changed since. */
const UNKNOWN = `select relid::regclass::text as name from pg_stat_user_tables
  where last_analyze is null or n_mod_since_analyze > 0.1 * n_live_tup`;

/** Counts the days of companies, as the hourly job does, and tells PostgreSQL of it, as its autovacuum does. */
export const keepTotals = async (database: string, client: pg.Client, companies: readonly string[]): Promise<void> => {
  const db = openDatabase(database).open({ observed: false });
  try {
    const keep = createDayTotals({ work: createUnitOfWork(db) });
    for (const companyId of companies) await keep(scopeOf(companyId), new AbortController().signal);
  } finally {
    await db.close();
  }
  const { rows } = await client.query<{ name: string }>(UNKNOWN);
  if (rows.length > 0) await client.query(`vacuum analyze ${rows.map(({ name }) => name).join(', ')}`);
};

/** Asks for each page of each company in turn, request by request, so that whatever slows the machine slows all of them. */
export const measurePages = async ({ database, client, companyId, medianId }: Place): Promise<PageTimes> => {
  const companies = [companyId, medianId];
  await keepTotals(database, client, companies);
  const child = await startChild('angelis.child', { BENCH_DATABASE: database, BENCH_COMPANIES: companies.join() });
  try {
    const ask = async ({ path, reader, size }: Page, readers: Readers, n: number): Promise<void> => {
      const response = await fetch(`${child.url}${path(readers, n)}`, { headers: { authorization: readers[reader] } });
      const { items, lines } = (await response.json()) as { items?: readonly object[]; lines?: readonly object[] };
      expect([response.status, (items ?? lines)?.length ?? 1], response.url).to.deep.equal([200, size]);
    };
    const times: number[][][] = [];
    for (const page of PAGES) {
      const fresh = await child.ask<Readers[]>('readers');
      const ofPage = fresh.map((): number[] => []);
      for (let n = -REQUESTS / 4; n < REQUESTS; n += 1)
        for (const [index, readers] of fresh.entries()) {
          const took = await timed(() => ask(page, readers, Math.abs(n)));
          if (n >= 0) ofPage[index]!.push(took);
        }
      times.push(ofPage);
    }
    return times;
  } finally {
    await child.stop();
  }
};

/** Whether pages of one size take as long in the largest company as in one of middle size, and as they took with fewer tests. */
export const pages = async (place: Place): Promise<Row[]> => {
  const times = await measurePages(place);
  return PAGES.flatMap(({ name }, index) => {
    const [own, theirs] = times[index]!;
    const fewer = place.before?.times[index]![0];
    return [
      flat(`${name}, in the largest company`, 'in a median company', own!, theirs!),
      ...(fewer === undefined
        ? []
        : [
            flat(
              `${name}, in the largest company`,
              `at ${place.before!.tests.toLocaleString('en')} tests`,
              own!,
              fewer,
            ),
          ]),
    ];
  });
};
