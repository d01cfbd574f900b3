import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany, scopeOf } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import { until } from '../../../support/until.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import type { Row } from '../../../support/workforce.ts';

interface Upload extends Row {
  readonly kind: string;
  readonly rowCount: number;
  readonly validCount: number;
  readonly errorCount: number;
  readonly committedCount: number;
}

const base = '/admin/profile/batch';

describe('batch uploads of invitations', () => {
  let app: TestApp;
  let companyId: string;
  let person: TestPerson;
  let admin: Client;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    person = await addPerson(app, { companyId, roles: ['admin'] });
    admin = await clientOf(app, person);
    await admin.post('/admin/department', { code: 'MINA', name: 'Mina', headcountLimit: 2 }).expect(201);
  });
  after(() => app.close());

  const HEADINGS = 'email,first_name,last_name,department,role,language';
  const upload = async (
    lines: readonly string[],
    who: Pick<TestPerson, 'bearer'> = person,
    headings: string = HEADINGS,
  ) => {
    const text = [headings, ...lines].join('\n');
    return app.http
      .post(`/angelis${base}?kind=invitations`)
      .set({ authorization: await who.bearer(), 'accept-language': 'en' })
      .attach('file', Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' });
  };
  const read = (row: Row) => rowOf<Upload>(admin.get(`${base}/${row.id}`));
  const dryRun = async (lines: readonly string[], headings?: string): Promise<Upload> => {
    const row = await rowOf<Upload>(upload(lines, person, headings), 202);
    await app.idle();
    return read(row);
  };
  const commit = async (row: Row, body: object = {}): Promise<Upload> => {
    await admin.post(`${base}/${row.id}/commit`, body, version(row.version)).expect(200);
    await app.idle();
    return read(row);
  };
  const errors = async (row: Row) =>
    (await itemsOf<{ row: number; column: string | null; code: string }>(admin, `${base}/${row.id}/errors`)).map(
      ({ row: at, column, code }) => `${at} ${column} ${code}`,
    );
  const sent = async (email: string) =>
    (
      await itemsOf<{ status: string; roles: string[]; invitedBy: string }>(admin, `/admin/invitation?email=${email}`)
    ).map(({ status, roles, invitedBy }) => ({ status, roles, invitedBy }));
  const mailsTo = (email: string) => app.messages.mails.filter(({ to }) => to === email);

  it('mail nobody in the dry run, and by the commit whoever could be invited by hand', async () => {
    await admin.post('/admin/invitation', { email: 'ya@example.cl', firstName: 'Ya', lastName: 'Esta' }).expect(201);
    const row = await dryRun([
      'uno@example.cl,Uno,Vera,MINA,worker,fr',
      'Dos@example.cl,Dos,Vera,MINA,,',
      'tres@example.cl,Tres,Vera,MINA,worker,',
      'cuatro@example.cl,Cuatro,Vera,,owner,',
      'ya@example.cl,Ya,Esta,,,',
      'cinco@example.cl,Cinco,Vera,NADA,,',
      'seis@example.cl,Seis,Vera,,,',
      'SEIS@example.cl,Seis,Vera,,,',
      'no-mail,Siete,Vera,,,de',
    ]);
    expect(row).to.include({ kind: 'invitations', status: 'validated', rowCount: 9, validCount: 2, errorCount: 7 });
    expect(await errors(row)).to.have.members([
      '4 department HEADCOUNT_LIMIT',
      '5 role ROLE_ABOVE_OWN',
      '6 email INVITATION_PENDING',
      '7 department UNKNOWN_REFERENCE',
      '8 email DUPLICATE_IN_FILE',
      '9 email DUPLICATE_IN_FILE',
      '10 email format',
      '10 language enum',
    ]);
    expect(mailsTo('uno@example.cl')).to.deep.equal([]);
    expect(await sent('uno@example.cl')).to.deep.equal([]);
    expect(await itemsOf(admin, '/admin/profile?q=uno@example.cl')).to.deep.equal([]);
    expect(await codeOf(admin.post(`${base}/${row.id}/commit`, {}, version(row.version)), 409)).to.equal(
      'BATCH_HAS_ERRORS',
    );
    const done = await commit(row, { partial: true });
    expect(done).to.include({ status: 'committed', committedCount: 2, errorCount: 7 });
    const invitedBy = person.profileId;
    expect(await sent('uno@example.cl')).to.deep.equal([{ status: 'pending', roles: ['worker'], invitedBy }]);
    expect(await sent('dos@example.cl')).to.deep.equal([{ status: 'pending', roles: [], invitedBy }]);
    expect(mailsTo('uno@example.cl').map(({ subject }) => subject.includes('vous invite'))).to.deep.equal([true]);
    const token = /token=(\S+)/.exec(mailsTo('dos@example.cl')[0]!.text)![1];
    await app.http.post('/angelis/auth/invitation/accept').send({ token, password: 'grapas y caballos' }).expect(200);
    const { rows } = await (
      await app.database.superuser()
    ).query<{ left: number }>('select count(*)::int as left from batch_invitee');
    expect(rows[0]!.left).to.equal(0);
  });

  it('say of each row that is of somebody who left', async () => {
    const gone = { email: 'fuese@example.cl', firstName: 'Se', lastName: 'Fue' };
    const { profileId } = await rowOf<{ profileId: string }>(admin.post('/admin/invitation', gone), 201);
    await app.idle();
    const token = /token=(\S+)/.exec(mailsTo(gone.email)[0]!.text)![1];
    await app.http.post('/angelis/auth/invitation/accept').send({ token, password: 'grapas y caballos' }).expect(200);
    const { version: at } = await rowOf(admin.get(`/admin/profile/${profileId}`));
    await rowOf(admin.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(at)));
    const row = await dryRun(['Fuese@example.cl,Se,Fue,,,', 'queda@example.cl,Que,Da,,,']);
    expect(row).to.include({ status: 'validated', validCount: 1, errorCount: 1 });
    expect(await errors(row)).to.deep.equal(['2 email PROFILE_ENDED']);
    expect(mailsTo(gone.email)).to.have.length(1);
  });

  it('find departments by their codes, whatever the case', async () => {
    const { id: departmentId } = await rowOf(admin.post('/admin/department', { code: 'CsvD', name: 'Csv' }), 201);
    const row = await dryRun(['caja@example.cl,Caja,Vera,csvd,,', 'caja@example.cl,Caja,Vera,CSVD,,']);
    expect(await errors(row)).to.deep.equal(['2 email DUPLICATE_IN_FILE', '3 email DUPLICATE_IN_FILE']);
    expect(await commit(await dryRun(['caja@example.cl,Caja,Vera,csvd,,']))).to.include({ committedCount: 1 });
    const items = await itemsOf<{ departmentId: string }>(admin, '/admin/invitation?email=caja@example.cl');
    expect(items.map((item) => item.departmentId)).to.deep.equal([departmentId]);
  });

  it('invite nobody when one of them was invited between dry run and commit', async () => {
    const row = await dryRun(['siete@example.cl,Siete,Vera,,worker,', 'ocho@example.cl,Ocho,Vera,,,']);
    expect(row).to.include({ status: 'validated', validCount: 2 });
    await admin
      .post('/admin/invitation', { email: 'ocho@example.cl', firstName: 'Ocho', lastName: 'Vera' })
      .expect(201);
    expect(await commit(row)).to.include({ status: 'failed', committedCount: 0, errorCount: 1 });
    expect(await errors(row)).to.deep.equal(['3 email INVITATION_PENDING']);
    expect(await sent('siete@example.cl')).to.deep.equal([]);
    expect(mailsTo('siete@example.cl')).to.deep.equal([]);
  });

  it('hold nobody off while they are tried, and try again where somebody wrote a row meanwhile', async () => {
    await app.database.sql(`update company set limits = '{"users": 500}' where id = $1`, [companyId]);
    const department = { code: 'PATIO', name: 'Patio', headcountLimit: 9 };
    const { id: departmentId } = await rowOf(admin.post('/admin/department', department), 201);
    const someone = { firstName: 'Once', lastName: 'Vera', kind: 'employee', contactEmail: 'once@example.cl' };
    const draft = await rowOf(admin.post('/admin/profile', { ...someone, departmentId }), 201);
    const client = await app.database.superuser();
    await client.query('begin');
    let row: Upload;
    try {
      await client.query('update profile set version = version + 1 where id = $1', [draft.id]);
      row = await rowOf<Upload>(
        upload(['diez@example.cl,Diez,Vera,PATIO,worker,', 'once@example.cl,Once,Vera,PATIO,,']),
        202,
      );
      const waiting = () =>
        app.database.sql(`select pid, xact_start from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%profile%'`);
      await until(async () => (await waiting()).length > 0);
      const dryRunning = await waiting();
      const byHand = { email: 'doce@example.cl', firstName: 'Doce', lastName: 'Vera', departmentId };
      await admin.post('/admin/invitation', { ...byHand, roles: [{ systemRole: 'worker' }] }).expect(201);
      expect(await waiting(), 'the dry run was under way all the time').to.deep.equal(dryRunning);
    } finally {
      await client.query('commit');
    }
    // What was refused for the other's row is tried again after a while, which `idle` does not wait for.
    await until(async () => (await read(row)).status !== 'validating');
    expect(await errors(row)).to.deep.equal([]);
    expect(await read(row)).to.include({ status: 'validated', validCount: 2 });
  });

  it('are for those who may invite: to upload, and to commit', async () => {
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const role = {
      code: 'LOADER',
      name: 'Loader',
      reach: 'company',
      grants: ['organization:batch-upload:*'],
      denies: [],
    };
    const { id: roleId } = await rowOf(owner.post('/admin/role', role), 201);
    const loader = await addPerson(app, { companyId, roles: [] });
    await owner.post('/admin/role/assignment', { profileId: loader.profileId, roleId }).expect(201);
    expect(await codeOf(upload(['a@example.cl,A,B,,,'], loader), 403)).to.equal('FORBIDDEN');
    const row = await dryRun(['nueve@example.cl,Nueve,Vera,,,']);
    const client = await clientOf(app, loader);
    const refused = client.post(`${base}/${row.id}/commit`, {}, version(row.version));
    expect(await codeOf(refused, 403)).to.equal('FORBIDDEN');
    expect(await sent('nueve@example.cl')).to.deep.equal([]);
    const { bulkInviting } = app.identity;
    expect(await bulkInviting.as(scopeOf(companyId), loader.profileId)).to.equal(undefined);
    expect(await bulkInviting.as(scopeOf(companyId), person.profileId)).to.be.a('function');
  });

  it('give features and make residents as a single one does', async () => {
    const staff = await clientOf(app, await addStaff(app));
    const feature = async (code: string, isPlanned: boolean): Promise<void> => {
      const body = { code, names: { es: code, en: code, fr: code }, type: 'permission', onByDefault: false };
      await rowOf(staff.post('/admin/feature', body), 201);
      const planned = { plan: 'standard', feature: code, byGrant: true };
      if (isPlanned) await rowOf(staff.post('/admin/feature/plan-feature', planned), 201);
    };
    await feature('dictation', true);
    await feature('coding', true);
    await feature('imaging', false);
    await app.database.sql(`update company set limits = '{"residents": 1}' where id = $1`, [companyId]);
    const row = await dryRun(
      [
        'diez@example.cl,Diez,Vera,coding  dictation,10',
        'once@example.cl,Once,Vera,imaging,',
        'doce@example.cl,Doce,Vera,Imaging,11',
        'trece@example.cl,Trece,Vera,,1',
        'catorce@example.cl,Catorce,Vera,none_such,',
      ],
      'email,first_name,last_name,features,pgy_level',
    );
    expect(await errors(row)).to.have.members([
      '3 features FEATURE_NOT_INCLUDED',
      '4 features pattern',
      '4 pgy_level pattern',
      '5 pgy_level RESIDENT_LIMIT',
      '6 features UNKNOWN_REFERENCE',
    ]);
    expect(await commit(row, { partial: true })).to.include({ committedCount: 1 });
    type Item = { features: string[]; attributes: object };
    const [item] = await itemsOf<Item>(admin, '/admin/invitation?email=diez@example.cl');
    expect(item).to.deep.include({ features: ['coding', 'dictation'], attributes: { pgyLevel: 10 } });
  });

  it('have a template of their own, which can be uploaded', async () => {
    const { text, headers } = await admin.get(`${base}/template?kind=invitations`).expect(200);
    expect(headers['content-disposition']).to.include('invitations.csv');
    const lines = text.replace('\uFEFF', '').trim().split(/\r?\n/u);
    expect(lines[0]).to.equal(
      'email,first_name,last_name,kind,department,site,expires_on,language,role,features,pgy_level',
    );
    const sending = app.http
      .post(`/angelis${base}?kind=invitations`)
      .set({ authorization: await person.bearer() })
      .attach('file', Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' });
    const row = await rowOf<Upload>(sending, 202);
    await app.idle();
    expect(await read(row)).to.include({ status: 'validated', validCount: 1 });
  });
});
