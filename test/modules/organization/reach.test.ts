import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Allowance } from '../../../src/platform/access/decision.ts';
import { visibleProfiles } from '../../../src/modules/organization/reach.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

describe('reach over profiles', () => {
  let app: TestApp;
  let companyId: string;
  const people = new Map<string, TestPerson>();
  const mines = { root: uuidv7(), north: uuidv7(), other: uuidv7() };

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    for (const lastName of ['manager', 'supervisor', 'worker', 'colleague', 'stranger'])
      people.set(lastName, await addPerson(app, { companyId, roles: [], lastName }));
    const person = (name: string) => people.get(name)!;
    await addReportingLine(app, person('manager'), person('supervisor'));
    await addReportingLine(app, person('supervisor'), person('worker'));
    await addReportingLine(app, person('supervisor'), person('colleague'));
    const client = await app.database.superuser();
    for (const [code, id, path] of [
      ['root', mines.root, `/${mines.root}/`],
      ['north', mines.north, `/${mines.root}/${mines.north}/`],
      ['other', mines.other, `/${mines.other}/`],
    ])
      await client.query(
        `insert into department (company_id, id, code, name, path, depth, created_at, updated_at)
         values ($1, $2, $3, $3, $4, 1, now(), now())`,
        [companyId, id, code, path],
      );
    const place = (name: string, department: string) =>
      client.query('update profile set department_id = $1 where id = $2', [department, person(name).profileId]);
    await place('worker', mines.north);
    await place('colleague', mines.other);
  });
  after(() => app.close());

  const seen = async (name: string | null, allowance: Allowance): Promise<string[]> => {
    const values: unknown[] = [companyId];
    const profileId = name === null ? null : people.get(name)!.profileId;
    const context = { principal: { profileId }, allowance } as Parameters<typeof visibleProfiles>[0];
    const condition = visibleProfiles(context, 'p.id', (value) => `$${values.push(value)}`);
    const rows = await app.platform.db.read(scopeOf(companyId), (reader) =>
      reader.prepared<{ name: string }>(
        `select p.last_name as name from profile p where p.company_id = $1 and ${condition} order by p.last_name`,
        values,
      ),
    );
    return rows.map((row) => row.name);
  };
  const all = ['colleague', 'manager', 'stranger', 'supervisor', 'worker'];

  it('is oneself, direct reports, everyone below, or the company', async () => {
    expect(await seen('manager', { reach: 'self', scopes: [] })).to.deep.equal(['manager']);
    expect(await seen('manager', { reach: 'reports', scopes: [] })).to.deep.equal(['manager', 'supervisor']);
    expect(await seen('manager', { reach: 'hierarchy', scopes: [] })).to.deep.equal([
      'colleague',
      'manager',
      'supervisor',
      'worker',
    ]);
    expect(await seen('manager', { reach: 'company', scopes: [] })).to.deep.equal(all);
    expect(await seen('worker', { reach: 'hierarchy', scopes: [] })).to.deep.equal(['worker']);
  });

  it('shows staff without a profile the company or nothing', async () => {
    expect(await seen(null, { reach: 'company', scopes: [] })).to.deep.equal(all);
    expect(await seen(null, { reach: 'hierarchy', scopes: [] })).to.deep.equal([]);
  });

  it('is narrowed to departments with those below them, oneself aside', async () => {
    const scopes = (id: string) => [{ kind: 'department' as const, id }];
    expect(await seen('manager', { reach: 'company', scopes: scopes(mines.root) })).to.deep.equal([
      'manager',
      'worker',
    ]);
    expect(await seen('supervisor', { reach: 'reports', scopes: scopes(mines.other) })).to.deep.equal([
      'colleague',
      'supervisor',
    ]);
    const further = [{ reach: 'company' as const, scopes: scopes(mines.other) }];
    expect(await seen('manager', { reach: 'reports', scopes: [], further })).to.deep.equal([
      'colleague',
      'manager',
      'supervisor',
    ]);
    expect(await seen('manager', { reach: 'company', scopes: [{ kind: 'project', id: uuidv7() }] })).to.deep.equal([
      'manager',
    ]);
  });

  it('is narrowed to those who work in a project, oneself aside', async () => {
    const project = uuidv7();
    const client = await app.database.superuser();
    await client.query(
      `insert into project (company_id, id, code, name, status, created_at, updated_at) values ($1, $2, 'P', 'P', 'active', $3, $3)`,
      [companyId, project, app.clock.now()],
    );
    for (const [name, status] of [
      ['stranger', 'active'],
      ['worker', 'ended'],
    ])
      await client.query(
        `insert into work_assignment (company_id, id, profile_id, project_id, role, task_kind_ids, starts_on, status, created_at, updated_at)
         values ($1, $2, $3, $4, 'operator', '{}', '2026-01-01', $5, $6, $6)`,
        [companyId, uuidv7(), people.get(name!)!.profileId, project, status, app.clock.now()],
      );
    const scopes = [
      { kind: 'project' as const, id: project },
      { kind: 'department' as const, id: mines.other },
    ];
    expect(await seen('manager', { reach: 'company', scopes })).to.deep.equal(['colleague', 'manager', 'stranger']);
    expect(await seen('manager', { reach: 'hierarchy', scopes })).to.deep.equal(['colleague', 'manager']);
  });
});
