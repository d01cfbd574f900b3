import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import { version } from '../../../support/client.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

interface Policy {
  readonly id: string;
  readonly version: number;
  readonly revision: number;
  readonly status: string;
  readonly riskGroupId: string | null;
  readonly policy: typeof DEFAULT_FITNESS_POLICY;
}

const POLICIES = '/fitness/policies';

describe('fitness policies', () => {
  let f: FitnessPeople;
  beforeEach(async function prepare() {
    this.timeout(30_000);
    f = await startFitness();
  });
  afterEach(() => f.app.close());

  const policy = (values: object = {}) => ({ ...DEFAULT_FITNESS_POLICY, ...values });
  const create = (body: object = {}, client = f.as.safety) => client.post(POLICIES, { policy: policy(), ...body });
  const revise = (id: string, at: number, values: object = {}) =>
    f.as.safety.post(`${POLICIES}/${id}/revise`, { policy: policy(values), reason: 'after the audit' }, version(at));
  const addGroup = async (highRisk: boolean, client = f.as.admin) =>
    (await rowOf(client.post('/fitness/risk-group', { name: `G ${uuidv7()}`, highRisk }), 201)).id;
  const report = () =>
    rowOf<{ level: string; action: string; policyId: string | null }>(
      f.as.worker.post('/fitness/self-report', { kss: 6 }),
      201,
    );
  const assignGroup = async (riskGroupId: string) => {
    const client = await f.app.database.superuser();
    await client.query('update profile set risk_group_id = $2 where id = $1', [f.people.worker.profileId, riskGroupId]);
  };

  it('begin with the product’s default, which anybody who may read policies sees', async () => {
    const { policy: shown } = await rowOf<Policy>(f.as.safety.get(`${POLICIES}/default`));
    expect(shown).to.deep.equal(DEFAULT_FITNESS_POLICY);
    await rowOf(f.as.supervisor.get(`${POLICIES}/default`), 403);
    expect(await report()).to.include({ level: 'none', policyId: null });
  });

  it('are changed by versions only: old ones stay, and results keep the one they were judged by', async () => {
    const first = await rowOf<Policy>(create(), 201);
    expect(first).to.include({ revision: 1, status: 'active', riskGroupId: null });
    expect(await report()).to.include({ level: 'none', policyId: first.id });
    const second = await rowOf<Policy>(revise(first.id, 1, { yellowKss: 6 }), 201);
    expect(second).to.include({ revision: 2, status: 'active' });
    expect(await report()).to.include({ level: 'yellow', policyId: second.id });
    const old = await rowOf<Policy>(f.as.safety.get(`${POLICIES}/${first.id}`));
    expect(old).to.include({ status: 'superseded', version: 2 });
    expect(old.policy).to.deep.equal(DEFAULT_FITNESS_POLICY);
    expect(await codeOf(revise(first.id, 2), 409)).to.equal('POLICY_SUPERSEDED');
    await rowOf(revise(second.id, 7), 412);
    expect((await itemsOf<Policy>(f.as.safety, `${POLICIES}?status=active`)).map(({ id }) => id)).to.deep.equal([
      second.id,
    ]);
  });

  it('hold for their risk group before the company’s default; a high-risk group is held where others are restricted', async () => {
    const riskGroupId = await addGroup(true);
    await rowOf(create(), 201);
    const own = await rowOf<Policy>(create({ riskGroupId, policy: policy({ yellowKss: 6 }) }), 201);
    expect(await report()).to.include({ level: 'none' });
    await assignGroup(riskGroupId);
    expect(await report()).to.include({ level: 'yellow', action: 'hold', policyId: own.id });
  });

  it('say which levels hold in a group that is not high-risk', async () => {
    const first = await rowOf<Policy>(create({ policy: policy({ yellowKss: 6 }) }), 201);
    expect(await report()).to.include({ level: 'yellow', action: 'second_signal' });
    const lighter = { yellowKss: 6, alsoHeld: { levels: ['yellow'], missing: [] } };
    await rowOf(revise(first.id, 1, lighter), 422);
    await rowOf(revise(first.id, 1, { ...lighter, alsoHeld: { levels: ['yellow', 'none'], missing: [] } }), 201);
    expect(await report()).to.include({ level: 'yellow', action: 'hold' });
    expect(await itemsOf(f.as.supervisor, '/fitness/cases')).to.have.length(1);
  });

  it('are one a group', async () => {
    const riskGroupId = await addGroup(false);
    const answers = await Promise.all([1, 2, 3, 4].map(() => create({ riskGroupId })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([201, 409, 409, 409]);
    await rowOf(create(), 201);
    expect(await codeOf(create(), 409)).to.equal('POLICY_EXISTS');
  });

  it('must fit: limits in order, groups of the own company', async () => {
    const faults = async (body: object) =>
      (await rowOf<{ errors: { pointer: string; code: string }[] }>(create(body), 422)).errors;
    const bands = { protocol: 'PVT-B', yellowLapses: 30, redAboveLapses: 20 };
    expect(await faults({ policy: policy({ bands }) })).to.have.nested.property('[0].code', 'POLICY_BANDS_ORDER');
    expect(await faults({ policy: policy({ yellowKss: 11 }) })).to.have.nested.property(
      '[0].pointer',
      '/policy/yellowKss',
    );
    expect(await faults({ policy: policy({ unknown: 1 }) })).to.have.nested.property('[0].pointer', '/policy/unknown');
    expect(await faults({ riskGroupId: uuidv7() })).to.have.nested.property('[0].pointer', '/riskGroupId');
    const theirs = await addGroup(false, f.as.admin);
    await rowOf(create({ riskGroupId: theirs }, f.as.stranger), 422);
    await rowOf(create({}, f.as.admin), 403);
    await rowOf(create({}, f.as.manager), 403);
  });
});
