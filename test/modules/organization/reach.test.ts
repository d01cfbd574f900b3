import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { decide } from '../../../src/platform/access/decision.ts';
import type { Allowance } from '../../../src/platform/access/allowance.ts';
import type { Grant, GrantScope } from '../../../src/platform/access/principal.ts';
import { visibleProfiles } from '../../../src/modules/organization/reach.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { reachesAt } from '../../support/nearest-scope.ts';
import type { Place } from '../../support/nearest-scope.ts';

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

  it('ends where the nearest scope that says anything denies', async () => {
    const PERMISSION = 'a:x:read';
    const tree = { top: uuidv7(), middle: uuidv7(), leaf: uuidv7(), beside: uuidv7() };
    const projects = [uuidv7(), uuidv7()] as const;
    const paths = {
      top: ['top'],
      middle: ['middle', 'top'],
      leaf: ['leaf', 'middle', 'top'],
      beside: ['beside', 'top'],
    };
    const client = await app.database.superuser();
    for (const [name, above] of Object.entries(paths) as [keyof typeof tree, (keyof typeof tree)[]][])
      await client.query(
        `insert into department (company_id, id, code, name, path, depth, created_at, updated_at)
         values ($1, $2, $3, $3, $4, $5, now(), now())`,
        [
          companyId,
          tree[name],
          name,
          `/${above
            .toReversed()
            .map((each) => tree[each])
            .join('/')}/`,
          above.length,
        ],
      );
    for (const id of projects)
      await client.query(
        `insert into project (company_id, id, code, name, status, created_at, updated_at) values ($1, $2, $4, 'P', 'active', $3, $3)`,
        [companyId, id, app.clock.now(), id],
      );
    const boss = await addPerson(app, { companyId, roles: [], lastName: 'boss' });
    people.set('boss', boss);
    const homes = [undefined, 'top', 'middle', 'leaf', 'beside'] as const;
    const places = new Map<string, Place>();
    for (const home of homes)
      for (const at of [[], [projects[0]], projects]) {
        const lastName = `${home ?? 'none'}-${at.length}`;
        const { profileId } = await addPerson(app, { companyId, roles: [], lastName });
        if (home !== undefined)
          await client.query('update profile set department_id = $1 where id = $2', [tree[home], profileId]);
        for (const id of at)
          await client.query(
            `insert into work_assignment (company_id, id, profile_id, project_id, role, task_kind_ids, starts_on, status, created_at, updated_at)
             values ($1, $2, $3, $4, 'operator', '{}', '2026-01-01', 'active', $5, $5)`,
            [companyId, uuidv7(), profileId, id, app.clock.now()],
          );
        const departments = home === undefined ? [] : (paths[home] as (keyof typeof tree)[]).map((each) => tree[each]);
        places.set(lastName, { departments, projects: at });
      }
    const scopes: (GrantScope | undefined)[] = [
      undefined,
      ...Object.values(tree).map((id) => ({ kind: 'department', id }) as const),
      ...projects.map((id) => ({ kind: 'project', id }) as const),
    ];
    const grant: fc.Arbitrary<Grant> = fc
      .record({
        effect: fc.constantFrom('grant' as const, 'grant' as const, 'deny' as const),
        reach: fc.constantFrom('self' as const, 'company' as const),
        scope: fc.constantFrom(...scopes),
      })
      .map(({ scope, ...rest }) => ({ ...rest, permission: PERMISSION, role: 'r', ...(scope && { scope }) }));
    let [narrowed, reopened] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(grant, { minLength: 1, maxLength: 6 }), async (grants) => {
        const decision = decide({ grants }, PERMISSION, 'rows');
        const found = decision.allowed ? new Set(await seen('boss', decision)) : new Set();
        const expected = [...places].filter(([, place]) => reachesAt(grants, PERMISSION, place).includes('company'));
        const granted = grants.filter(({ effect }) => effect === 'grant');
        const open = [...places].filter(([, place]) => reachesAt(granted, PERMISSION, place).includes('company'));
        if (expected.length > 0 && expected.length < open.length) narrowed += 1;
        if (decision.allowed && decision.except !== undefined && decision.further !== undefined) reopened += 1;
        expect([...places.keys()].filter((name) => found.has(name))).to.deep.equal(expected.map(([name]) => name));
      }),
      { numRuns: 120 },
    );
    expect(narrowed).to.be.greaterThan(0);
    expect(reopened).to.be.greaterThan(0);
  });

  it('takes a department away from a wider permission, oneself included, but not what is granted within it', async () => {
    const department = (id: string) => ({ kind: 'department' as const, id });
    const wide = { reach: 'company' as const, scopes: [] };
    expect(await seen(null, { ...wide, except: [department(mines.root)] })).to.not.include('worker');
    expect(await seen('worker', { ...wide, except: [department(mines.root)] })).to.not.include('worker');
    expect(await seen('worker', { ...wide, except: [department(mines.other)] })).to.include('worker');
    const within = [{ reach: 'company' as const, scopes: [department(mines.north)] }];
    expect(await seen('manager', { ...wide, further: within, except: [department(mines.root)] })).to.include('worker');
    const own = { reach: 'self' as const, scopes: [department(mines.other)], except: [department(mines.north)] };
    expect(await seen('worker', own)).to.deep.equal([]);
  });
});
