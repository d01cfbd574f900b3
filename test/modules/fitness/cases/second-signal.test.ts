import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { OwnedTest } from '../../../../src/modules/fitness/intake/content.ts';
import { createIntake } from '../../../../src/modules/fitness/intake/intake.ts';
import * as policies from '../../../../src/modules/fitness/policies.reads.ts';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { wireFitnessCases } from '../../../../src/wiring/fitness-cases.ts';
import { trialsOf } from '../../../support/sources.ts';
import { clientOf } from '../../../support/client.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

const MINUTE = 60_000;
const KSS = { kss: 8 };

describe('the restrictions of a yellow', () => {
  let f: FitnessPeople;
  let start: number;
  beforeEach(async function prepare() {
    this.timeout(30_000);
    f = await startFitness();
    start = Math.floor(Date.now() / MINUTE) * MINUTE;
    f.app.clock.set(new Date(start));
  });
  afterEach(() => f.app.close());

  const later = (minutes: number) => f.app.clock.set(new Date(start + minutes * MINUTE));
  const sent = async (
    who: 'worker' | 'colleague' | 'supervisor' | 'safety',
    path: string,
    body: object,
  ): Promise<string> => {
    const client = await clientOf(f.app, f.people[who]);
    return (await rowOf<{ level: string }>(client.post(`/fitness/${path}`, body), 201)).level;
  };
  const report = (answers: object) => sent('worker', 'self-report', answers);
  const byHand = (test: object, at?: Date) =>
    sent('safety', 'results', {
      profileId: f.people.worker.profileId,
      supervised: true,
      reason: 'second signal',
      test,
      ...(at !== undefined && { at: at.toISOString() }),
    });
  const reaction = (mean: number, seconds = 180) =>
    byHand({
      kind: 'reaction',
      protocol: 'PVT-B',
      startedAt: new Date(f.app.clock.now().getTime() - seconds * 1_000).toISOString(),
      trials: trialsOf(mean),
    });
  const ocular = (risk: 'HIGH' | 'LOW') => byHand({ kind: 'ocular', risk });
  const restrictions = async (): Promise<(string | null)[]> => {
    const client = await f.app.database.superuser();
    const { rows } = await client.query<{ ended_because: string | null }>(
      `select ended_because from hold where company_id = $1 and profile_id = $2 and kind = 'restrictions' order by id`,
      [f.companyId, f.people.worker.profileId],
    );
    await client.end();
    return rows.map(({ ended_because }) => ended_because);
  };

  it('stay when the person says something better', async () => {
    expect(await report(KSS)).to.equal('yellow');
    later(5);
    expect(await report({ kss: 2, symptoms: false })).to.equal('yellow');
    expect([...new Set(await restrictions())]).to.deep.equal([null]);
  });

  it('end with a measurement of another kind that is green by itself', async () => {
    await report(KSS);
    later(5);
    expect(await reaction(270)).to.equal('yellow');
    expect(await restrictions()).to.deep.equal(['second_signal']);
  });

  it('end also where both arrive in one batch, and stay where the order is the other one', async () => {
    const { platform } = f.app;
    const { outcome } = wireFitnessCases(platform, { notices: [] });
    const intake = createIntake({ ...platform, outcome, policies });
    const at = (minutes: number) => new Date(start + minutes * MINUTE);
    const given = (minutes: number) => ({
      externalId: `${minutes}`,
      contentHash: createHash('sha256').update(`${minutes}`).digest(),
      startedAt: null,
      takenAt: at(minutes),
      deviceSerial: null,
      qualityFlags: [],
      supervised: true,
      practice: false,
      profileId: f.people.worker.profileId,
    });
    const sleepy = (minutes: number): OwnedTest => ({
      ...given(minutes),
      source: 'SELF_REPORT',
      definitionCode: 'SELF-REPORT',
      content: {
        kind: 'self_report',
        report: { kss: 8, sleep24h: null, sleep48h: null, awakeHours: null, symptoms: null },
      },
    });
    const low = (minutes: number): OwnedTest => ({
      ...given(minutes),
      source: 'FIT2000',
      definitionCode: 'OCULAR',
      content: {
        kind: 'ocular',
        pupilDiameter: null,
        constrictionAmplitude: null,
        constrictionLatency: null,
        saccadicVelocity: null,
        risk: 'LOW',
        index: null,
        quality: 9,
      },
    });
    const take = (...tests: OwnedTest[]) =>
      platform.db.write(systemScope(f.companyId, 'test', '0'.repeat(32)), (tx) => intake.take(tx, tests));
    await take(sleepy(-4), low(-3));
    expect(await restrictions()).to.deep.equal(['second_signal']);
    later(60);
    await take(low(58), sleepy(59));
    expect(await restrictions()).to.deep.equal(['second_signal', null]);
  });

  it('stay through retakes of the same kind, and through an invalid test', async () => {
    expect(await ocular('HIGH')).to.equal('yellow');
    later(5);
    expect(await ocular('LOW')).to.equal('yellow');
    expect(await restrictions())
      .to.include(null)
      .and.not.include('second_signal');
    later(10);
    expect(await reaction(270, 60)).to.equal('yellow');
    expect(await restrictions())
      .to.include(null)
      .and.not.include('second_signal');
    later(15);
    expect(await reaction(270)).to.equal('yellow');
    expect(await restrictions()).to.not.include(null);
  });

  it('stay when the measurement was taken before the yellow, and came later', async () => {
    later(30);
    await report(KSS);
    await byHand({ kind: 'ocular', risk: 'LOW' }, new Date(start + 10 * MINUTE));
    expect(await restrictions()).to.deep.equal([null]);
  });

  it('of an alert of others end with the test for its cause', async () => {
    const alert = { profileId: f.people.worker.profileId, kind: 'peer' };
    expect(await sent('colleague', 'signal', alert)).to.equal('yellow');
    later(1);
    await report({ kss: 3 });
    expect(await restrictions())
      .to.include(null)
      .and.not.include('second_signal');
    later(5);
    await reaction(270);
    expect(await restrictions()).to.not.include(null);
  });

  it('of an alert of others stay through a green of another kind while its test is due, and what it coloured, too', async () => {
    await sent('colleague', 'signal', { profileId: f.people.worker.profileId, kind: 'peer' });
    later(1);
    expect(await report({ kss: 3 })).to.equal('yellow');
    later(2);
    expect(await ocular('LOW')).to.equal('yellow');
    expect(await restrictions()).to.deep.equal([null, null]);
    later(6);
    await reaction(270);
    expect(await restrictions()).to.deep.equal(['second_signal', 'second_signal']);
  });

  it('of a later alert stay through a test that was taken before it and came after it', async () => {
    const { profileId } = f.people.worker;
    await sent('colleague', 'signal', { profileId, kind: 'peer' });
    later(10);
    await sent('supervisor', 'signal', { profileId, kind: 'supervisor' });
    later(11);
    const startedAt = new Date(start + 5 * MINUTE).toISOString();
    const test = { kind: 'reaction', protocol: 'PVT-B', startedAt, trials: trialsOf(270) };
    expect(await byHand(test, new Date(start + 8 * MINUTE))).to.equal('yellow');
    const safety = await clientOf(f.app, f.people.safety);
    const path = `/fitness/requirements?profileId=${profileId}&kind=for_cause`;
    const asked = await itemsOf<{ status: string }>(safety, path);
    expect(asked.map(({ status }) => status)).to.deep.equal(['due']);
    expect(await restrictions()).to.include(null);
    later(16);
    await reaction(270);
    expect(await restrictions()).to.not.include(null);
    later(17);
    expect(await report({ kss: 3 })).to.equal('green');
  });

  it('of many alerts end with one test for their cause, and nobody alerts twice while one weighs', async () => {
    const { profileId } = f.people.worker;
    const peer = { profileId, kind: 'peer' };
    const asked = async () => {
      const safety = await clientOf(f.app, f.people.safety);
      const path = `/fitness/requirements?profileId=${profileId}&kind=for_cause`;
      return itemsOf<{ id: string; status: string; version: number }>(safety, path);
    };
    const causes = async () => (await asked()).map(({ status }) => status);
    expect(await sent('colleague', 'signal', peer)).to.equal('yellow');
    later(1);
    expect(await sent('supervisor', 'signal', { profileId, kind: 'supervisor' })).to.equal('yellow');
    const colleague = await clientOf(f.app, f.people.colleague);
    expect(await codeOf(colleague.post('/fitness/signal', peer), 409)).to.equal('ALERT_OPEN');
    expect(await causes()).to.deep.equal(['due']);
    later(5);
    await reaction(270);
    expect(await causes()).to.deep.equal(['done_on_time']);
    expect(await restrictions()).to.not.include(null);
    later(6);
    expect(await report({ kss: 3 })).to.equal('green');
    expect(await sent('colleague', 'signal', peer)).to.equal('yellow');
    expect(await causes()).to.have.members(['done_on_time', 'due']);
    const { id, version } = (await asked()).find(({ status }) => status === 'due')!;
    const supervisor = await clientOf(f.app, f.people.supervisor);
    const excuse = { reason: 'other' };
    await rowOf(supervisor.post(`/fitness/requirements/${id}/excuse`, excuse).set('if-match', `"${version}"`));
    later(7);
    expect(await report({ kss: 3 })).to.equal('yellow');
    expect(await sent('colleague', 'signal', peer)).to.equal('yellow');
    expect(await causes()).to.have.members(['done_on_time', 'excused', 'due']);
  });

  it('become a hold when the second signal is yellow too', async () => {
    await report(KSS);
    later(5);
    expect(await ocular('HIGH')).to.equal('red');
    expect(await restrictions()).to.deep.equal([null]);
  });
});
