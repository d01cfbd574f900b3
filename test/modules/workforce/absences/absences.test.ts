import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { codeOf, itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine } from '../../../support/workforce.ts';

describe('leave and declared hours', () => {
  let app: TestApp;
  let mine: Mine;
  before(async () => {
    app = await startApp();
    mine = await openMine(app);
  });
  after(() => app.close());

  it('leave is kept by managers for the people they reach, first day to last', async () => {
    const leave = {
      profileId: mine.people.worker.profileId,
      kind: 'vacation',
      startsOn: '2027-02-01',
      endsOn: '2027-02-14',
    };
    const path = '/admin/assignment/leave';
    const row = await rowOf(mine.manager.post(path, leave), 201);
    expect(await codeOf(mine.manager.post(path, { ...leave, endsOn: '2027-01-31' }), 422)).to.equal('INVALID');
    expect(await codeOf(mine.manager.patch(`${path}/${row.id}`, { endsOn: '2027-01-31' }, version(1)), 422)).to.equal(
      'INVALID',
    );
    const above = { ...leave, profileId: mine.people.admin.profileId };
    expect(await codeOf(mine.manager.post(path, above), 422)).to.equal('INVALID');
    await mine.supervisor.post(path, leave).expect(403);
    expect(await itemsOf(mine.worker, path)).to.have.length(1);
    expect(await itemsOf(mine.worker, `${path}?from=2027-02-15`)).to.have.length(0);
    expect(await itemsOf(mine.worker, `${path}?from=2027-02-14&to=2027-02-14`)).to.have.length(1);
    const other = await openMine(app);
    expect(await itemsOf(other.admin, path)).to.have.length(0);
    await other.admin.get(`${path}/${row.id}`).expect(404);
    await mine.manager.del(`${path}/${row.id}`, version(1)).expect(204);
    expect(await itemsOf(mine.worker, path)).to.have.length(0);
  });

  it('hours elsewhere are declared by the person, once a day and employer, a day at most', async () => {
    const path = '/admin/assignment/declared-hours';
    const hours = { profileId: mine.people.worker.profileId, employer: 'Taxi', workedOn: '2027-02-01', minutes: 240 };
    const row = await rowOf(mine.worker.post(path, hours), 201);
    expect(await codeOf(mine.worker.post(path, hours), 409)).to.equal('DUPLICATE');
    expect(await codeOf(mine.worker.post(path, { ...hours, minutes: 1_441 }), 422)).to.equal('INVALID');
    const peer = await mine.addWorker();
    expect(await codeOf(mine.worker.post(path, { ...hours, profileId: peer.profileId }), 422)).to.equal('INVALID');
    expect(await itemsOf(mine.supervisor, `${path}?profileId=${hours.profileId}`)).to.have.length(1);
    await app.http
      .get(`/angelis${path}/${row.id}`)
      .set({ authorization: await peer.bearer() })
      .expect(404);
    const changed = await rowOf<{ minutes: number }>(
      mine.worker.patch(`${path}/${row.id}`, { minutes: 60 }, version(1)),
    );
    expect(changed.minutes).to.equal(60);
  });
});
