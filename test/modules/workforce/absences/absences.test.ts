import { expect } from 'chai';
import { addDays } from '../../../../src/platform/time/zone.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import type { TestPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine } from '../../../support/workforce.ts';

describe('leave and declared hours', () => {
  let app: TestApp;
  let mine: Mine;
  let today: string;
  before(async () => {
    app = await startApp();
    // Noon in Santiago, the next day in Auckland.
    app.clock.set(new Date(new Date().setUTCHours(15, 0, 0, 0)));
    today = app.clock.now().toISOString().slice(0, 10);
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
    expect(await codeOf(mine.manager.post(path, leave), 409)).to.equal('OVERLAP');
    expect(await codeOf(mine.manager.post(path, { ...leave, endsOn: '2027-01-31' }), 422)).to.equal('INVALID');
    expect(await codeOf(mine.manager.patch(`${path}/${row.id}`, { endsOn: '2027-01-31' }, version(1)), 422)).to.equal(
      'INVALID',
    );
    const above = { ...leave, profileId: mine.people.admin.profileId };
    expect(await codeOf(mine.manager.post(path, above), 422)).to.equal('INVALID');
    const twice = { ...leave, startsOn: '2027-02-14', endsOn: '2027-02-20' };
    expect(await codeOf(mine.manager.post(path, twice), 409)).to.equal('OVERLAP');
    const next = await rowOf(mine.manager.post(path, { ...twice, startsOn: '2027-02-15' }), 201);
    expect(
      await codeOf(mine.manager.patch(`${path}/${next.id}`, { startsOn: '2027-02-14' }, version(1)), 409),
    ).to.equal('OVERLAP');
    await mine.manager.del(`${path}/${next.id}`, version(1)).expect(204);
    const sick = await rowOf(mine.manager.post(path, { ...leave, kind: 'sick' }), 201);
    await mine.manager.del(`${path}/${sick.id}`, version(1)).expect(204);
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
    const hours = { profileId: mine.people.worker.profileId, employer: 'Taxi', workedOn: today, minutes: 240 };
    const row = await rowOf(mine.worker.post(path, hours), 201);
    const { errors } = (await mine.worker.post(path, hours).expect(409)).body as {
      errors: { pointer: string; code: string }[];
    };
    expect(errors.map(({ pointer, code }) => `${pointer} ${code}`)).to.have.members([
      '/profileId DUPLICATE',
      '/employer DUPLICATE',
      '/workedOn DUPLICATE',
    ]);
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

  describe('hours elsewhere', () => {
    const path = '/admin/assignment/declared-hours';
    const hoursOf = ({ profileId }: TestPerson, values: object = {}) => ({
      profileId,
      employer: 'Taxi',
      workedOn: addDays(today, -1),
      minutes: 240,
      ...values,
    });
    const faultOf = async (call: Parameters<typeof rowOf>[0]) => {
      const { errors } = await rowOf<{ errors: { pointer: string; code: string }[] }>(call, 422);
      return [errors[0]!.pointer, errors[0]!.code];
    };

    it('are of no day to come, in the zone of the person’s site', async () => {
      const worker = await mine.addWorker();
      const client = await clientOf(app, worker);
      const post = (workedOn: string) => client.post(path, hoursOf(worker, { workedOn }));
      expect(await faultOf(post(addDays(today, 1)))).to.deep.equal(['/workedOn', 'IN_FUTURE']);
      const { id } = await rowOf(post(today), 201);
      const later = client.patch(`${path}/${id}`, { workedOn: addDays(today, 1) }, version(1));
      expect(await faultOf(later)).to.deep.equal(['/workedOn', 'IN_FUTURE']);
      const superuser = await app.database.superuser();
      const site = await superuser.query<{ id: string }>(
        `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at)
         select $1, n.id, '/' || n.id || '/', 1, 'AKL', 'Auckland', 'Pacific/Auckland', $2, $2 from (select gen_random_uuid() as id) n returning id`,
        [mine.companyId, app.clock.now()],
      );
      await superuser.query('update profile set site_id = $2 where id = $1', [worker.profileId, site.rows[0]!.id]);
      await superuser.end();
      await rowOf(post(addDays(today, 1)), 201);
      expect(await faultOf(post(addDays(today, 2)))).to.deep.equal(['/workedOn', 'IN_FUTURE']);
    });

    it('are 24 in a day at most, with all employers, also when they are declared at once', async () => {
      const worker = await mine.addWorker();
      const client = await clientOf(app, worker);
      const post = (employer: string) => client.post(path, hoursOf(worker, { employer, minutes: 480 }));
      const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => post(`E-${n}`)));
      expect(answers.filter(({ status }) => status === 201)).to.have.length(3);
      expect(answers.filter(({ status }) => status === 422)).to.have.length(9);
      const kept = await itemsOf(client, `${path}?profileId=${worker.profileId}`);
      const raise = client.patch(`${path}/${kept[0]!.id}`, { minutes: 481 }, version(1));
      expect(await faultOf(raise)).to.deep.equal(['/minutes', 'DAY_TOO_LONG']);
      await rowOf(client.patch(`${path}/${kept[0]!.id}`, { minutes: 479 }, version(1)));
    });

    it('that the gate has counted are lowered and removed by a manager only, and the change log says so', async () => {
      const worker = await mine.addWorker();
      const client = await clientOf(app, worker);
      const declare = (values: object) => rowOf(client.post(path, hoursOf(worker, values)), 201);
      const [counted, before] = [
        await declare({ workedOn: addDays(today, -6) }),
        await declare({ workedOn: addDays(today, -7) }),
      ];
      const shiftPatternId = await mine.addPattern([{ kind: 'day', start: '07:00', minutes: 480 }]);
      await mine.assign({ profileId: worker.profileId, shiftPatternId });
      const shifts = await itemsOf<{ id: string; workDate: string }>(
        client,
        `/admin/assignment/shift?profileId=${worker.profileId}`,
      );
      const shift = shifts.find(({ workDate }) => workDate === today)!;
      await rowOf(
        client.post('/gate/decisions', { profileId: worker.profileId, purpose: 'shift_start', shiftId: shift.id }),
        201,
      );
      const edit = (who: Client, id: string, patch: object, at = 1) => who.patch(`${path}/${id}`, patch, version(at));
      const refused = [
        edit(client, counted.id, { minutes: 239 }),
        edit(client, counted.id, { workedOn: addDays(today, -13) }),
        client.del(`${path}/${counted.id}`, version(1)),
      ];
      for (const call of refused) expect(await codeOf(call, 409)).to.equal('HOURS_COUNTED');
      await rowOf(edit(client, counted.id, { minutes: 241, employer: 'Radiotaxi' }));
      await rowOf(edit(client, before.id, { minutes: 60 }));
      await rowOf(edit(mine.manager, counted.id, { minutes: 60 }, 2));
      await mine.manager.del(`${path}/${counted.id}`, version(3)).expect(204);
      const superuser = await app.database.superuser();
      const { rows } = await superuser.query<{ action: string }>('select action from change where entity_id = $1', [
        counted.id,
      ]);
      await superuser.end();
      expect(rows.map(({ action }) => action)).to.have.members([
        'declared_hours.create',
        'declared_hours.update',
        'declared_hours.update',
        'declared_hours.delete',
      ]);
    });
  });
});
