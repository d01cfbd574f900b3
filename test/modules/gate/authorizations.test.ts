import { expect } from 'chai';
import type { TestPerson } from '../../support/people.ts';
import { HOUR, startFitnessCompany } from '../fitness/company.ts';
import type { Answer, FitnessCompany } from '../fitness/company.ts';
import { addPerson } from '../../support/people.ts';

const PATH = '/gate/hour-authorizations';
const DAY = 24 * HOUR;

describe('authorizations of hours', () => {
  let company: FitnessCompany;
  let owner: TestPerson;
  let count = 0;

  before(async () => {
    company = await startFitnessCompany();
    owner = await addPerson(company.app, { companyId: company.companyId, roles: ['owner'] });
  });
  after(() => company.close());
  beforeEach(async () => {
    await company.at(0);
    await company.client.query('delete from due_move');
    await company.client.query('delete from hour_authorization');
  });

  const day = (days: number): string => new Date(company.start.getTime() + days * DAY).toISOString().slice(0, 10);
  const draft = (values: object = {}, who = company.safety): Promise<Answer> => {
    count += 1;
    return company.ask(who, 'post', PATH, {
      reference: `R-${count}`,
      issuer: 'Dirección del Trabajo',
      limits: { maximumShiftMinutes: 14 * 60 },
      startsOn: day(-1),
      endsOn: day(1),
      ...values,
    });
  };
  const move = (row: Answer, name: string, body: object = {}, who = company.safety): Promise<Answer> =>
    company.ask(who, 'post', `${PATH}/${row.body.id}/${name}`, body, row.body.version);
  const inForce = async (values: object = {}): Promise<Answer> => {
    const row = await move(await draft(values), 'activate');
    expect([row.status, row.body['status']]).to.deep.equal([200, 'active']);
    return row;
  };
  /** What the gate says of the hours of a shift of 13 hours, and by which authorization. */
  const ask = async (worker: TestPerson, shiftId: string) => {
    const { body } = await company.ask(company.safety, 'post', '/gate/decisions', {
      profileId: worker.profileId,
      purpose: 'crew',
      shiftId,
    });
    const { body: detail } = await company.ask(company.safety, 'get', `/gate/decisions/${body.id}`);
    const { hours } = detail['facts'] as { hours: { authorization: { reference: string } | null } };
    return [...(body['reasons'] as { code: string }[]).map(({ code }) => code), hours.authorization?.reference ?? null];
  };
  const long = async () => {
    const worker = await company.addWorker();
    return { worker, shiftId: await company.addShift(worker, { hours: 13 }) };
  };

  it('lets a roster exceed the company’s limits while it is in force, and no further', async () => {
    const { worker, shiftId } = await long();
    expect(await ask(worker, shiftId)).to.deep.equal(['SHIFT_TOO_LONG', null]);
    const row = await draft();
    expect(await ask(worker, shiftId)).to.deep.equal(['SHIFT_TOO_LONG', null]);
    const active = await move(row, 'activate');
    expect(await ask(worker, shiftId)).to.deep.equal([row.body['reference']]);
    const refused = await move(active, 'revoke');
    expect(refused.status).to.equal(422);
    expect((await move(active, 'revoke', { reason: 'withdrawn by the inspector' })).body['status']).to.equal('revoked');
    expect(await ask(worker, shiftId)).to.deep.equal(['SHIFT_TOO_LONG', null]);
  });

  it('holds on the days it names only, and ends with the last of them by the site’s clock', async () => {
    const { worker, shiftId } = await long();
    await inForce({ startsOn: day(3), endsOn: day(4) });
    expect(await ask(worker, shiftId)).to.deep.equal(['SHIFT_TOO_LONG', null]);
    const row = await inForce({ projectId: company.projectId, startsOn: day(-1), endsOn: day(1) });
    expect(await ask(worker, shiftId)).to.deep.equal([row.body['reference']]);
    const { rows } = await company.client.query<{ ends: Date; local: string }>(
      `select ends_at as ends, to_char(ends_at at time zone 'America/Santiago', 'YYYY-MM-DD HH24:MI') as local
       from hour_authorization where id = $1`,
      [row.body.id],
    );
    expect(rows[0]!.local).to.equal(`${day(2)} 00:00`);
    const end = rows[0]!.ends.getTime() - company.start.getTime();
    const status = async () => (await company.ask(company.safety, 'get', `${PATH}/${row.body.id}`)).body['status'];
    await company.at(end - 1_000);
    expect(await status()).to.equal('active');
    await company.at(end);
    expect(await status()).to.equal('expired');
  });

  it('of an assignment goes before that of its project, and that before the company’s', async () => {
    const { worker, shiftId } = await long();
    const other = await long();
    const assignmentId = await company.addAssignment(worker);
    const own = await inForce({ assignmentId, limits: { maximumShiftMinutes: 12 * 60 } });
    const project = await inForce({ projectId: company.projectId });
    const whole = await inForce();
    expect(await ask(worker, shiftId)).to.deep.equal(['SHIFT_TOO_LONG', own.body['reference']]);
    expect(await ask(other.worker, other.shiftId)).to.deep.equal([project.body['reference']]);
    await move(project, 'revoke', { reason: 'the project is over' });
    expect(await ask(other.worker, other.shiftId)).to.deep.equal([whole.body['reference']]);
  });

  it('changes only as a draft, and is never put in force by whom it is about', async () => {
    const row = await draft();
    const edited = await company.app.http
      .patch(`/angelis${PATH}/${row.body.id}`)
      .set({ authorization: await company.safety.bearer(), 'if-match': '"1"' })
      .send({ endsOn: day(2) });
    expect([edited.status, (edited.body as { endsOn: string }).endsOn]).to.deep.equal([200, day(2)]);
    const active = await move({ status: 200, body: edited.body as Answer['body'] }, 'activate');
    const again = await company.app.http
      .patch(`/angelis${PATH}/${row.body.id}`)
      .set({ authorization: await company.safety.bearer(), 'if-match': `"${active.body.version}"` })
      .send({ endsOn: day(3) });
    expect([again.status, (again.body as { code: string }).code]).to.deep.equal([409, 'HOUR_AUTHORIZATION_NOT_DRAFT']);
    const assignmentId = await company.addAssignment(owner);
    const mine = await draft({ assignmentId }, owner);
    const refused = await move(mine, 'activate', {}, owner);
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'HOUR_AUTHORIZATION_OWN']);
    expect((await move(mine, 'activate')).status).to.equal(200);
  });

  it('refuses what cannot be, and whoever may not', async () => {
    const codes = async (values: object) => {
      const { status, body } = await draft(values);
      return [
        status,
        ...((body['errors'] ?? []) as { pointer: string; code: string }[]).map((e) => e.pointer + e.code),
      ];
    };
    expect(await codes({ endsOn: day(-2) })).to.deep.equal([422, '/endsOnBEFORE_START']);
    const assignmentId = await company.addAssignment(company.worker);
    expect(await codes({ assignmentId, projectId: company.projectId })).to.deep.equal([422, '/assignmentIdONE_SCOPE']);
    expect(await codes({ assignmentId: company.siteId })).to.deep.equal([422, '/assignmentIdUNKNOWN_REFERENCE']);
    expect((await draft({ limits: {} })).status).to.equal(422);
    const over = await draft({ startsOn: day(-9), endsOn: day(-3) });
    expect((await move(over, 'activate')).body['code']).to.equal('HOUR_AUTHORIZATION_OVER');
    expect((await draft({}, company.manager)).status).to.equal(403);
    await draft({ assignmentId });
    const seen = async (who: TestPerson) => {
      const { status, body } = await company.ask(who, 'get', `${PATH}?assignmentId=${assignmentId}`);
      return [status, ((body['items'] ?? []) as object[]).length];
    };
    expect(await seen(company.manager)).to.deep.equal([200, 1]);
    expect(await seen(company.supervisor)).to.deep.equal([403, 0]);
  });
});
