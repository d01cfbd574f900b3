import { expect } from 'chai';
import { OPERATOR_COMPANY } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { until } from '../../../support/until.ts';
import { sweep } from '../../../support/workforce.ts';

interface Request {
  readonly id: string;
  readonly dueAt: string;
}

describe('the work of an erasure', () => {
  let app: TestApp;
  let companyId: string;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
  });
  after(() => app.close());

  // Each has people of its own: their sessions end with the days that pass.
  it('the wish waits for its day by itself, as many days as the company says', async () => {
    const person = await addPerson(app, { companyId, roles: ['worker'] });
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    await owner.put('/admin/appconfig/identity.erasure', { value: { waitDays: 6 } }, version(0)).expect(422);
    await owner.put('/admin/appconfig/identity.erasure', { value: { waitDays: 7 } }, version(0)).expect(200);
    const me = await clientOf(app, person);
    const { dueAt, id } = (await me.post('/privacy/erasure-request').expect(201)).body as Request;
    const status = async (): Promise<string> =>
      (await app.database.sql<{ status: string }>('select status from erasure_request where id = $1', [id]))[0]!.status;
    try {
      app.clock.set(new Date(Date.parse(dueAt) - 1_000));
      await sweep(app, OPERATOR_COMPANY, 'erasure_request', id, 'begin');
      expect(await status()).to.equal('waiting');
      app.clock.set(new Date(Date.parse(dueAt) + 1_000));
      await until(async () => (await status()) === 'done');
      await app.idle();
    } finally {
      app.clock.set(undefined);
    }
    const erased = 'select 1 from profile where id = $1 and erased_at is not null';
    expect(await app.database.sql(erased, [person.profileId])).to.have.length(1);
  });

  it('an erasure that was given up is tried again a day later, and can be withdrawn until then', async () => {
    const person = await addPerson(app, { companyId, roles: ['worker'] });
    const me = await clientOf(app, person);
    const { dueAt, id } = (await me.post('/privacy/erasure-request').expect(201)).body as Request;
    const row = async () =>
      (
        await app.database.sql<{ status: string; blocked_by: string[]; due_at: Date }>(
          'select status, blocked_by, due_at from erasure_request where id = $1',
          [id],
        )
      )[0]!;
    const fails = `create function test_fails() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
      create trigger test_fails before insert on erasure for each row execute function test_fails()`;
    await app.database.sql(fails);
    try {
      app.clock.set(new Date(Date.parse(dueAt) + 1_000));
      await sweep(app, OPERATOR_COMPANY, 'erasure_request', id, 'begin');
      await until(async () => (await row()).blocked_by.length > 0);
    } finally {
      await app.database.sql('drop function test_fails cascade');
    }
    const given = await row();
    expect(given).to.deep.include({ status: 'waiting', blocked_by: ['ERASURE_FAILED'] });
    try {
      app.clock.set(new Date(given.due_at.getTime() + 1_000));
      await sweep(app, OPERATOR_COMPANY, 'erasure_request', id, 'begin');
      await until(async () => (await row()).status === 'done');
    } finally {
      app.clock.set(undefined);
    }
  });

  it('who comes to another company while they are erased is erased there, too', async () => {
    const person = await addPerson(app, { companyId, roles: ['worker'] });
    const second = await addCompany(app.database);
    const other = await addPerson(app, { companyId: second, roles: ['worker'] });
    await app.database.sql('delete from person_company where profile_id = $1', [other.profileId]);
    const me = await clientOf(app, person);
    const { dueAt, id } = (await me.post('/privacy/erasure-request').expect(201)).body as Request;
    const status = async (): Promise<string> =>
      (await app.database.sql<{ status: string }>('select status from erasure_request where id = $1', [id]))[0]!.status;
    // As if an invitation were accepted after it was asked where they are.
    await app.database.sql(`create function test_comes() returns trigger language plpgsql security definer as $$ begin
        update profile set person_id = '${person.personId}' where id = '${other.profileId}';
        insert into person_company (person_id, company_id, profile_id, created_at)
          values ('${person.personId}', '${second}', '${other.profileId}', new.created_at) on conflict do nothing;
        return new; end $$;
      create trigger test_comes before insert on erasure for each row execute function test_comes()`);
    try {
      app.clock.set(new Date(Date.parse(dueAt) + 1_000));
      await sweep(app, OPERATOR_COMPANY, 'erasure_request', id, 'begin');
      await until(async () => (await status()) === 'done');
    } finally {
      app.clock.set(undefined);
      await app.database.sql('drop function test_comes cascade');
    }
    const erased = 'select 1 from profile where id = any($1) and erased_at is not null';
    expect(await app.database.sql(erased, [[person.profileId, other.profileId]])).to.have.length(2);
  });
});
