import { expect } from 'chai';
import type { Response } from 'supertest';
import { Site } from '../../../src/modules/organization/sites/sites.repository.ts';
import { Project } from '../../../src/modules/workforce/projects/projects.repository.ts';
import type { Tx } from '../../../src/platform/db/database.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { until } from '../../support/until.ts';

interface Refusal {
  readonly code: string;
  readonly usedBy?: readonly string[];
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

describe('references between rows', () => {
  let app: TestApp;
  let admin: Client;
  let companyId: string;
  let number = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
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

  describe('let whoever refers to a row write it as well,', () => {
    /** A promise that the test fulfills. */
    const gate = () => Promise.withResolvers<undefined>();
    const sites = () => app.platform.repository(Site);
    const work = <T>(run: (tx: Tx) => Promise<T>) => app.platform.db.write(scopeOf(companyId), run);
    const rename = async (tx: Tx, id: string, name: string): Promise<void> =>
      void (await sites().update(tx, await sites().lock(tx, id), { name }));
    const refer = (tx: Tx, siteId: string) => app.platform.repository(Project).references.hold(tx, { siteId });

    it('two in opposite order, with a writer beside', async () => {
      const [a, b] = [await addSite(), await addSite()];
      const [one, two] = [gate(), gate()];
      const referring = (from: string, to: string, own: ReturnType<typeof gate>, other: ReturnType<typeof gate>) =>
        work(async (tx) => {
          await refer(tx, from);
          own.resolve(undefined);
          await other.promise;
          await rename(tx, from < to ? from : to, `by ${from}`);
          await rename(tx, from < to ? to : from, `by ${from}`);
        });
      await Promise.all([
        referring(a, b, one, two),
        referring(b, a, two, one),
        one.promise.then(() => work((tx) => rename(tx, a, 'beside'))),
      ]);
      const { body } = await admin.get(`/admin/site/${a}`).expect(200);
      expect((body as { version: number }).version).to.equal(4);
    });

    it('while somebody waits to delete it', async () => {
      const siteId = await addSite();
      const held = gate();
      const go = gate();
      const referring = work(async (tx) => {
        await refer(tx, siteId);
        held.resolve(undefined);
        await go.promise;
        await rename(tx, siteId, 'written');
      });
      await held.promise;
      const deleted = remove(`/admin/site/${siteId}`).then(({ status }) => status);
      const watcher = await app.database.superuser();
      await until(async () => {
        const { rows } = await watcher.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      });
      go.resolve(undefined);
      await referring;
      expect(await deleted).to.equal(412);
    });
  });
});
