import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import pg from 'pg';
import { prepareEmbeddedSources } from '../../src/modules/fitness/sources/embedded.ts';
import type { EmbeddedSources } from '../../src/modules/fitness/sources/embedded.ts';
import { createSourceFeeder } from '../../src/modules/fitness/sources/feeder.ts';
import type { Fit2000Row, SaferRow, SourceFeeder } from '../../src/modules/fitness/sources/feeder.ts';
import type { IngestSource } from '../../src/modules/fitness/ingest/ingest.ts';
import { createValidator } from '../../src/platform/schema/validator.ts';
import { openSources } from '../../src/wiring/sources.ts';
import { PASSWORD, superuserUrl } from './template.ts';

export interface TestSources {
  readonly urls: EmbeddedSources;
  readonly sources: readonly IngestSource[];
  readonly safer: IngestSource;
  readonly fit2000: IngestSource;
  readonly feeder: SourceFeeder;
  readonly names: { readonly safer: string; readonly fit2000: string };
  /** Runs SQL in a source as its superuser. */
  readonly sql: (source: 'safer' | 'fit2000', text: string, values?: unknown[]) => Promise<pg.QueryResult>;
  readonly drop: () => Promise<void>;
}

/** SaferApp and Fit2000 as databases of the test server, read by the real adapters. */
export const createTestSources = async (mapping?: object): Promise<TestSources> => {
  const tag = randomUUID().slice(0, 8);
  const names = { safer: `safer_${tag}`, fit2000: `fit2000_${tag}` };
  const urls = await prepareEmbeddedSources(superuserUrl, { reader: PASSWORD, writer: PASSWORD }, names);
  const settings = {
    SOURCE_TIMEOUT_SECONDS: 5,
    ...(mapping !== undefined && { SAFER_MAPPING: JSON.stringify(mapping) }),
  };
  const { sources, close } = openSources(settings, urls, pino({ level: 'silent' }), createValidator());
  const [safer, fit2000] = sources;
  const feeder = createSourceFeeder({ safer: urls.safer.writeUrl, fit2000: urls.fit2000.writeUrl });
  const sql: TestSources['sql'] = async (source, text, values) => {
    const client = new pg.Client({ connectionString: superuserUrl(names[source]) });
    await client.connect();
    try {
      return await client.query(text, values);
    } finally {
      await client.end();
    }
  };
  return {
    urls,
    sources,
    safer: safer!,
    fit2000: fit2000!,
    feeder,
    names,
    sql,
    drop: async () => {
      await Promise.all([close(), feeder.close()]);
      const client = new pg.Client({ connectionString: superuserUrl('postgres') });
      await client.connect();
      for (const name of Object.values(names)) await client.query(`drop database ${name} with (force)`);
      await client.end();
    },
  };
};

/** A good PVT-B of 60 answers around 270 ms that ended at `at`; no two are alike. */
export const saferRow = (
  companyCode: string,
  personCode: string,
  at: Date,
  over: Partial<SaferRow> = {},
): SaferRow => ({
  companyCode,
  personCode,
  testCode: 'PVT-B',
  deviceSerial: null,
  startedAt: new Date(at.getTime() - 180_000),
  finishedAt: at,
  supervised: true,
  practice: false,
  falseStarts: 0,
  trials: trialsOf(270),
  flags: null,
  kss: 3,
  sleep24h: 7.5,
  sleep48h: 15,
  awakeHours: 2,
  ...over,
});

/** 60 response times within 10 % of `mean` ms. */
export const trialsOf = (mean: number): number[] =>
  Array.from({ length: 60 }, () => Math.round(mean * (0.9 + 0.2 * Math.random())));

export const fit2000Row = (
  companyCode: string,
  subjectCode: string,
  at: Date,
  over: Partial<Fit2000Row> = {},
): Fit2000Row => ({
  companyCode,
  subjectCode,
  deviceSerial: null,
  testedAt: at,
  pupilDiameter: 5.2,
  constrictionAmplitude: 1.4,
  constrictionLatency: 280,
  saccadicVelocity: 70,
  risk: 'LOW',
  quality: 9,
  ...over,
});
