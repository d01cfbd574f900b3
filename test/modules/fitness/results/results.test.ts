import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { trialsOf } from '../../../support/sources.ts';
import { clientOf } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addDepartment, addPerson, addReportingLine, giveWithin } from '../../../support/people.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

interface Result {
  readonly id: string;
  readonly profileId: string;
  readonly level: string;
  readonly action: string;
  readonly source: string;
  readonly attempt: string;
  readonly stands: boolean;
  readonly supersedes: string | null;
  readonly superseding: string | null;
  readonly arrivalFlags: string[];
}

const RESULTS = '/fitness/results';

describe('results through the API', () => {
  let f: FitnessPeople;
  beforeEach(async function prepare() {
    this.timeout(30_000);
    f = await startFitness();
  });
  afterEach(() => f.app.close());

  const report = (answers: object, client = f.as.worker) =>
    rowOf<Result>(client.post('/fitness/self-report', answers), 201);
  const signal = (body: object, client = f.as.colleague) =>
    client.post('/fitness/signal', { profileId: f.people.worker.profileId, ...body });
  const changes = async (action: string) => {
    const client = await f.app.database.superuser();
    const { rows } = await client.query<{ actor_id: string; entity_id: string; after: object }>(
      'select actor_id, entity_id, after from change where company_id = $1 and action = $2',
      [f.companyId, action],
    );
    return rows;
  };
  const manual = (values: object = {}, test: object = {}) => ({
    profileId: f.people.worker.profileId,
    supervised: true,
    reason: 'The kiosk was out of order',
    at: new Date().toISOString(),
    ...values,
    test: {
      kind: 'reaction',
      protocol: 'PVT-B',
      startedAt: new Date(Date.now() - 180_000).toISOString(),
      trials: trialsOf(270),
      ...test,
    },
  });

  it('show the worker and those above level and decision, and nobody else', async () => {
    const mine = await report({ kss: 8, sleep24h: 7, sleep48h: 15, awakeHours: 2 });
    expect(mine).to.include({ level: 'yellow', action: 'second_signal', source: 'SELF_REPORT', stands: true });
    expect(JSON.stringify(mine)).not.to.match(/kss|sleep|SLEEPINESS/i);
    for (const name of ['worker', 'supervisor', 'manager', 'safety'] as const) {
      expect((await itemsOf<Result>(f.as[name], RESULTS)).map(({ id }) => id)).to.deep.equal([mine.id], name);
      expect(await rowOf<Result>(f.as[name].get(`${RESULTS}/${mine.id}`))).to.deep.equal(mine);
    }
    expect(await itemsOf(f.as.colleague, RESULTS)).to.deep.equal([]);
    for (const name of ['colleague', 'stranger'] as const) await rowOf(f.as[name].get(`${RESULTS}/${mine.id}`), 404);
    await rowOf(f.as.admin.get(`${RESULTS}/${mine.id}`), 403);
  });

  it('show raw values to those who are named for it only, and log each read before it is answered', async () => {
    const mine = await report({ kss: 8 });
    const path = `${RESULTS}/${mine.id}/metrics`;
    const read = await rowOf<{ metrics: { kss: number }; reasons: string[] }>(f.as.health.get(path));
    expect(read.metrics).to.deep.equal({ kss: 8, sleep24h: null, sleep48h: null, awakeHours: null, symptoms: null });
    expect(read.reasons[0]).to.equal('SLEEPINESS');
    expect(await changes('test_result.read_metrics')).to.deep.equal([
      {
        actor_id: f.people.health.profileId,
        entity_id: mine.id,
        after: { profileId: f.people.worker.profileId, definitionCode: 'SELF-REPORT' },
      },
    ]);
    for (const name of ['worker', 'supervisor', 'manager', 'safety', 'admin'] as const)
      await rowOf(f.as[name].get(path), 403);
    await rowOf(f.as.outsider.get(path), 404);
    expect(await changes('test_result.read_metrics')).to.have.length(1);
  });

  it('take a self-report of oneself only, with at least one answer', async () => {
    const { profileId } = f.people.colleague;
    expect(await codeOf(f.as.worker.post('/fitness/self-report', { profileId, kss: 3 }), 403)).to.equal(
      'OWN_REPORT_ONLY',
    );
    expect(await codeOf(f.as.safety.post('/fitness/self-report', { profileId, kss: 3 }), 403)).to.equal(
      'OWN_REPORT_ONLY',
    );
    await rowOf(f.as.worker.post('/fitness/self-report', {}), 422);
    await rowOf(f.as.worker.post('/fitness/self-report', { kss: 10 }), 422);
    await rowOf(f.as.worker.post('/fitness/self-report', { sleep24h: 25 }), 422);
    expect(await itemsOf(f.as.safety, RESULTS)).to.deep.equal([]);
  });

  it('write nothing twice under one id of its sender, and take back nothing that was said', async () => {
    const first = await report({ kss: 8, externalId: 'kiosk-1' });
    expect((await report({ kss: 8, externalId: 'kiosk-1' })).id).to.equal(first.id);
    const better = { kss: 2, externalId: 'kiosk-1' };
    expect(await codeOf(f.as.worker.post('/fitness/self-report', better), 409)).to.equal('REPORT_ID_USED');
    const all = await itemsOf<Result>(f.as.safety, RESULTS);
    expect(all.map(({ id, stands, level }) => [id, stands, level])).to.deep.equal([[first.id, true, 'yellow']]);
  });

  it('keep what stands of a person when others send the same id, or the same sender of another person', async () => {
    const externalId = 'same-1';
    const mine = await report({ kss: 8, externalId });
    const other = await report({ kss: 2, externalId }, f.as.colleague);
    expect(other).to.include({ profileId: f.people.colleague.profileId, supersedes: null });
    const refused = { kind: 'clearance', cleared: false, externalId };
    const red = await rowOf<Result>(signal(refused, f.as.manager), 201);
    const peer = await rowOf<Result>(signal({ kind: 'peer', externalId }), 201);
    const also = await rowOf<Result>(
      signal({ kind: 'peer', externalId, profileId: f.people.supervisor.profileId }),
      201,
    );
    const alert = await rowOf<Result>(signal({ kind: 'supervisor', externalId }, f.as.manager), 201);
    for (const one of [red, peer, also, alert]) expect(one.supersedes).to.equal(null);
    expect(peer.level).to.equal('red');
    const standing = await itemsOf<Result>(f.as.safety, `${RESULTS}?stands=true`);
    expect(standing.map(({ id }) => id)).to.have.members([mine, other, red, peer, also, alert].map(({ id }) => id));
  });

  it('are corrected by their sender, as rows of their own', async () => {
    const typed = { kind: 'clearance', externalId: 'ALC-1' };
    const red = await rowOf<Result>(signal({ ...typed, cleared: false }, f.as.manager), 201);
    const corrected = await rowOf<Result>(signal({ ...typed, cleared: true }, f.as.manager), 201);
    expect(corrected).to.include({ supersedes: red.id, superseding: 'correction' });
    const resent = await rowOf<Result>(signal({ ...typed, cleared: true }, f.as.manager), 201);
    expect(resent.id).to.equal(corrected.id);
    expect(await rowOf<Result>(f.as.safety.get(`${RESULTS}/${red.id}`))).to.include({ stands: false, level: 'red' });
  });

  it('are of a time that still matters, and of none to come', async () => {
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
    const faultOf = async (client: Client, path: string, body: object) => {
      const { errors } = await rowOf<{ errors: { pointer: string; code: string }[] }>(client.post(path, body), 422);
      return errors.map(({ pointer, code }) => `${pointer} ${code}`);
    };
    const peer = { profileId: f.people.worker.profileId, kind: 'peer' };
    for (const [minutes, fault] of [
      [-12 * 60 - 1, '/at TOO_LONG_AGO'],
      [6, '/at IN_FUTURE'],
    ] as const) {
      expect(await faultOf(f.as.worker, '/fitness/self-report', { kss: 9, at: at(minutes) })).to.deep.equal([fault]);
      expect(await faultOf(f.as.colleague, '/fitness/signal', { ...peer, at: at(minutes) })).to.deep.equal([fault]);
      expect(
        await faultOf(f.as.safety, RESULTS, { ...manual({ at: at(minutes) }), test: { kind: 'ocular', risk: 'LOW' } }),
      ).to.deep.equal([fault]);
    }
    expect(await report({ kss: 3, at: at(-12 * 60 + 1) })).to.deep.include({ arrivalFlags: ['LATE'] });
    expect(await report({ kss: 3, at: at(4) })).to.deep.include({ arrivalFlags: [] });
  });

  it('weigh two yellow signals of different kinds as orange', async () => {
    await report({ kss: 7 });
    expect(await rowOf<Result>(signal({ kind: 'peer' }), 201)).to.include({ level: 'orange', action: 'hold' });
  });

  it('take from each what they may see: alerts of others, clearances of who answers for them', async () => {
    expect(await rowOf<Result>(signal({ kind: 'peer' }), 201)).to.include({ level: 'yellow', source: 'SIGNAL' });
    expect(await codeOf(signal({ kind: 'peer' }, f.as.worker), 403)).to.equal('SIGNAL_NOT_ALLOWED');
    expect(await codeOf(signal({ kind: 'supervisor' }), 403)).to.equal('SIGNAL_NOT_ALLOWED');
    expect(await codeOf(signal({ kind: 'in_cab' }, f.as.safety), 403)).to.equal('SIGNAL_NOT_ALLOWED');
    const clearance = { kind: 'clearance', cleared: false };
    for (const name of ['colleague', 'supervisor'] as const)
      expect(await codeOf(signal(clearance, f.as[name]), 403)).to.equal('SIGNAL_NOT_ALLOWED');
    await rowOf(signal({ kind: 'supervisor' }, f.as.supervisor), 201);
    expect(await rowOf<Result>(signal(clearance, f.as.manager), 201)).to.include({ level: 'red', action: 'hold' });
    const both = await addPerson(f.app, { companyId: f.companyId, roles: ['supervisor'] });
    const managed = await addPerson(f.app, { companyId: f.companyId, roles: ['worker'] });
    await addReportingLine(f.app, both, managed);
    await giveWithin(f.app, both, await addDepartment(f.app, f.companyId, [managed]), {
      systemRole: 'manager',
    });
    const asBoth = await clientOf(f.app, both);
    await rowOf(signal({ ...clearance, profileId: managed.profileId }, asBoth), 201);
    await rowOf(signal({ kind: 'clearance' }, f.as.safety), 422);
    await rowOf(signal({ kind: 'peer', cleared: true }), 422);
    await rowOf(signal({ profileId: uuidv7(), kind: 'peer' }), 422);
    await rowOf(signal({ profileId: f.people.stranger.profileId, kind: 'peer' }), 422);
  });

  it('are entered by hand for others, with a reason, and never for oneself', async () => {
    const entered = await rowOf<Result>(f.as.safety.post(RESULTS, manual()), 201);
    expect(entered).to.include({ source: 'MANUAL', level: 'green', profileId: f.people.worker.profileId });
    const slow = await rowOf<Result>(f.as.safety.post(RESULTS, manual({}, { trials: trialsOf(900) })), 201);
    expect(slow).to.include({ level: 'red', attempt: 'retake' });
    const ocular = { test: { kind: 'ocular', risk: 'HIGH' } };
    expect(await rowOf<Result>(f.as.safety.post(RESULTS, { ...manual(), ...ocular }), 201)).to.include({
      level: 'red',
    });
    const { profileId } = f.people.safety;
    expect(await codeOf(f.as.safety.post(RESULTS, manual({ profileId })), 403)).to.equal('OWN_RESULT');
    await rowOf(f.as.supervisor.post(RESULTS, manual()), 403);
    await rowOf(f.as.stranger.post(RESULTS, manual()), 422);
    const refused = await rowOf<{ errors: { pointer: string; code: string }[] }>(
      f.as.safety.post(RESULTS, manual({}, { trials: [0.2, 0.3] })),
      422,
    );
    expect(refused.errors).to.have.nested.property('[0].code', 'TRIALS_UNIT');
    await rowOf(f.as.safety.post(RESULTS, manual({}, { kind: 'other' })), 422);
    const logged = await changes('test_result.enter_by_hand');
    expect(logged).to.have.length(3);
  });

  it('tell the person and the direct superiors on the live stream', async () => {
    const mine = await report({ kss: 3 });
    const client = await f.app.database.superuser();
    const { rows } = await client.query<{ profile_id: string }>(
      `select r.profile_id from change_recipient r join change c on c.company_id = r.company_id and c.id = r.change_id
       where c.company_id = $1 and c.entity_id = $2`,
      [f.companyId, mine.id],
    );
    expect(rows.map(({ profile_id }) => profile_id)).to.have.members([
      f.people.worker.profileId,
      f.people.supervisor.profileId,
    ]);
  });
});
