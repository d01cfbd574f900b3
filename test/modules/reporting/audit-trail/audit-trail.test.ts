import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';

interface Item {
  id: string;
  seq: number | null;
  action: string;
  entityId: string;
}
interface Page {
  items: Item[];
  next: string | null;
}
interface Change {
  field: string;
  before: unknown;
  after: unknown;
}
interface Entry extends Item {
  changes: Change[];
  personal: { state: string; changes: Change[] };
}

describe('the audit log', () => {
  let app: TestApp;
  let companyId: string;
  let admin: Client;
  let auditor: Client;
  let other: Client;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    auditor = await clientOf(app, await addPerson(app, { companyId, roles: ['auditor'] }));
    other = await clientOf(
      app,
      await addPerson(app, { companyId: await addCompany(app.database), roles: ['auditor'] }),
    );
  });
  after(() => app.close());

  const search = async (query: string): Promise<Page> =>
    (await auditor.get(`/admin/auditLog?${query}`).expect(200)).body as Page;
  const entry = async (id: string): Promise<Entry> =>
    (await auditor.get(`/admin/auditLog/${id}`).expect(200)).body as Entry;
  const profile = async (): Promise<{ id: string }> =>
    (await admin.post('/admin/profile', { firstName: 'Luz', lastName: 'Vera', kind: 'employee' }).expect(201)).body as {
      id: string;
    };

  it('shows what was changed, with before and after, by pages', async () => {
    const made = await admin.post('/admin/department', { code: 'D1', name: 'Antes' }).expect(201);
    const { id } = made.body as { id: string };
    await admin.patch(`/admin/department/${id}`, { name: 'Después' }, version(1)).expect(200);
    await admin.patch(`/admin/department/${id}`, { costCenter: 'CC-1' }, version(2)).expect(200);
    const first = await search(`entity=department&entityId=${id}&limit=2`);
    expect(first.items.map(({ action }) => action)).to.deep.equal(['department.update', 'department.update']);
    const second = await search(`entity=department&entityId=${id}&limit=2&cursor=${encodeURIComponent(first.next!)}`);
    expect(second.items.map(({ action }) => action)).to.deep.equal(['department.create']);
    expect((await entry(first.items[1]!.id)).changes).to.deep.equal([
      { field: 'name', before: 'Antes', after: 'Después' },
    ]);
    const history = await auditor.get(`/admin/auditLog/history/department/${id}`).expect(200);
    expect((history.body as { items: { after: object }[] }).items[0]!.after).to.deep.equal({ costCenter: 'CC-1' });
  });

  it('keeps personal values sealed, opens them to whoever may, and logs that', async () => {
    const { id } = await profile();
    const [change] = (await search(`entityId=${id}`)).items;
    const closed = await entry(change!.id);
    expect(closed.personal).to.include({ state: 'sealed' });
    expect(JSON.stringify(closed)).not.to.match(/Luz|Vera/);
    const opened = (await auditor.get(`/admin/auditLog/${change!.id}/personal`).expect(200)).body as Entry;
    expect(opened.personal.changes).to.deep.include({ field: 'firstName', before: null, after: 'Luz' });
    expect((await search(`entityId=${id}`)).items[0]!.action).to.equal('profile.reveal_change');
    const manager = await clientOf(app, await addPerson(app, { companyId, roles: ['manager'] }));
    await manager.get(`/admin/auditLog/${change!.id}/personal`).expect(403);
  });

  it('answers 404 to another company, as for what never was', async () => {
    const { id } = await profile();
    const [change] = (await search(`entityId=${id}`)).items;
    for (const wanted of [change!.id, uuidv7()]) {
      await other.get(`/admin/auditLog/${wanted}`).expect(404);
      await other.get(`/admin/auditLog/${wanted}/personal`).expect(404);
    }
    const history = await other.get(`/admin/auditLog/history/profile/${id}`).expect(200);
    expect(history.body).to.deep.equal({ items: [], next: null });
  });

  it('says whether its chain is whole, and names what was done to it', async () => {
    await profile();
    await app.sealed(companyId);
    const whole = (await auditor.get('/admin/auditLog/verify').expect(200)).body as { ok: boolean; checked: number };
    expect(whole).to.include({ ok: true });
    expect(whole.checked).to.be.greaterThan(3);
    const database = await app.database.superuser();
    const { rows } = await database.query<{ id: string }>(
      `select change_id as id from change_seal where company_id = $1 and seq = 2`,
      [companyId],
    );
    await database.query(`update change set action = 'department.delete' where id = $1`, [rows[0]!.id]);
    const broken = await auditor.get('/admin/auditLog/verify?from=1&to=3').expect(200);
    const { ok, faults } = broken.body as { ok: boolean; faults: { seq: number; kind: string }[] };
    expect(ok).to.equal(false);
    expect(faults.map(({ seq, kind }) => [seq, kind])).to.deep.equal([[2, 'edited']]);
  });
});
