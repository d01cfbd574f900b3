import { expect } from 'chai';
import { accessText, explainAccess } from '../../../src/wiring/commands/access-explain.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

interface Effective {
  roles: { code: string }[];
  permissions: {
    permission: string;
    allowed: boolean;
    reach: string | null;
    because: string | null;
    except: object[];
    grants: Record<string, unknown>[];
  }[];
}

describe('effective permissions are explained', () => {
  let app: TestApp;
  let companyId: string;
  let boss: Client;
  let admin: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  const made = async (path: string, body: object): Promise<string> =>
    ((await boss.post(path, body).expect(201)).body as { id: string }).id;
  const makeRole = async (code: string, rest: object): Promise<{ id: string }> => ({
    id: await made('/admin/role', { code, name: code, reach: 'company', denies: [], ...rest }),
  });
  const give = (body: object) => boss.post('/admin/role/assignment', body);
  const person = (roles: readonly string[] = []) => addPerson(app, { companyId, roles });
  const effective = async (who: TestPerson): Promise<Effective> =>
    (await boss.get(`/admin/role/effective/${who.profileId}`).expect(200)).body as Effective;
  const permissionOf = async (who: TestPerson, permission: string) =>
    (await effective(who)).permissions.find((each) => each.permission === permission)!;

  it('deny beats grant, and each grant is named', async () => {
    const denied = await makeRole('no-projects', { grants: [], denies: ['workforce:project:*'] });
    const someone = await person(['manager']);
    expect(await permissionOf(someone, 'workforce:project:read')).to.include({ allowed: true, reach: 'hierarchy' });
    await give({ profileId: someone.profileId, roleId: denied.id }).expect(201);
    const after = await permissionOf(someone, 'workforce:project:read');
    expect(after).to.include({ allowed: false, because: 'DENIED' });
    expect(after.grants.map(({ role: held, effect, pattern }) => [held, effect, pattern])).to.deep.include([
      'no-projects',
      'deny',
      'workforce:project:*',
    ]);
    expect((await effective(someone)).roles.map(({ code }) => code)).to.have.members(['manager', 'no-projects']);
  });

  it('by role, inheritance, scope, assignment and end: alike to the person, to admins and on the command line', async () => {
    const READ = 'workforce:shift:read';
    const scope = { kind: 'department', id: await made('/admin/department', { code: 'WHY', name: 'W' }) };
    const base = await makeRole('why-base', { grants: [READ] });
    const heir = await makeRole('why-heir', { grants: [], parentId: base.id, systemParent: 'supervisor' });
    const shut = await makeRole('why-shut', { grants: [], denies: [READ] });
    const login = { email: 'why@example.cl', rut: '12345678-5' };
    const someone = await addPerson(app, { companyId, roles: [], login });
    const { profileId } = someone;
    const expiresAt = new Date(app.clock.now().getTime() + 3_600_000).toISOString();
    const scoped = { scopeKind: scope.kind, scopeId: scope.id };
    const held = await made('/admin/role/assignment', { profileId, roleId: heir.id, expiresAt });
    const denied = await made('/admin/role/assignment', { profileId, roleId: shut.id, ...scoped });
    const own = { effect: 'grant', role: 'why-heir', scope: null, assignmentId: held, expiresAt };
    const expected = {
      permission: READ,
      about: 'rows',
      allowed: true,
      because: null,
      reach: 'company',
      scopes: [],
      further: [],
      except: [scope],
      grants: [
        { ...own, pattern: 'workforce:*:read', reach: 'reports', inheritedFrom: 'supervisor' },
        { ...own, pattern: READ, reach: 'company', inheritedFrom: 'why-base' },
        {
          effect: 'deny',
          pattern: READ,
          reach: 'company',
          role: 'why-shut',
          inheritedFrom: null,
          scope,
          assignmentId: denied,
          expiresAt: null,
        },
      ],
    };
    expect(await permissionOf(someone, READ)).to.deep.equal(expected);
    const mine = await (await clientOf(app, someone)).get(`/auth/me/permissions?permission=${READ}`).expect(200);
    expect(mine.body).to.deep.equal({ items: [expected] });
    const { rows } = await (
      await app.database.superuser()
    ).query<{ slug: string }>('select slug from company where id = $1', [companyId]);
    const ask = (who: string, permission?: string) =>
      explainAccess(
        app.database.pool('system'),
        app.platform.keys.lookup,
        { company: rows[0]!.slug, person: who, ...(permission && { permission }) },
        app.clock.now,
      );
    for (const who of [profileId, 'Why@Example.cl', '12.345.678-5']) {
      const { permissions, ...about } = await ask(who, READ);
      expect(permissions).to.deep.equal([expected]);
      expect(about).to.include({ profileId, inactive: null });
    }
    const all = (await ask(profileId)).permissions.map(({ permission }) => permission);
    expect(all).to.include.members([READ, 'fitness:board:read', 'workforce:leave:read']);
    expect(all).not.to.include('organization:company:read');
    const text = accessText(await ask(profileId, READ)).split('\n');
    expect(text.slice(1)).to.deep.equal([
      `${READ}  allowed: company, but not in department ${scope.id}`,
      `  grant of workforce:*:read by role why-heir (inherited from supervisor), reports, assignment ${held}, until ${expiresAt}`,
      `  grant of ${READ} by role why-heir (inherited from why-base), company, assignment ${held}, until ${expiresAt}`,
      `  deny of ${READ} by role why-shut, company in department ${scope.id}, assignment ${denied}`,
    ]);
    const refusals = [ask('nobody@example.cl', READ), ask(profileId, 'shifts')].map((one) =>
      one.then(
        () => 'found',
        ({ message }: Error) => message.split(' ')[0],
      ),
    );
    expect(await Promise.all(refusals)).to.deep.equal(['Nobody', '--permission']);
  });

  it('says that what is about the company needs a role for all of it', async () => {
    const someone = await person();
    const scopeId = await made('/admin/department', { code: 'PART', name: 'P' });
    await give({ profileId: someone.profileId, systemRole: 'manager', scopeKind: 'department', scopeId }).expect(201);
    const told = await permissionOf(someone, 'organization:appconfig:read');
    expect(told).to.include({ about: 'company', allowed: false, because: 'NEEDS_COMPANY' });
    expect(await permissionOf(someone, 'organization:site:read')).to.include({ about: 'everybody', allowed: true });
    await (await clientOf(app, someone)).get('/admin/appconfig').expect(403);
    await give({ profileId: someone.profileId, systemRole: 'manager' }).expect(201);
    await (await clientOf(app, someone)).get('/admin/appconfig').expect(200);
  });

  it('every permission has a text, in each language', async () => {
    for (const language of ['es', 'en', 'fr']) {
      const { items } = (await admin.get('/admin/role/permissions', { 'accept-language': language }).expect(200))
        .body as {
        items: { permission: string; text: string }[];
      };
      expect(items.length).to.equal(new Set(items.map(({ permission }) => permission)).size);
      expect(items.every(({ text }) => /^\S.+: \S/.test(text))).to.equal(true);
    }
  });
});
