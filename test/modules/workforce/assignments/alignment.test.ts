import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { DAY_SHIFT, itemsOf, openMine, rowOf, sweep, tick } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

const WHY = { reason: 'x' };
const MORNING = '2027-01-04T09:00:00Z';

describe('work follows its person, project and contract', () => {
  let app: TestApp;
  let mine: Mine;
  let patternId: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    app.clock.set(new Date(MORNING));
    mine = await openMine(app);
    patternId = await mine.addPattern([DAY_SHIFT]);
    await mine.addSubscription('SAFER', 50);
    await mine.addSubscription('FIT2000', 50);
  });
  after(() => app.close());
  beforeEach(() => mine.at(MORNING));

  const query = async <R extends object>(text: string, values: unknown[]): Promise<R[]> =>
    (await (await app.database.superuser()).query<R>(text, values)).rows;
  const addContract = async (): Promise<string> => {
    n += 1;
    const body = { number: `C-${n}`, contractorName: 'X', contractorRut: '76086428-5', startsOn: '2027-01-01' };
    const { id } = await rowOf(mine.admin.post('/admin/contract', { ...body, endsOn: '2027-03-31' }), 201);
    await rowOf(mine.admin.post(`/admin/contract/${id}/activate`, undefined, version(1)));
    return id;
  };
  /** Somebody at work: an active assignment with a seat and shifts, a draft, and a license by hand. */
  const atWork = async () => {
    n += 1;
    const { profileId } = await mine.addWorker();
    const projectId = await mine.addProject(`PA-${n}`);
    const contractId = await addContract();
    const taskKindIds = [await mine.addTaskKind({ requiredTests: ['SAFER'] })];
    const about = { profileId, projectId, taskKindIds, contractId };
    const { id } = await mine.assign({ ...about, shiftPatternId: patternId });
    const { id: draftId } = await mine.draft({ ...about, contractId: null });
    await rowOf(mine.admin.post('/admin/license', { offering: 'FIT2000', profileId }), 201);
    return { profileId, projectId, contractId, id, draftId };
  };
  type Worker = Awaited<ReturnType<typeof atWork>>;
  const statusOf = async (id: string) => (await rowOf(mine.admin.get(`/admin/assignment/${id}`))).status;
  const planned = async ({ id }: Worker): Promise<number> =>
    (await itemsOf(mine.admin, `/admin/assignment/shift?limit=200&assignmentId=${id}&status=planned`)).length;
  const seats = async ({ profileId }: Worker): Promise<string[]> =>
    (await itemsOf<Row & { offering: string }>(mine.admin, `/admin/license?profileId=${profileId}`))
      .filter(({ status }) => status === 'active')
      .map(({ offering }) => offering);
  const move = async (entity: string, id: string, name: string, body?: object): Promise<void> => {
    const row = await rowOf(mine.admin.get(`/admin/${entity}/${id}`));
    await rowOf(mine.admin.post(`/admin/${entity}/${id}/${name}`, body, version(row.version)));
    await settled();
  };
  /** All jobs are done, and none of them had to be tried again. */
  const settled = async (): Promise<void> => {
    await app.idle();
    expect(await query('select job, last_error from outbox where attempts > 1', [])).to.deep.equal([]);
  };
  const required = async ({ profileId }: Worker): Promise<number> =>
    (
      await query('select 1 from requirement where profile_id = $1 and deleted_at is null and status = $2', [
        profileId,
        'due',
      ])
    ).length;
  const reasons = (id: string) =>
    query<{ action: string; reason: string | null }>(
      `select action, reason from change where entity = 'work_assignment' and entity_id = $1 and action <> 'work_assignment.create'`,
      [id],
    );

  it('of somebody who left: assignments, shifts, seats and required tests end with them, and say why', async () => {
    const worker = await atWork();
    const { profileId, id, draftId } = worker;
    expect(await planned(worker)).to.equal(15);
    expect(await seats(worker)).to.have.members(['SAFER', 'FIT2000']);
    expect(await required(worker)).to.be.greaterThan(0);
    await move('profile', profileId, 'end', WHY);
    expect([await statusOf(id), await statusOf(draftId)]).to.deep.equal(['ended', 'cancelled']);
    expect(await planned(worker)).to.equal(0);
    expect(await seats(worker)).to.deep.equal([]);
    expect(await reasons(id)).to.deep.include({ action: 'work_assignment.end', reason: 'PROFILE_ENDED' });
    await mine.at('2027-01-20T12:00:00Z');
    await tick(app, mine.companyId, 'workforce.rosters.expand');
    await tick(app, mine.companyId, 'fitness.requirements.close');
    expect(await planned(worker)).to.equal(0);
    const counted = await query('select status from requirement where profile_id = $1 and deleted_at is null', [
      profileId,
    ]);
    expect(counted).to.deep.equal([]);
  });

  it('of a temporary person whose time is over, without anybody asking', async () => {
    const worker = await atWork();
    const { profileId, id } = worker;
    const row = await rowOf(mine.admin.get(`/admin/profile/${profileId}`));
    const until = { kind: 'temporary', expiresAt: '2027-01-05T12:00:00.000Z' };
    await rowOf(mine.admin.patch(`/admin/profile/${profileId}`, until, version(row.version)));
    await mine.at('2027-01-05T12:01:00Z');
    await sweep(app, mine.companyId, 'profile', profileId, 'expire');
    await settled();
    expect(await statusOf(id)).to.equal('ended');
    expect(await seats(worker)).to.deep.equal([]);
  });

  for (const [name, body] of [
    ['cancel', WHY],
    ['complete', undefined],
  ] as const)
    it(`of a project: ${name}`, async () => {
      const worker = await atWork();
      await move('project', worker.projectId, name, body);
      expect([await statusOf(worker.id), await statusOf(worker.draftId)]).to.deep.equal(['ended', 'cancelled']);
      expect(await planned(worker)).to.equal(0);
      expect(await required(worker)).to.equal(0);
      expect(await seats(worker)).to.deep.equal(['FIT2000']);
      expect(await reasons(worker.id)).to.deep.include({ action: 'work_assignment.end', reason: 'PROJECT_OVER' });
    });

  it('of a contract that ends, or whose last day is over; a draft may still get another', async () => {
    const [first, second] = [await atWork(), await atWork()];
    await move('contract', first.contractId, 'end');
    await query(`update contract set ends_at = '2027-01-04T08:00:00Z' where id = $1`, [second.contractId]);
    await sweep(app, mine.companyId, 'contract', second.contractId, 'expire');
    await settled();
    for (const worker of [first, second]) {
      expect([await statusOf(worker.id), await statusOf(worker.draftId)]).to.deep.equal(['ended', 'draft']);
      expect(await planned(worker)).to.equal(0);
      expect(await seats(worker)).to.deep.equal(['FIT2000']);
    }
  });

  it('stands still while one of them is suspended, and goes on where it was', async () => {
    const grounds = [
      ['profile', 'suspend', 'resume'],
      ['project', 'hold', 'activate'],
      ['contract', 'suspend', 'resume'],
    ] as const;
    for (const [entity, stop, go] of grounds) {
      const worker = await atWork();
      const id = worker[`${entity}Id`];
      const before = await required(worker);
      await move(entity, id, stop, WHY);
      await tick(app, mine.companyId, 'workforce.rosters.expand');
      expect([await statusOf(worker.id), await planned(worker), await required(worker)], entity).to.deep.equal([
        'active',
        0,
        0,
      ]);
      expect(await seats(worker)).to.have.members(['SAFER', 'FIT2000']);
      await move(entity, id, go);
      expect([await planned(worker), await required(worker)], entity).to.deep.equal([15, before]);
    }
  });

  it('ends once, though person, project and contract end at the same time', async () => {
    const worker = await atWork();
    const end = (entity: string, id: string, name: string, body?: object) =>
      rowOf(mine.admin.get(`/admin/${entity}/${id}`)).then((row) =>
        rowOf(mine.admin.post(`/admin/${entity}/${id}/${name}`, body, version(row.version))),
      );
    await Promise.all([
      end('profile', worker.profileId, 'end', WHY),
      end('project', worker.projectId, 'cancel', WHY),
      end('contract', worker.contractId, 'end'),
    ]);
    await settled();
    expect((await reasons(worker.id)).filter(({ action }) => action === 'work_assignment.end')).to.have.length(1);
    expect(await seats(worker)).to.deep.equal([]);
  });
});
