import { expect } from 'chai';
import type { Response } from 'supertest';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

interface Refusal {
  readonly code: string;
  readonly usedBy?: readonly string[];
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

describe('references between rows', () => {
  let app: TestApp;
  let admin: Client;
  let number = 0;

  before(async () => {
    app = await startApp();
    const companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const idOf = ({ status, body }: Response): string => {
    expect(status, JSON.stringify(body)).to.equal(201);
    return (body as { id: string }).id;
  };
  const codeFor = (kind: string): string => `${kind}-${(number += 1)}`;
  const addSite = async (): Promise<string> =>
    idOf(
      await admin.post('/admin/site', { code: codeFor('S'), name: 'Site', timezone: 'America/Santiago', altitudeM: 0 }),
    );
  const addDepartment = async (): Promise<string> =>
    idOf(await admin.post('/admin/department', { code: codeFor('D'), name: 'Department' }));
  const createProject = (given: object) =>
    admin.post('/admin/project', { code: codeFor('P'), name: 'Project', ...given });
  const remove = (path: string, at = 1) => admin.del(path, version(at));
  const refusal = ({ body }: Response): Refusal => body as Refusal;

  it('are refused at every field whose row is deleted, when a row is made and when it is changed', async () => {
    const [siteId, departmentId] = [await addSite(), await addDepartment()];
    await remove(`/admin/site/${siteId}`).expect(204);
    await remove(`/admin/department/${departmentId}`).expect(204);
    const made = refusal(await createProject({ siteId, departmentId }).expect(422));
    expect(made.code).to.equal('UNKNOWN_REFERENCE');
    expect(made.errors?.map(({ pointer }) => pointer)).to.have.members(['/siteId', '/departmentId']);
    const project = idOf(await createProject({}));
    const changed = refusal(await admin.patch(`/admin/project/${project}`, { siteId }, version(1)).expect(422));
    expect(changed.errors).to.have.length(1);
    expect(changed.errors?.[0]).to.include({ pointer: '/siteId', code: 'UNKNOWN_REFERENCE' });
    const unknown = '0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e1f';
    expect(refusal(await createProject({ ownerId: unknown }).expect(422)).errors?.[0]?.pointer).to.equal('/ownerId');
  });

  it('keep a row until the last of them is gone, and say which they are', async () => {
    const siteId = await addSite();
    const project = idOf(await createProject({ siteId }));
    idOf(
      await admin.post('/fitness/devices', {
        serial: codeFor('K'),
        model: 'Kiosk',
        kind: 'kiosk',
        siteId,
        status: 'active',
      }),
    );
    const refused = refusal(await remove(`/admin/site/${siteId}`).expect(409));
    expect(refused).to.deep.include({ code: 'IN_USE', usedBy: ['device', 'project'] });
    await remove(`/admin/project/${project}`).expect(204);
    expect(refusal(await remove(`/admin/site/${siteId}`).expect(409)).usedBy).to.deep.equal(['device']);
  });

  it('of its own parts keep no row', async () => {
    const draft = async (lastName: string): Promise<string> =>
      idOf(await admin.post('/admin/profile', { firstName: 'Ana', lastName, kind: 'employee' }));
    const [boss, person] = [await draft('Rojas'), await draft('Soto')];
    await admin.put(`/admin/profile/${person}/superior`, { superiorId: boss }).expect(200);
    await admin.post(`/admin/profile/${person}/system-link`, { system: 'SAFER', externalId: codeFor('x') }).expect(201);
    expect(refusal(await remove(`/admin/profile/${boss}`).expect(409)).usedBy).to.deep.equal(['reporting_line']);
    await remove(`/admin/profile/${person}`).expect(204);
  });

  it('never point to a deleted row, whoever is first', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const siteId = await addSite();
      const requests = [createProject({ siteId }), remove(`/admin/site/${siteId}`)];
      const answers = await Promise.all(round % 2 === 0 ? requests : requests.toReversed());
      const [made, gone] = round % 2 === 0 ? answers : answers.toReversed();
      outcomes.add(`${made!.status} ${gone!.status}`);
    }
    expect([...outcomes].filter((outcome) => outcome !== '201 409' && outcome !== '422 204')).to.deep.equal([]);
  });

  it('never point to a deleted row when a change meets its deletion', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const siteId = await addSite();
      const project = idOf(await createProject({}));
      const [changed, gone] = await Promise.all([
        admin.patch(`/admin/project/${project}`, { siteId }, version(1)),
        remove(`/admin/site/${siteId}`),
      ]);
      outcomes.add(`${changed.status} ${gone.status}`);
    }
    expect([...outcomes].filter((outcome) => outcome !== '200 409' && outcome !== '422 204')).to.deep.equal([]);
  });

  it('let many refer to one row at once, and one take it along with another', async () => {
    const [first, second] = [await addSite(), await addSite()];
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => createProject({ siteId: index % 2 === 0 ? first : second })),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 16 }, () => 201));
  });
});
