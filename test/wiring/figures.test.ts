import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { createLifetime } from '../../src/platform/process/lifetime.ts';
import type { Lifetime } from '../../src/platform/process/lifetime.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import { openProcess, serveProcess } from '../../src/wiring/process.ts';
import {
  dashboardFaults,
  expressionsOf,
  ruleFaults,
  rulesOf,
  usesOf,
} from '../../tools/checks/deployment/prometheus.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createTestSources, saferRow } from '../support/sources.ts';
import type { TestSources } from '../support/sources.ts';

const file = (path: string) => readFile(new URL(`../../config/${path}`, import.meta.url), 'utf8');
const key = () => `k:${randomBytes(32).toString('base64')}`;
/** What Prometheus itself adds to every sample. */
const ITS_OWN = ['job', 'instance'];

describe('the private port of a process', () => {
  let folder: string;
  let database: TestDatabase;
  let sources: TestSources;
  let lifetime: Lifetime;
  let figures: string;
  let api: string;

  before(async function start() {
    this.timeout(30_000);
    folder = await mkdtemp(join(tmpdir(), 'angelis-figures-'));
    database = await cloneDatabase();
    sources = await createTestSources();
    const settings = readSettings({
      DATA_DIR: folder,
      PORT: String(await freePort()),
      METRICS_PORT: String(await freePort()),
      DATABASE_URL: database.url('app'),
      DATABASE_OWNER_URL: database.url('owner'),
      DATABASE_SYSTEM_URL: database.url('system'),
      SAFER_DATABASE_URL: sources.urls.safer.readUrl,
      FIT2000_DATABASE_URL: sources.urls.fit2000.readUrl,
      DISK_FREE_PERCENT: '0',
      DATA_KEY: key(),
      LOOKUP_KEY: key(),
      SIGNING_KEY: key(),
      CHAIN_KEY: key(),
    });
    const log = pino({ level: 'silent' });
    lifetime = createLifetime({ log, drainSeconds: 10, flush: () => Promise.resolve() });
    const options = { settings, lifetime, log, now: () => new Date(), say: () => undefined };
    await serveProcess(await openProcess(options), options);
    figures = `http://127.0.0.1:${settings.METRICS_PORT}`;
    api = settings.PUBLIC_URL;
  });
  after(async () => {
    await lifetime.stop('test');
    await sources.drop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows every check with its figures', async () => {
    const detail = (await (await fetch(`${figures}/health/detail`)).json()) as {
      ok: boolean;
      checks: { name: string; ok: boolean; figures?: object }[];
    };
    expect(detail.ok).to.equal(true);
    expect(detail.checks.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(detail.checks.map(({ name }) => name)).to.include.members(['database', 'jobs', 'source-safer', 'disk']);
    expect(detail.checks.find(({ name }) => name === 'jobs')?.figures).to.have.keys('queueAge', 'outboxLag', 'failed');
  });

  /** The labels of each metric that has samples now. */
  const exposed = async (): Promise<Map<string, Set<string>>> => {
    const body = await (await fetch(`${figures}/metrics`)).text();
    const found = new Map<string, Set<string>>();
    for (const [, name = '', labels = ''] of body.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gmu))
      found.set(name, new Set(Array.from(labels.matchAll(/(\w+)="/gu), ([, label = '']) => label)));
    return found;
  };

  it('exposes all that rules and dashboards ask for', async () => {
    const [rules, dashboard] = [await file('prometheus/alerts.yml'), await file('grafana/angelis.json')];
    expect([...ruleFaults(rules), ...dashboardFaults(dashboard)]).to.deep.equal([]);
    const uses = [...rulesOf(rules).map(({ expr }) => expr), ...expressionsOf(dashboard)]
      .flatMap(usesOf)
      .filter(({ metric }) => metric !== 'up' && !metric.includes(':'));
    expect(uses.length).to.be.greaterThan(30);

    await fetch(`${api}/angelis/health`);
    const company = await addCompany(database);
    const client = await database.superuser();
    // One fails, one waits: no process knows it.
    for (const job of ['notifications.delivery.send', 'of.a.later.release'])
      await client.query(
        `insert into outbox (company_id, id, job, payload, trace_id, run_at, state, created_at)
         values ($1, $2, $3, '{"deliveryId":"none"}', $4, $5, 'waiting', $5)`,
        [company, randomUUID(), job, '0'.repeat(32), new Date()],
      );
    await sources.feeder.safer([saferRow('NO-SUCH-COMPANY', 'NOBODY', new Date())]);
    const wanted = new Set(uses.map(({ metric }) => metric));
    let there = await exposed();
    for (let tries = 0; tries < 200 && [...wanted].some((name) => !there.has(name)); tries += 1) {
      await sleep(100);
      there = await exposed();
    }
    expect([...wanted].filter((name) => !there.has(name))).to.deep.equal([]);
    for (const { metric, labels } of uses)
      for (const label of labels.filter((one) => !ITS_OWN.includes(one)))
        expect(there.get(metric), metric).to.include(label);
  }).timeout(30_000);
});
