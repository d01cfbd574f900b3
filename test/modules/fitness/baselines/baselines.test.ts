import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import type { SaferRow } from '../../../../src/modules/fitness/sources/feeder.ts';
import { version } from '../../../support/client.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { createTestSources, saferRow, trialsOf } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

interface Baseline {
  readonly id: string;
  readonly version: number;
  readonly revision: number;
  readonly status: string;
  readonly provisional: boolean;
  readonly n: number;
  readonly capped: boolean;
  readonly supersededBy: string | null;
}
interface Values {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly testIds: string[];
}

const DAY = 86_400_000;
const BASELINES = '/fitness/baselines';

describe('baselines', () => {
  let f: FitnessPeople;
  let sources: TestSources;
  let slug: string;
  beforeEach(async function prepare() {
    this.timeout(30_000);
    sources = await createTestSources();
    f = await startFitness({ sources: sources.sources });
    const client = await f.app.database.superuser();
    const { rows } = await client.query<{ slug: string }>('select slug from company where id = $1', [f.companyId]);
    slug = rows[0]!.slug;
    await client.query(
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, $2, 'SAFER', 'W', $3, $4, $4)`,
      [f.companyId, uuidv7(), f.people.worker.profileId, new Date()],
    );
  });
  afterEach(async () => {
    await f.app.close();
    await sources.drop();
  });

  const tick = async (name: string) => {
    const found = f.app.modules.flatMap((module) => module.ticks ?? []).find((tickOf) => tickOf.name === name)!;
    const company = found.for === 'once' ? OPERATOR_COMPANY : f.companyId;
    const context = { now: f.app.clock.now(), signal: new AbortController().signal };
    await found.run(systemScope(company, name, '0'.repeat(32)), context);
  };
  /** Tests of the days `from` to `to` ago, one a day, at noon in Chile. */
  const take = async (from: number, to: number, mean = 270, values: Partial<SaferRow> = {}) => {
    const noon = Math.floor(Date.now() / DAY) * DAY + 15 * 3_600_000;
    const days = Array.from({ length: from - to + 1 }, (_, n) => from - n);
    await sources.feeder.safer(
      days.map((day) => saferRow(slug, 'W', new Date(noon - day * DAY), { trials: trialsOf(mean), ...values })),
    );
    await tick('fitness.ingest.safer');
  };
  const current = async () =>
    (await itemsOf<Baseline>(f.as.safety, `${BASELINES}?status=collecting&status=active&status=stale`))[0];
  const valuesOf = (id: string) => rowOf<Values>(f.as.health.get(`${BASELINES}/${id}/values`));
  const recompute = () => tick('fitness.baselines');

  it('collect from the first test on, serve provisionally from three, and are active from ten days on', async () => {
    await recompute();
    expect(await current()).to.equal(undefined);
    await take(30, 29);
    await recompute();
    expect(await current()).to.include({ status: 'collecting', provisional: false, n: 2, revision: 1 });
    await take(28, 28);
    await recompute();
    const provisional = await current();
    expect(provisional).to.include({ status: 'collecting', provisional: true, n: 3 });
    expect(await valuesOf(provisional!.id)).to.include({ sd: null });
    await take(27, 20);
    await recompute();
    const active = await current();
    expect(active).to.include({ id: provisional!.id, status: 'active', provisional: false, n: 10 });
    const { mean, sd, testIds } = await valuesOf(active!.id);
    expect(mean).to.be.within(3.5, 4);
    expect(sd).to.be.greaterThan(0);
    expect(testIds).to.have.length(10);
    const before = active!.version;
    await recompute();
    expect((await current())!.version).to.equal(before);
  });

  it('drop practice, unsupervised and unrested tests, tests that failed, and all but the first of a day', async () => {
    await take(40, 38, 270, { practice: true });
    await take(36, 34, 270, { supervised: false });
    await take(32, 30, 270, { sleep24h: 4 });
    await take(28, 26, 270, { kss: null, sleep24h: null, sleep48h: null, awakeHours: null });
    await take(24, 22, 800);
    await take(20, 19);
    await take(20, 19, 290);
    await recompute();
    expect(await current()).to.include({ n: 2, status: 'collecting' });
  });

  it('judge the tests that come after: by own standard deviations, and the version they used', async () => {
    await take(40, 30);
    await recompute();
    await take(1, 1, 450);
    const [late] = await itemsOf<{ id: string; level: string; reasons: string[] }>(f.as.safety, '/fitness/results');
    const metrics = await rowOf<{ reasons: string[]; deviation: number; baselineVersion: number }>(
      f.as.health.get(`/fitness/results/${late!.id}/metrics`),
    );
    expect(metrics.deviation).to.be.lessThan(-3);
    expect(metrics.baselineVersion).to.equal(1);
    expect(metrics.reasons).to.include('BELOW_MINIMUM_STANDARD').and.to.include('SPEED_BELOW_ORANGE');
  });

  it('go stale 180 days after their last test, and are renewed by a safety admin with a reason only', async () => {
    await take(200, 190);
    await recompute();
    const stale = await current();
    expect(stale).to.include({ status: 'stale', n: 10 });
    const renew = (client = f.as.safety, at = stale!.version, body: object = { reason: 'new glasses' }) =>
      client.post(`${BASELINES}/${stale!.id}/supersede`, body, version(at));
    await rowOf(renew(f.as.manager), 403);
    await rowOf(renew(f.as.stranger), 404);
    await rowOf(renew(f.as.safety, stale!.version, {}), 422);
    await rowOf(renew(f.as.safety, 99), 412);
    await take(20, 11, 255);
    const next = await rowOf<Baseline>(renew(), 201);
    expect(next).to.include({ revision: 2, status: 'active', n: 10 });
    const old = await rowOf<Baseline>(f.as.safety.get(`${BASELINES}/${stale!.id}`));
    expect(old).to.include({ status: 'superseded', supersededBy: next.id });
    expect(await codeOf(renew(f.as.safety, old.version), 409)).to.equal('BASELINE_NOT_RENEWABLE');
    const [was, is] = [await valuesOf(old.id), await valuesOf(next.id)];
    expect(is.mean).to.be.greaterThan(was.mean!);
    expect(is.mean! / was.mean!).to.be.at.most(1.1 + 1e-9);
  });

  it('stay renewed when the next night finds the tests of long ago again', async () => {
    await take(200, 190);
    await recompute();
    const stale = (await current())!;
    await take(20, 17, 255);
    const path = `${BASELINES}/${stale.id}/supersede`;
    const next = await rowOf<Baseline>(f.as.safety.post(path, { reason: 'new glasses' }, version(stale.version)), 201);
    const { testIds } = await valuesOf(next.id);
    await recompute();
    expect(await current()).to.include({ id: next.id, revision: 2, status: 'collecting', n: 4 });
    await take(10, 10, 255);
    await recompute();
    const later = await valuesOf(next.id);
    expect(later.testIds.slice(0, 4)).to.deep.equal(testIds);
    expect(later.testIds).to.have.length(5);
  });

  it('keep their values sealed, shown to who is named for it only, each read logged', async () => {
    await take(40, 30);
    await recompute();
    const { id } = (await current())!;
    const client = await f.app.database.superuser();
    const { rows } = await client.query<{ values_sealed: string }>('select values_sealed from baseline where id = $1', [
      id,
    ]);
    const { mean } = await valuesOf(id);
    expect(rows[0]!.values_sealed).not.to.contain(String(mean).slice(0, 6));
    const shown = JSON.stringify(await rowOf(f.as.safety.get(`${BASELINES}/${id}`)));
    expect(shown).not.to.match(/mean|sealed/i);
    for (const name of ['safety', 'manager', 'worker'] as const)
      await rowOf(f.as[name].get(`${BASELINES}/${id}/values`), 403);
    await rowOf(f.as.outsider.get(`${BASELINES}/${id}/values`), 404);
    const logged = await client.query(
      `select actor_id, entity_id from change where company_id = $1 and action = 'baseline.read_values'`,
      [f.companyId],
    );
    expect(logged.rows).to.deep.equal([{ actor_id: f.people.health.profileId, entity_id: id }]);
  });
});
