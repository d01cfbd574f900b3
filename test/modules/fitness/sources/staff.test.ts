import { expect } from 'chai';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addStaff } from '../../../support/staff.ts';
import { createTestSources, saferRow } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

interface Waiting {
  readonly id: string;
  readonly reason: string;
  readonly status: string;
  readonly companyId: string | null;
}

interface Mapping {
  readonly id: string;
  readonly version: number;
  readonly code: string;
  readonly companyId: string;
}

const UNOWNED = '/operations/quarantine';
const MAPPINGS = '/operations/source-companies';

describe('rows of sources in the hands of the staff', () => {
  let f: FitnessPeople;
  let sources: TestSources;
  let support: Client;
  let reader: Client;
  before(async function prepare() {
    this.timeout(30_000);
    sources = await createTestSources();
    f = await startFitness({ sources: sources.sources });
    support = await clientOf(f.app, await addStaff(f.app, 'support'));
    reader = await clientOf(f.app, await addStaff(f.app, 'operator_auditor'));
    const client = await f.app.database.superuser();
    await client.query(
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, gen_random_uuid(), 'SAFER', 'P-1', $2, now(), now())`,
      [f.companyId, f.people.worker.profileId],
    );
  });
  after(async () => {
    await f.app.close();
    await sources.drop();
  });

  const tick = async () => {
    const scope = systemScope(OPERATOR_COMPANY, 'test', '0'.repeat(32));
    for (const { run } of f.app.modules.flatMap(({ ticks = [] }) =>
      ticks.filter(({ name }) => name === 'fitness.ingest.safer'),
    ))
      await run(scope, { now: new Date(), signal: new AbortController().signal });
  };
  const unowned = (code: string, client = support) =>
    itemsOf<Waiting>(client, `${UNOWNED}?companyCode=${code}&status=waiting`);
  const results = () => itemsOf(f.as.worker, '/fitness/results');
  const map = (code: string, client = support) =>
    client.post(MAPPINGS, { source: 'SAFER', code, companyId: f.companyId });
  const remove = (row: Mapping) => support.del(`${MAPPINGS}/${row.id}`, version(row.version));
  const wait = async (code: string, personCode = 'P-1') => {
    await sources.feeder.safer([saferRow(code, personCode, new Date())]);
    await tick();
    const [row] = await unowned(code);
    return row!;
  };

  it('are listed while nobody knows whose they are, and to nobody else', async () => {
    const row = await wait('MINE-1');
    expect(row).to.include({ reason: 'UNKNOWN_COMPANY', companyId: null, status: 'waiting' });
    expect(await unowned('MINE-1', reader)).to.have.length(1);
    for (const client of [f.as.admin, f.as.safety, f.as.worker]) await rowOf(client.get(UNOWNED), 403);
    expect(await itemsOf(f.as.admin, '/fitness/quarantine')).to.deep.equal([]);
    await rowOf(f.as.admin.post(`/fitness/quarantine/${row.id}/retry`), 404);
  });

  it('become results by themselves once their code is entered, and wait again once it is removed', async () => {
    await wait('MINE-2');
    const mapping = await rowOf<Mapping>(map('MINE-2'), 201);
    expect(await codeOf(map('MINE-2'), 409)).to.equal('DUPLICATE');
    await rowOf(map('MINE-2', reader), 403);
    await rowOf(f.as.admin.get(MAPPINGS), 403);
    await tick();
    expect(await unowned('MINE-2')).to.deep.equal([]);
    expect(await results()).to.have.length(1);
    const listed = await itemsOf<Mapping>(reader, `${MAPPINGS}?companyId=${f.companyId}`);
    expect(listed.map(({ code }) => code)).to.deep.equal(['MINE-2']);
    await rowOf(remove(mapping), 204);
    expect(await wait('MINE-2')).to.include({ reason: 'UNKNOWN_COMPANY' });
    await rowOf(map('MINE-2'), 201);
  });

  it('are tried again by hand: refused, then handed to their company, or taken', async () => {
    const nobody = await wait('MINE-3', 'P-404');
    const row = await wait('MINE-4');
    const retry = (id: string, client = support) => client.post(`${UNOWNED}/${id}/retry`);
    expect(await codeOf(retry(row.id), 409)).to.equal('QUARANTINE_REFUSED');
    await rowOf(retry(row.id, reader), 403);
    await rowOf(map('MINE-3'), 201);
    await rowOf(map('MINE-4'), 201);
    expect(await rowOf<Waiting>(retry(nobody.id))).to.include({
      status: 'waiting',
      reason: 'UNKNOWN_PERSON',
      companyId: f.companyId,
    });
    await rowOf(retry(nobody.id), 404);
    expect(await itemsOf(f.as.admin, '/fitness/quarantine?personCode=P-404')).to.have.length(1);
    const before = (await results()).length;
    expect(await rowOf<Waiting>(retry(row.id))).to.include({ status: 'released' });
    expect(await codeOf(retry(row.id), 409)).to.equal('QUARANTINE_RESOLVED');
    expect(await results()).to.have.length(before + 1);
  });

  it('are given up with a reason, which the operator’s change log keeps', async () => {
    const row = await wait('MINE-5');
    const discard = (client = support) => client.post(`${UNOWNED}/${row.id}/discard`, { reason: 'a trial' });
    await rowOf(discard(reader), 403);
    expect(await rowOf<Waiting>(discard())).to.include({ status: 'discarded' });
    expect(await codeOf(discard(), 409)).to.equal('QUARANTINE_RESOLVED');
    const before = (await results()).length;
    await rowOf(map('MINE-5'), 201);
    await tick();
    expect(await results()).to.have.length(before);
    const client = await f.app.database.superuser();
    const { rows } = await client.query<{ action: string; reason: string | null; company_id: string }>(
      `select action, reason, company_id from change where entity_id = $1`,
      [row.id],
    );
    expect(rows).to.deep.equal([
      { action: 'ingest_quarantine.discard', reason: 'a trial', company_id: OPERATOR_COMPANY },
    ]);
  });
});
