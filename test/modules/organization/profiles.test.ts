import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { rutCheckDigit } from '../../../src/platform/text/rut.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';

interface Profile {
  id: string;
  version: number;
  status: string;
  nationalIdMask: string | null;
}

let bodies = 20_000_000;
const freshRut = (): string => {
  bodies += 1;
  return `${bodies}-${rutCheckDigit(String(bodies))}`;
};
const codeOf = (body: unknown): string => (body as { code: string }).code;
const faultsOf = (body: unknown): string[] =>
  (body as { errors: { pointer: string; code: string }[] }).errors.map(({ pointer, code }) => `${pointer} ${code}`);

describe('profiles', () => {
  let app: TestApp;
  let companyId: string;
  let admin: Client;
  let other: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    other = await clientOf(app, await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] }));
  });
  after(() => app.close());

  const create = async (rest: object = {}, by = admin): Promise<Profile> =>
    (await by.post('/admin/profile', { firstName: 'Luis', lastName: 'Soto', kind: 'employee', ...rest }).expect(201))
      .body as Profile;
  const rut = (value: string) => ({ nationalId: { kind: 'RUT', value } });

  describe('a national id', () => {
    it('is kept sealed, masked and found by hash; nothing else shows it', async () => {
      const value = freshRut();
      const made = await create(rut(value.replace('-', ' - ').toLowerCase()));
      expect(made.nationalIdMask).to.equal(`*****${value.slice(-5)}`);
      expect(JSON.stringify(made)).not.to.include(value.slice(0, 7));
      const client = await app.database.superuser();
      const { rows } = await client.query<{ all: string }>(
        'select row_to_json(p)::text as all from profile p where id = $1',
        [made.id],
      );
      expect(rows[0]!.all).not.to.include(value.slice(0, 7));
      const log = await client.query<{ all: string }>(
        'select row_to_json(c)::text as all from change c where entity_id = $1',
        [made.id],
      );
      expect(log.rows.map(({ all }) => all).join()).not.to.match(new RegExp(`${value.slice(0, 7)}|Soto|Luis`));
    });

    it('is checked as strictly as a RUT is', async () => {
      const value = freshRut();
      const wrong = value.endsWith('0') ? `${value.slice(0, -1)}1` : `${value.slice(0, -1)}0`;
      for (const [written, fault] of [
        [wrong, 'RUT_CHECK_DIGIT'],
        ['12.345.678', 'RUT_NO_CHECK_DIGIT'],
        ['123456-0', 'RUT_LENGTH'],
        ['01234567-4', 'RUT_LEADING_ZERO'],
        ['12K45678-5', 'RUT_CHARACTERS'],
      ]) {
        const body = { firstName: 'A', lastName: 'B', kind: 'employee', ...rut(written!) };
        const answer = await admin.post('/admin/profile', body).expect(422);
        expect(faultsOf(answer.body)).to.deep.equal([`/nationalId/value ${fault}`]);
      }
    });

    it('is unique in the company, and says nothing about other companies', async () => {
      const value = freshRut();
      await create(rut(value));
      await create(rut(value), other);
      const again = await admin
        .post('/admin/profile', { firstName: 'A', lastName: 'B', kind: 'employee', ...rut(value) })
        .expect(409);
      expect(faultsOf(again.body)).to.deep.equal(['/nationalId DUPLICATE']);
      const someone = await create();
      await admin.patch(`/admin/profile/${someone.id}`, rut(value), version(1)).expect(409);
      const client = await app.database.superuser();
      const { rows } = await client.query<{ hash: string }>(
        `select distinct national_id_hash as hash from profile where national_id_mask = $1`,
        [`*****${value.slice(-5)}`],
      );
      expect(rows).to.have.length(2);
    });

    it('is taken once when twelve ask for it at once', async () => {
      const body = { firstName: 'A', lastName: 'B', kind: 'employee', ...rut(freshRut()) };
      const answers = await Promise.all(Array.from({ length: 12 }, () => admin.post('/admin/profile', body)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 201)).to.have.length(1);
      const refused = answers.filter(({ status }) => status === 409);
      expect(refused.map((answer) => faultsOf(answer.body).join())).to.deep.equal(
        Array.from({ length: 11 }, () => '/nationalId DUPLICATE'),
      );
    });

    it('is revealed by a permission of its own, and the read is logged before it is answered', async () => {
      const value = freshRut();
      const { id } = await create(rut(value));
      const manager = await clientOf(app, await addPerson(app, { companyId, roles: ['manager', 'auditor'] }));
      await manager.get(`/admin/profile/${id}/national-id`).expect(403);
      await other.get(`/admin/profile/${id}/national-id`).expect(404);
      const shown = await admin.get(`/admin/profile/${id}/national-id`).expect(200);
      expect(shown.body).to.deep.equal({ kind: 'RUT', value });
      const client = await app.database.superuser();
      const { rows } = await client.query(
        `select actor_kind from change where entity_id = $1 and action = 'profile.reveal_national_id'`,
        [id],
      );
      expect(rows).to.deep.equal([{ actor_kind: 'profile' }]);
    });
  });

  it('are found by name and employee number, filtered and sorted', async () => {
    const company = await addCompany(app.database);
    const hr = await clientOf(app, await addPerson(app, { companyId: company, roles: ['admin'], lastName: 'Zúñiga' }));
    const site = (
      await hr.post('/admin/site', { code: 'S', name: 'S', timezone: 'America/Santiago', altitudeM: 0 }).expect(201)
    ).body as { id: string };
    const department = (await hr.post('/admin/department', { code: 'D', name: 'Mina' }).expect(201)).body as {
      id: string;
    };
    await create({ firstName: 'Ángela', lastName: 'Muñoz', employeeNumber: 'E-77', siteId: site.id }, hr);
    await create({ firstName: 'Bruno', lastName: 'Araya', kind: 'contractor', departmentId: department.id }, hr);
    const names = async (query: string): Promise<string[]> =>
      ((await hr.get(`/admin/profile?${query}`).expect(200)).body as { items: { lastName: string }[] }).items.map(
        ({ lastName }) => lastName,
      );
    expect(await names('q=angel mun')).to.deep.equal(['Muñoz']);
    expect(await names('q=77')).to.deep.equal(['Muñoz']);
    // Signs are no words: they find nobody, not everybody.
    for (const signs of ['%', ' ', '...', '- _', '😀'])
      expect(await names(`q=${encodeURIComponent(signs)}`)).to.deep.equal([]);
    expect(await names('')).to.deep.equal(['Araya', 'Muñoz', 'Zúñiga']);
    expect(await names('sort=-createdAt')).to.deep.equal(['Araya', 'Muñoz', 'Zúñiga']);
    expect(await names('kind=contractor')).to.deep.equal(['Araya']);
    expect(await names(`siteId=${site.id}`)).to.deep.equal(['Muñoz']);
    expect(await names(`withinDepartmentId=${department.id}`)).to.deep.equal(['Araya']);
    expect(await names('status=active')).to.deep.equal(['Zúñiga']);
    const { items } = (await hr.get('/admin/profile?q=araya').expect(200)).body as { items: object[] };
    expect(items[0]).to.include({ departmentName: 'Mina', siteName: null, superiorId: null });
  });

  describe('are found by what identifies them', () => {
    let company: string;
    let hr: Client;
    let north: { id: string };
    const value = freshRut();
    const [number, digit] = value.split('-') as [string, string];
    const grouped = `${number.slice(0, 2)}.${number.slice(2, 5)}.${number.slice(5)}-${digit.toLowerCase()}`;

    before(async () => {
      company = await addCompany(app.database);
      hr = await clientOf(app, await addPerson(app, { companyId: company, roles: ['admin'], lastName: 'Zúñiga' }));
      north = (await hr.post('/admin/department', { code: 'N', name: 'Norte' }).expect(201)).body as typeof north;
      for (const rest of [
        { lastName: 'Araya', contactEmail: 'Pia.Araya@mina.cl', contactPhone: '+56 9 8765 4321', ...rut(value) },
        { lastName: 'Bravo', contactEmail: 'pia.bravo@mina.cl', nationalId: { kind: 'PASSPORT', value: 'AB 123-456' } },
        { lastName: 'Castro', contactEmail: 'pia_castro@mina.cl', employeeNumber: '987654', departmentId: north.id },
        { lastName: 'Díaz', contactPhone: '+34 912 345 678', employeeNumber: 'AB123456' },
      ])
        await create(rest, hr);
      await create(
        { lastName: 'Ajena', contactEmail: 'pia.a@mina.cl', contactPhone: '987654321', ...rut(value) },
        other,
      );
    });

    const found = async (q: string, by = hr, more = ''): Promise<string[]> =>
      (
        (await by.get(`/admin/profile?q=${encodeURIComponent(q)}${more}`).expect(200)).body as {
          items: { lastName: string }[];
        }
      ).items.map(({ lastName }) => lastName);

    it('an email, from its beginning on', async () => {
      for (const q of ['PIA.A@', 'pia.araya@mina.cl', 'Pia.Araya@M', ' pia.araya@mina.cl '])
        expect(await found(q), q).to.deep.equal(q === 'PIA.A@' ? [] : ['Araya']);
      for (const q of ['@', '@mina.cl', 'araya@mina.cl', 'pia.araya@mina.cl.', 'pia%@', 'a@b@c'])
        expect(await found(q), q).to.deep.equal([]);
      // Without an @ it is words, as before.
      expect(await found('araya')).to.deep.equal(['Araya']);
    });

    it('a phone, however it is written, from six digits on', async () => {
      for (const q of ['+56987654321', '+56 9 8765 4321', '(+56) 9-8765-4321', '56987654321', '987654321', '9 8765 43'])
        expect(await found(q), q).to.deep.equal(['Araya']);
      expect(await found('987654')).to.deep.equal(['Araya', 'Castro']);
      expect(await found('98765')).to.deep.equal(['Castro']);
      expect(await found('+34912345678')).to.deep.equal(['Díaz']);
      expect(await found('+987654321')).to.deep.equal([]);
    });

    it('a whole national id, however it is written', async () => {
      for (const q of [value, grouped, value.replace('-', ''), ` ${number} - ${digit} `])
        expect(await found(q), q).to.deep.equal(['Araya']);
      for (const q of [value.slice(0, -2), value.slice(1), value.slice(0, 6)])
        expect(await found(q), q).to.deep.equal([]);
      // Somebody's employee number reads the same.
      for (const q of ['AB123456', 'ab 123 456']) expect(await found(q), q).to.include('Bravo');
      expect(await found('AB123456')).to.deep.equal(['Bravo', 'Díaz']);
      expect(await found('AB12345')).to.deep.equal(['Díaz']);
    });

    it('within the filters, page by page, from both ends', async () => {
      expect(await found('987654', hr, `&departmentId=${north.id}`)).to.deep.equal(['Castro']);
      for (const sort of ['lastName', '-lastName']) {
        const seen: string[] = [];
        let next = '';
        do {
          const path = `/admin/profile?q=987654&limit=1&sort=${sort}${next}`;
          const page = (await hr.get(path).expect(200)).body as { items: { lastName: string }[]; next: string | null };
          seen.push(...page.items.map(({ lastName }) => lastName));
          next = page.next === null ? '' : `&cursor=${page.next}`;
        } while (next !== '');
        expect(seen).to.deep.equal(sort === 'lastName' ? ['Araya', 'Castro'] : ['Castro', 'Araya']);
      }
    });

    it('but a national id only by who may reveal it, of those whose it is', async () => {
      const reader = await addPerson(app, { companyId: company, roles: ['manager', 'auditor'], lastName: 'Vera' });
      const client = await clientOf(app, reader);
      expect(await found('araya', client)).to.deep.equal(['Araya']);
      const nobody = freshRut();
      for (const q of [value, grouped, 'AB-123-456'])
        expect(await found(q, client), q).to.deep.equal(
          await found(q.startsWith('AB') ? 'CD-123-456' : nobody, client),
        );
      const role = (
        await hr
          .post('/admin/role', {
            code: 'REVEAL',
            name: 'Reveal',
            reach: 'company',
            grants: ['organization:national-id:reveal'],
            denies: [],
          })
          .expect(201)
      ).body as { id: string };
      const scope = { scopeKind: 'department', scopeId: north.id };
      await hr.post('/admin/role/assignment', { profileId: reader.profileId, roleId: role.id, ...scope }).expect(201);
      const inside = freshRut();
      await create({ lastName: 'Norte', departmentId: north.id, ...rut(inside) }, hr);
      expect(await found(inside, client)).to.deep.equal(['Norte']);
      expect(await found(value, client)).to.deep.equal([]);
      expect(await found('araya', client)).to.deep.equal(['Araya']);
    });

    it('nobody beyond the caller’s reach', async () => {
      const supervisor = await addPerson(app, { companyId: company, roles: ['supervisor'], lastName: 'Jefa' });
      const client = await clientOf(app, supervisor);
      for (const q of ['pia.araya@mina.cl', '+56987654321', value]) expect(await found(q, client), q).to.deep.equal([]);
    });
  });

  it('show only whom the caller reaches', async () => {
    const supervisor = await addPerson(app, { companyId, roles: ['supervisor'], lastName: 'Jefa' });
    const mine = await addPerson(app, { companyId, roles: ['worker'], lastName: 'Propio' });
    const theirs = await addPerson(app, { companyId, roles: ['worker'], lastName: 'Ajeno' });
    await addReportingLine(app, supervisor, mine);
    const client = await clientOf(app, supervisor);
    const { items } = (await client.get('/admin/profile').expect(200)).body as { items: { id: string }[] };
    expect(items.map(({ id }) => id)).to.have.members([supervisor.profileId, mine.profileId]);
    await client.get(`/admin/profile/${mine.profileId}`).expect(200);
    await client.get(`/admin/profile/${theirs.profileId}`).expect(404);
    await client.get(`/admin/profile/${theirs.profileId}/actions`).expect(404);
  });

  it('keep contact data in one form', async () => {
    const made = await create({ contactEmail: 'Luis.Soto@Example.CL', contactPhone: '9 1234 5678' });
    expect(made).to.include({ contactEmail: 'luis.soto@example.cl', contactPhone: '+56912345678' });
    const body = { firstName: 'A', lastName: 'B', kind: 'employee' };
    expect(
      faultsOf((await admin.post('/admin/profile', { ...body, contactPhone: '12' }).expect(422)).body),
    ).to.deep.equal(['/contactPhone PHONE']);
    await admin.post('/admin/profile', { ...body, contactEmail: 'a@b.cl\r\nBcc: x@y.cl' }).expect(422);
  });

  it('are changed by one company without touching the person or another company', async () => {
    const shared = await addPerson(app, { companyId, roles: ['worker'] });
    const elsewhere = await addPerson(app, {
      companyId: await addCompany(app.database),
      roles: ['worker'],
      person: shared,
    });
    const client = await app.database.superuser();
    const rest = async () => [
      (await client.query('select * from person where id = $1', [shared.personId])).rows,
      (await client.query('select * from profile where id = $1', [elsewhere.profileId])).rows,
      (await client.query('select * from person_company where person_id = $1 order by company_id', [shared.personId]))
        .rows,
    ];
    const before = await rest();
    await admin
      .patch(
        `/admin/profile/${shared.profileId}`,
        { contactEmail: 'new@a.cl', contactPhone: '+56987654321', lastName: 'Otro', ...rut(freshRut()) },
        version(1),
      )
      .expect(200);
    expect(await rest()).to.deep.equal(before);
  });

  it('respect the headcount limit of a department, ten at once', async () => {
    const department = (
      await admin.post('/admin/department', { code: 'LIM', name: 'Lim', headcountLimit: 3 }).expect(201)
    ).body as { id: string };
    const body = { firstName: 'A', lastName: 'B', kind: 'employee', departmentId: department.id };
    const answers = await Promise.all(Array.from({ length: 10 }, () => admin.post('/admin/profile', body)));
    expect(answers.filter(({ status }) => status === 201)).to.have.length(3);
    expect([
      ...new Set(answers.filter(({ status }) => status !== 201).map((answer) => codeOf(answer.body))),
    ]).to.deep.equal(['HEADCOUNT_LIMIT']);
    const someone = await create();
    await admin.patch(`/admin/profile/${someone.id}`, { departmentId: department.id }, version(1)).expect(409);
    await admin.patch(`/admin/department/${department.id}`, { headcountLimit: 2 }, version(1)).expect(409);
    await admin.patch(`/admin/profile/${someone.id}`, { departmentId: uuidv7() }, version(1)).expect(422);
  });

  it('are members of departments: listed with those below, placed all or none', async () => {
    const department = async (code: string, rest: object = {}): Promise<string> =>
      ((await admin.post('/admin/department', { code, name: code, ...rest }).expect(201)).body as { id: string }).id;
    const top = await department('M-TOP');
    const low = await department('M-LOW', { parentId: top, headcountLimit: 3 });
    const people = [await create(), await create(), await create(), await create()];
    const ids = people.map(({ id }) => id);
    const place = (profileIds: string[], by = admin) => by.post(`/admin/department/${low}/members`, { profileIds });
    expect(codeOf((await place(ids).expect(409)).body)).to.equal('HEADCOUNT_LIMIT');
    await place([...ids.slice(0, 2), uuidv7()]).expect(422);
    const members = async (id: string, query = ''): Promise<string[]> =>
      ((await admin.get(`/admin/department/${id}/members${query}`).expect(200)).body as { items: Profile[] }).items.map(
        (item) => item.id,
      );
    expect(await members(low)).to.deep.equal([]);
    expect((await place(ids.slice(0, 3)).expect(200)).body).to.deep.equal({ placed: 3 });
    expect((await place(ids.slice(0, 3)).expect(200)).body).to.deep.equal({ placed: 0 });
    expect(await members(low)).to.have.members(ids.slice(0, 3));
    expect(await members(top)).to.deep.equal([]);
    expect(await members(top, '?below=true&limit=200')).to.have.members(ids.slice(0, 3));
    await place(ids.slice(0, 1), other).expect(404);
    await admin.get(`/admin/department/${uuidv7()}/members`).expect(404);
  });

  it('of kind temporary need an end, in the future', async () => {
    const body = { firstName: 'A', lastName: 'B', kind: 'temporary' };
    expect(faultsOf((await admin.post('/admin/profile', body).expect(422)).body)).to.deep.equal([
      '/expiresAt required',
    ]);
    const past = { ...body, expiresAt: '2020-01-01T00:00:00.000Z' };
    expect(faultsOf((await admin.post('/admin/profile', past).expect(422)).body)).to.deep.equal([
      '/expiresAt IN_THE_PAST',
    ]);
  });

  it('are deleted as drafts only', async () => {
    const { id } = await create();
    await admin.del(`/admin/profile/${id}`, version(1)).expect(204);
    const worker = await addPerson(app, { companyId, roles: ['worker'] });
    const refused = await admin.del(`/admin/profile/${worker.profileId}`, version(1)).expect(409);
    expect(codeOf(refused.body)).to.equal('PROFILE_IN_USE');
  });

  describe('links to other systems', () => {
    it('name one person of the company for each id', async () => {
      const [one, two] = [await create(), await create()];
      const link = { system: 'SAFER', externalId: 'S-1001' };
      const made = await admin.post(`/admin/profile/${one.id}/system-link`, link).expect(201);
      const { id } = made.body as { id: string };
      await admin.post(`/admin/profile/${two.id}/system-link`, link).expect(409);
      await admin.post(`/admin/profile/${two.id}/system-link`, { ...link, system: 'FIT2000' }).expect(201);
      const foreign = await create({}, other);
      await other.post(`/admin/profile/${foreign.id}/system-link`, link).expect(201);
      await admin.post(`/admin/profile/${foreign.id}/system-link`, { ...link, externalId: 'x' }).expect(404);
      await admin.del(`/admin/profile/${two.id}/system-link/${id}`, version(1)).expect(404);
      await admin.del(`/admin/profile/${one.id}/system-link/${id}`, version(1)).expect(204);
      await admin.post(`/admin/profile/${two.id}/system-link`, link).expect(201);
      const { items } = (await admin.get(`/admin/profile/${two.id}/system-link`).expect(200)).body as {
        items: object[];
      };
      expect(items).to.have.length(2);
    });
  });
});
