import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { QUEUE_CONNECTIONS } from '../../src/wiring/connections.ts';
import {
  dashboardFaults,
  expressionsOf,
  ruleFaults,
  rulesOf,
  usesOf,
} from '../../tools/checks/deployment/prometheus.ts';
import { addCompany } from '../support/companies.ts';
import { startProcess } from '../support/process.ts';
import type { TestProcess } from '../support/process.ts';
import { saferRow } from '../support/sources.ts';

const file = (path: string) => readFile(new URL(`../../config/${path}`, import.meta.url), 'utf8');
/** What Prometheus itself adds to every sample. */
const ITS_OWN = ['job', 'instance'];

describe('the private port of a process', () => {
  let running: TestProcess;

  before(async function start() {
    this.timeout(30_000);
    running = await startProcess();
  });
  after(() => running.stop());

  it('has nothing else', async () => {
    expect((await fetch(`${running.figures}/angelis/health/detail`)).status).to.equal(404);
  });

  it('shows every check with its figures', async () => {
    const detail = (await (await fetch(`${running.figures}/health/detail`)).json()) as {
      ok: boolean;
      checks: { name: string; ok: boolean; figures?: object }[];
    };
    expect(detail.ok).to.equal(true);
    expect(detail.checks.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(detail.checks.map(({ name }) => name)).to.include.members(['database', 'jobs', 'source-safer', 'disk']);
    expect(detail.checks.find(({ name }) => name === 'jobs')?.figures).to.have.keys('queueAge', 'outboxLag', 'failed');
  });

  it('keeps idle connections longer than the gateway before it, which so never sends on one that is just closed', async () => {
    const { headers } = await fetch(`${running.api}/angelis/health/live`);
    const seconds = Number(/timeout=(\d+)/u.exec(headers.get('keep-alive') ?? '')?.[1]);
    expect(seconds).to.be.greaterThan(60);
  });

  it('answers what cannot be read as a request with a problem, and ends the connection', async () => {
    for (const [sent, status, code] of [
      [
        `GET /angelis/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'a'.repeat(17_000)}\r\n\r\n`,
        431,
        'HEADERS_TOO_LARGE',
      ],
      ['HELO angelis\r\n\r\n', 400, 'REQUEST_UNREADABLE'],
    ] as const) {
      const socket = connect(Number(new URL(running.api).port), '127.0.0.1');
      socket.write(sent);
      const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
      expect(head)
        .to.match(new RegExp(`^HTTP/1\\.1 ${status} `, 'u'))
        .and.contain('application/problem+json');
      expect(JSON.parse(body)).to.include({ status, code }).and.to.have.property('title').that.is.not.equal('');
    }
  });

  it('counts every connection that a process makes for its queues', () => {
    const lanes = running.system.modules
      .flatMap(({ jobs = [] }) => jobs)
      .filter(({ concurrency }) => concurrency !== undefined);
    // One listens for each lane and for the common one, two carry the rest.
    expect(lanes.length + 3).to.be.at.most(QUEUE_CONNECTIONS);
  });

  /** The labels of each metric that has samples now. */
  const exposed = async (): Promise<Map<string, Set<string>>> => {
    const body = await (await fetch(`${running.figures}/metrics`)).text();
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

    await fetch(`${running.api}/angelis/health`);
    const company = await addCompany(running.database);
    const client = await running.database.superuser();
    // One fails, one waits: no process knows it.
    for (const job of ['notifications.delivery.send', 'of.a.later.release'])
      await client.query(
        `insert into outbox (company_id, id, job, payload, trace_id, run_at, state, created_at)
         values ($1, $2, $3, '{"deliveryId":"none"}', $4, $5, 'waiting', $5)`,
        [company, randomUUID(), job, '0'.repeat(32), new Date()],
      );
    await running.sources.feeder.safer([saferRow('NO-SUCH-COMPANY', 'NOBODY', new Date())]);
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

  it('names a route alike whether it answers or refuses', async () => {
    const headers = { 'content-type': 'application/json' };
    await fetch(`${running.api}/angelis/auth/sign-in`, { method: 'POST', headers, body: '{' });
    await fetch(`${running.api}/angelis/health/live`);
    const body = await (await fetch(`${running.figures}/metrics`)).text();
    const routes = new Set(Array.from(body.matchAll(/route="([^"]*)"/gu), ([, route]) => route));
    expect(routes).to.include.all.keys('/angelis/auth/sign-in', '/angelis/health/live');
    expect([...routes].filter((route) => route !== 'unmatched' && !route?.startsWith('/angelis/'))).to.deep.equal([]);
  });
});
