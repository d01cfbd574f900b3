import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, DAY_SHIFT, itemsOf, NIGHT_SHIFT, openMine, rowOf, sweep, tick } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';
import { addDays } from '../../../../src/platform/time/zone.ts';

interface Shift extends Row {
  readonly workDate: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly cancelledBecause: string | null;
}

describe('work assignments', () => {
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date('2027-01-04T12:00:00Z'));
    mine = await openMine(app);
  });
  after(() => app.close());
  beforeEach(async () => {
    await mine.at('2027-01-04T12:00:00Z');
  });

  const move = (row: Row, name: string, body?: object) =>
    mine.admin.post(`/admin/assignment/${row.id}/${name}`, body, version(row.version));
  const shiftsOf = (id: string, filter = '') =>
    itemsOf<Shift>(mine.admin, `/admin/assignment/shift?limit=200&assignmentId=${id}${filter}`);
  const standing = async (id: string) => (await shiftsOf(id)).filter(({ status }) => status !== 'cancelled');
  const fresh = async () => ({ profileId: (await mine.addWorker()).profileId });
  const superuser = async (text: string, values: unknown[]) => (await app.database.superuser()).query(text, values);

  describe('become active', () => {
    it('for an active profile only', async () => {
      const someone = await fresh();
      const row = await mine.draft(someone);
      await superuser(`update profile set status = 'suspended' where id = $1`, [someone.profileId]);
      expect(await codeOf(move(row, 'activate'), 409)).to.equal('PROFILE_NOT_ACTIVE');
      await superuser(`update profile set status = 'active' where id = $1`, [someone.profileId]);
      expect((await rowOf(move(row, 'activate'))).status).to.equal('active');
    });

    it('in an active project only', async () => {
      const projectId = await mine.addProject('P-HELD');
      const row = await mine.draft({ ...(await fresh()), projectId });
      await rowOf(mine.admin.post(`/admin/project/${projectId}/hold`, { reason: 'rain' }, version(2)));
      expect(await codeOf(move(row, 'activate'), 409)).to.equal('PROJECT_NOT_ACTIVE');
    });

    it('under a contract that is in force on every day, of its own project', async () => {
      const contract = async (number: string, values: object) => {
        const body = { number, contractorName: 'X', contractorRut: '76086428-5', startsOn: '2027-01-01', ...values };
        const { id } = await rowOf(mine.admin.post('/admin/contract', body), 201);
        return { id, activate: () => rowOf(mine.admin.post(`/admin/contract/${id}/activate`, undefined, version(1))) };
      };
      const dated = { startsOn: '2027-01-04', endsOn: '2027-01-20' };
      const other = await mine.addProject('P-OTHER');
      const cases = [
        { values: { endsOn: '2027-01-19' }, live: false },
        { values: { startsOn: '2027-01-05' }, live: false },
        { values: { projectId: other }, live: false },
        { values: { endsOn: '2027-01-20', projectId: mine.projectId }, live: true },
        { values: {}, live: true },
      ];
      for (const [index, { values, live }] of cases.entries()) {
        const made = await contract(`K-${index}`, values);
        const row = await mine.draft({ ...(await fresh()), ...dated, contractId: made.id });
        expect(await codeOf(move(row, 'activate'), 409)).to.equal('CONTRACT_NOT_LIVE');
        await made.activate();
        if (live) expect((await rowOf(move(row, 'activate'))).status).to.equal('active');
        else expect(await codeOf(move(row, 'activate'), 409), JSON.stringify(values)).to.equal('CONTRACT_NOT_LIVE');
      }
      const open = await contract('K-OPEN', { endsOn: '2027-06-30' });
      await open.activate();
      const endless = await mine.draft({ ...(await fresh()), contractId: open.id, endsOn: null });
      expect(await codeOf(move(endless, 'activate'), 409)).to.equal('CONTRACT_NOT_LIVE');
    });

    it('with a contract where the person is a contractor’s', async () => {
      const someone = await fresh();
      await superuser(`update profile set kind = 'contractor' where id = $1`, [someone.profileId]);
      expect(await codeOf(move(await mine.draft(someone), 'activate'), 409)).to.equal('CONTRACT_REQUIRED');
    });

    it('once a profile and project; again when the first is over', async () => {
      const someone = await fresh();
      const first = await mine.assign(someone);
      const second = await mine.draft(someone);
      expect(await codeOf(move(second, 'activate'), 409)).to.equal('ASSIGNMENT_ALREADY_ACTIVE');
      await rowOf(move(first, 'end'));
      expect((await rowOf(move(second, 'activate'))).status).to.equal('active');
    });

    it('once, though two are activated at the same time', async () => {
      const someone = await fresh();
      const drafts = await Promise.all(Array.from({ length: 8 }, () => mine.draft(someone)));
      const answers = await Promise.all(drafts.map((row) => move(row, 'activate')));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([
        200,
        ...Array<number>(7).fill(409),
      ]);
    });

    it('if the gate lets the person do this work', async () => {
      const need = { kind: 'skill_certificate', role: 'welder' };
      await rowOf(mine.admin.post('/admin/credential/requirement', need), 201);
      const someone = await fresh();
      const row = await mine.draft({ ...someone, role: 'welder' });
      expect(await codeOf(move(row, 'activate'), 409)).to.equal('GATE_BLOCKED');
      const held = { ...someone, kind: need.kind, issuer: 'X', validFrom: '2027-01-01' };
      const { id } = await rowOf(mine.admin.post('/admin/credential', held), 201);
      await rowOf(mine.admin.put(`/admin/credential/${id}/evidence`, { evidence: 'x' }, version(1)));
      await rowOf(mine.admin.post(`/admin/credential/${id}/validate`, undefined, version(2)));
      expect((await rowOf(move(row, 'activate'))).status).to.equal('active');
    });

    it('not when their last day is over', async () => {
      const row = await mine.draft({ ...(await fresh()), startsOn: '2027-01-01', endsOn: '2027-01-03' });
      expect(await codeOf(move(row, 'activate'), 409)).to.equal('ASSIGNMENT_OVER');
    });
  });

  describe('hold seats', () => {
    const licenses = (profileId: string) => itemsOf(mine.admin, `/admin/license?profileId=${profileId}`);

    it('of the tests that their task kinds require, shared with other assignments, until the last one ends', async () => {
      await mine.addSubscription('SAFER', 2);
      const taskKindIds = [await mine.addTaskKind({ requiredTests: ['SAFER'] })];
      const someone = await fresh();
      const first = await mine.assign({ ...someone, taskKindIds });
      const second = await mine.assign({ ...someone, taskKindIds, projectId: await mine.addProject('P-SEAT') });
      expect((await licenses(someone.profileId)).map(({ status }) => status)).to.deep.equal(['active']);
      const [held] = await licenses(someone.profileId);
      expect(
        await codeOf(mine.admin.post(`/admin/license/${held!.id}/release`, undefined, version(held!.version)), 409),
      ).to.equal('LICENSE_IN_USE');
      await rowOf(move(first, 'end'));
      expect((await licenses(someone.profileId)).map(({ status }) => status)).to.deep.equal(['active']);
      const suspended = await rowOf(move(second, 'suspend', { reason: 'x' }));
      expect((await licenses(someone.profileId)).map(({ status }) => status)).to.deep.equal(['active']);
      await rowOf(move(suspended, 'end'));
      expect((await licenses(someone.profileId)).map(({ status }) => status)).to.deep.equal(['released']);
    });

    it('never more than were bought: of twenty at once, two get the last two', async () => {
      const companyMine = await openMine(app);
      await companyMine.addSubscription('FIT2000', 2);
      const taskKindIds = [await companyMine.addTaskKind({ requiredTests: ['FIT2000'] })];
      const drafts: Row[] = [];
      for (let n = 0; n < 20; n += 1)
        drafts.push(await companyMine.draft({ profileId: (await companyMine.addWorker()).profileId, taskKindIds }));
      const answers = await Promise.all(
        drafts.map(({ id }) => companyMine.admin.post(`/admin/assignment/${id}/activate`, undefined, version(1))),
      );
      expect(answers.filter(({ status }) => status === 200)).to.have.length(2);
      const refused = answers.filter(({ status }) => status === 409).map(({ body }) => (body as { code: string }).code);
      expect(refused).to.deep.equal(Array(18).fill('NO_SEAT'));
      expect(await itemsOf(companyMine.admin, '/admin/license?status=active')).to.have.length(2);
      expect(await itemsOf(companyMine.admin, '/admin/assignment?status=active')).to.have.length(2);
    });

    it('and stay drafts without a subscription', async () => {
      const taskKindIds = [await mine.addTaskKind({ requiredTests: ['CHECKINGMATE'] })];
      const row = await mine.draft({ ...(await fresh()), taskKindIds });
      expect(await codeOf(move(row, 'activate'), 409)).to.equal('NO_SUBSCRIPTION');
      expect((await rowOf(mine.admin.get(`/admin/assignment/${row.id}`))).status).to.equal('draft');
    });
  });

  describe('have shifts', () => {
    it('planned from today to fourteen days ahead, once, however often the roster is expanded', async () => {
      const shiftPatternId = await mine.addPattern([DAY_SHIFT, { kind: 'off' }]);
      const { id } = await mine.assign({ ...(await fresh()), shiftPatternId });
      const days = (await shiftsOf(id)).map(({ workDate }) => workDate);
      expect(days).to.deep.equal([0, 2, 4, 6, 8, 10, 12, 14].map((n) => addDays('2027-01-04', n)));
      await Promise.all([1, 2, 3].map(() => tick(app, mine.companyId, 'workforce.rosters.expand')));
      expect(await shiftsOf(id)).to.have.length(8);
      await mine.at('2027-01-06T12:00:00Z');
      await tick(app, mine.companyId, 'workforce.rosters.expand');
      expect((await shiftsOf(id)).map(({ workDate }) => workDate).at(-1)).to.equal('2027-01-20');
    });

    it('only on their own days, with the pattern’s first day on the day that is named', async () => {
      const shiftPatternId = await mine.addPattern([DAY_SHIFT, NIGHT_SHIFT, { kind: 'off' }]);
      const dates = { startsOn: '2027-01-06', endsOn: '2027-01-09', patternStartsOn: '2027-01-05' };
      const { id } = await mine.assign({ ...(await fresh()), shiftPatternId, ...dates });
      const made = (await shiftsOf(id)) as (Shift & { kind: string })[];
      expect(made.map(({ workDate, kind }) => [workDate, kind])).to.deep.equal([
        ['2027-01-06', 'night'],
        ['2027-01-08', 'day'],
        ['2027-01-09', 'night'],
      ]);
    });

    it('that never overlap those of another assignment of the person', async () => {
      const someone = await fresh();
      await mine.assign({ ...someone, shiftPatternId: await mine.addPattern([DAY_SHIFT]) });
      const projectId = await mine.addProject('P-TWICE');
      const clash = [{ kind: 'day' as const, start: '18:59', minutes: 60 }];
      const row = await mine.draft({ ...someone, projectId, shiftPatternId: await mine.addPattern(clash) });
      expect(await codeOf(move(row, 'activate'), 409)).to.equal('SHIFT_OVERLAP');
      const after = [{ kind: 'day' as const, start: '19:00', minutes: 60 }];
      const { id } = await mine.assign({ ...someone, projectId, shiftPatternId: await mine.addPattern(after) });
      expect(await shiftsOf(id)).to.have.length(15);
      const [one] = await shiftsOf(id);
      const { rows } = await superuser(
        `select count(*)::int as n from shift s join shift t on t.profile_id = s.profile_id and t.id > s.id
         where s.profile_id = $1 and tstzrange(s.starts_at, s.ends_at) && tstzrange(t.starts_at, t.ends_at)`,
        [someone.profileId],
      );
      expect(rows).to.deep.equal([{ n: 0 }]);
      const moved = superuser(`update shift set starts_at = starts_at - interval '1 minute' where id = $1`, [one!.id]);
      expect(await moved.catch((error: unknown) => (error as { constraint: string }).constraint)).to.equal(
        'shift_overlap_excl',
      );
    });

    it('of which a suspension cancels those to come, and that come back with the resumption', async () => {
      const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
      let row = await mine.assign({ ...(await fresh()), shiftPatternId });
      const [today, , third] = await shiftsOf(row.id);
      await rowOf(
        mine.admin.post(`/admin/assignment/shift/${third!.id}/cancel`, { reason: 'x' }, version(third!.version)),
      );
      row = await rowOf(move(row, 'suspend', { reason: 'medical' }));
      expect((await standing(row.id)).map(({ id }) => id)).to.deep.equal([today!.id]);
      row = await rowOf(move(row, 'resume'));
      const days = (await standing(row.id)).map(({ workDate }) => workDate);
      expect(days).to.have.length(14);
      expect(days).to.not.include(third!.workDate);
    });

    it('that end with them, by hand or when the last day is over', async () => {
      const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
      const someone = await fresh();
      const first = await mine.assign({ ...someone, shiftPatternId });
      await rowOf(move(first, 'end'));
      expect((await standing(first.id)).map(({ workDate }) => workDate)).to.deep.equal(['2027-01-04']);
      const second = await mine.assign({ ...(await fresh()), shiftPatternId, endsOn: '2027-01-10' });
      await mine.at('2027-01-11T02:59:59Z');
      await sweep(app, mine.companyId, 'work_assignment', second.id, 'expire');
      expect((await rowOf(mine.admin.get(`/admin/assignment/${second.id}`))).status).to.equal('active');
      await mine.at('2027-01-11T03:00:00Z');
      await sweep(app, mine.companyId, 'work_assignment', second.id, 'expire');
      expect((await rowOf(mine.admin.get(`/admin/assignment/${second.id}`))).status).to.equal('ended');
    });

    it('follow a last day that is moved, forward and back', async () => {
      const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
      let row = await mine.assign({ ...(await fresh()), shiftPatternId });
      const edit = (body: object) => mine.admin.patch(`/admin/assignment/${row.id}`, body, version(row.version));
      expect(await codeOf(edit({ role: 'driver' }), 409)).to.equal('ASSIGNMENT_BEGUN');
      row = await rowOf(edit({ endsOn: '2027-01-07' }));
      expect((await standing(row.id)).map(({ workDate }) => workDate).at(-1)).to.equal('2027-01-07');
      row = await rowOf(edit({ endsOn: '2027-01-09' }));
      await tick(app, mine.companyId, 'workforce.rosters.expand');
      expect((await standing(row.id)).map(({ workDate }) => workDate).at(-1)).to.equal('2027-01-09');
    });
  });

  describe('are within the reach of their reader', () => {
    it('self, direct reports, hierarchy, company', async () => {
      const other = await openMine(app);
      const row = await mine.assign(await fresh());
      const above = await mine.draft({ profileId: mine.people.admin.profileId });
      await mine.manager.get(`/admin/assignment/${row.id}`).expect(200);
      await mine.supervisor.get(`/admin/assignment/${row.id}`).expect(200);
      await mine.worker.get(`/admin/assignment/${row.id}`).expect(404);
      await other.admin.get(`/admin/assignment/${row.id}`).expect(404);
      await mine.manager.get(`/admin/assignment/${above.id}`).expect(404);
      await mine.manager.post(`/admin/assignment/${above.id}/activate`, undefined, version(1)).expect(404);
    });

    it('and so is whom they are made for', async () => {
      const body = { projectId: mine.projectId, role: 'operator', taskKindIds: [], startsOn: '2027-01-04' };
      const outside = await addPerson(app, { companyId: mine.companyId, roles: ['worker'] });
      const answer = mine.manager.post('/admin/assignment', { ...body, profileId: outside.profileId });
      expect(await codeOf(answer, 422)).to.equal('INVALID');
      const inside = mine.manager.post('/admin/assignment', { ...body, profileId: mine.people.worker.profileId });
      expect((await rowOf(inside, 201)).status).to.equal('draft');
      const elsewhere = await openMine(app);
      const foreign = { ...body, profileId: elsewhere.people.worker.profileId };
      expect(await codeOf(mine.admin.post('/admin/assignment', foreign), 422)).to.equal('INVALID');
      const strange = { ...body, profileId: mine.people.worker.profileId, projectId: elsewhere.projectId };
      expect(await codeOf(mine.admin.post('/admin/assignment', strange), 422)).to.equal('UNKNOWN_REFERENCE');
      const taskKindIds = [await elsewhere.addTaskKind()];
      const kinds = { ...body, profileId: mine.people.worker.profileId, taskKindIds };
      expect(await codeOf(mine.admin.post('/admin/assignment', kinds), 422)).to.equal('INVALID');
      expect(await clientOf(app, outside)).to.be.an('object');
    });
  });
});
