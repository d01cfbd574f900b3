import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { createTestSources, saferRow } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

interface Waiting {
  readonly id: string;
  readonly reason: string;
  readonly status: string;
  readonly personCode: string;
}

describe('sources and quarantine through the API', () => {
  let f: FitnessPeople;
  let sources: TestSources;
  let slug: string;
  before(async function prepare() {
    this.timeout(30_000);
    sources = await createTestSources();
    f = await startFitness({ sources: sources.sources });
    const client = await f.app.database.superuser();
    slug = (await client.query<{ slug: string }>('select slug from company where id = $1', [f.companyId])).rows[0]!
      .slug;
  });
  after(async () => {
    await f.app.close();
    await sources.drop();
  });

  const tick = async (prefix = 'fitness.ingest') => {
    const ticks = f.app.modules.flatMap((module) => module.ticks ?? []);
    const scope = systemScope(OPERATOR_COMPANY, 'test', '0'.repeat(32));
    for (const { run } of ticks.filter(({ name }) => name.startsWith(prefix)))
      await run(scope, { now: new Date(), signal: new AbortController().signal });
  };
  const nightly = () => tick('fitness.reconcile');
  const link = async (personCode: string) => {
    const client = await f.app.database.superuser();
    await client.query(
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, $2, 'SAFER', $3, $4, $5, $5)`,
      [f.companyId, uuidv7(), personCode, f.people.worker.profileId, new Date()],
    );
  };

  it('show how each source does and what of the company waits, and to no one else', async () => {
    await sources.feeder.safer([
      saferRow(slug, 'P-77', new Date()),
      { ...saferRow('elsewhere', 'P-1', new Date()) },
      saferRow(slug, 'P-78', new Date(), { trials: '[' }),
    ]);
    await tick();
    const [fit2000, safer] = await itemsOf<{ source: string; status: string; waiting: number; lagSeconds: number }>(
      f.as.safety,
      '/fitness/sources',
    );
    expect(fit2000).to.include({ source: 'FIT2000', status: 'up', waiting: 0 });
    expect(safer).to.include({ source: 'SAFER', status: 'up', waiting: 2 });
    expect(safer!.lagSeconds).to.be.lessThan(60);
    const waiting = await itemsOf<Waiting>(f.as.admin, '/fitness/quarantine?status=waiting');
    expect(waiting.map(({ reason, personCode }) => [reason, personCode])).to.have.deep.members([
      ['UNKNOWN_PERSON', 'P-77'],
      ['TRIALS_NOT_JSON', 'P-78'],
    ]);
    expect(JSON.stringify(waiting)).not.to.contain('raw');
    expect(await itemsOf(f.as.stranger, '/fitness/quarantine')).to.deep.equal([]);
    await rowOf(f.as.supervisor.get('/fitness/quarantine'), 403);
    const { body } = await f.app.platform.metrics.expose();
    expect(body).to.match(/angelis_source_lag_seconds\{source="SAFER"\} [\d.]+/);
    expect(body).to.contain('angelis_source_rows_total{source="SAFER",outcome="quarantined"} 3');
  });

  it('retry a row by hand: refused with its reason until somebody is linked, then a result', async () => {
    const waiting = await itemsOf<Waiting>(f.as.admin, '/fitness/quarantine');
    const [row, malformed] = ['P-77', 'P-78'].map((code) => waiting.find(({ personCode }) => personCode === code)!);
    const retry = (id: string, client = f.as.admin) => client.post(`/fitness/quarantine/${id}/retry`);
    const refused = await rowOf<{ code: string; detail: string }>(retry(row!.id), 409);
    expect(refused.code).to.equal('QUARANTINE_REFUSED');
    expect(refused.detail).to.contain('UNKNOWN_PERSON');
    expect((await rowOf<{ detail: string }>(retry(malformed!.id), 409)).detail).to.contain('TRIALS_NOT_JSON');
    await rowOf(retry(row!.id, f.as.stranger), 404);
    await link('P-77');
    expect(await rowOf<Waiting>(retry(row!.id))).to.include({ status: 'released', id: row!.id });
    expect(await itemsOf<{ level: string }>(f.as.worker, '/fitness/results')).to.have.nested.property(
      '[0].level',
      'green',
    );
    expect(await codeOf(retry(row!.id), 409)).to.equal('QUARANTINE_RESOLVED');
  });

  it('give a row up for good, with a reason, whatever is linked or read again later', async () => {
    const row = saferRow(slug, 'P-80', new Date());
    await sources.feeder.safer([row]);
    await tick();
    const [waiting] = await itemsOf<Waiting>(f.as.admin, '/fitness/quarantine?personCode=P-80');
    const discard = (body: object, client = f.as.admin) =>
      client.post(`/fitness/quarantine/${waiting!.id}/discard`, body);
    await rowOf(discard({}), 422);
    await rowOf(discard({ reason: 'none of mine' }, f.as.stranger), 404);
    await rowOf(discard({ reason: 'none of mine' }, f.as.manager), 403);
    expect(await rowOf<Waiting>(discard({ reason: 'a trial of the vendor' }))).to.include({ status: 'discarded' });
    expect(await codeOf(discard({ reason: 'again' }), 409)).to.equal('QUARANTINE_RESOLVED');
    await link('P-80');
    await tick();
    await nightly();
    expect(await itemsOf(f.as.worker, '/fitness/results')).to.have.length(1);
    const client = await f.app.database.superuser();
    const { rows } = await client.query('select reason from change where entity_id = $1', [waiting!.id]);
    expect(rows).to.deep.equal([{ reason: 'a trial of the vendor' }]);
  });

  it('take what waited by themselves at the next tick after a link', async () => {
    await sources.feeder.safer([saferRow(slug, 'P-79', new Date())]);
    await tick();
    expect(await itemsOf(f.as.admin, '/fitness/quarantine?personCode=P-79&status=waiting')).to.have.length(1);
    await link('P-79');
    await tick();
    expect(await itemsOf(f.as.admin, '/fitness/quarantine?personCode=P-79&status=waiting')).to.have.length(0);
    expect(await itemsOf(f.as.worker, '/fitness/results')).to.have.length(2);
  });
});
