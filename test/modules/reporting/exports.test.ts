import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { sign } from '../../../src/platform/storage/signed-link.ts';
import { clientOf } from '../../support/client.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { pageText, readPdf } from '../../support/pdf-reader.ts';
import { addDepartment, addProject, addShift, addSite, codeOf, exporter, fetchLink } from './fixtures.ts';
import { until } from '../../support/until.ts';
import type { ExportView } from './fixtures.ts';

const CSV = { kind: 'projects', format: 'csv' } as const;
const DAY_MS = 86_400_000;

describe('exports', () => {
  let app: TestApp;
  let admin: pg.Client;
  let companyId: string;
  let manager: TestPerson;

  before(async () => {
    app = await startApp({ background: true });
    admin = await app.database.superuser();
    companyId = await addCompany(app.database);
    manager = await addPerson(app, { companyId, roles: ['manager'], firstName: 'Marta', lastName: 'Ñandú' });
    await addProject(admin, companyId, 'P-1', '=HYPERLINK("http://x")');
    await addProject(admin, companyId, 'P-2', 'Túnel; «Norte»');
  });
  after(() => app.close());

  const person = (roles: readonly string[], names: { firstName?: string; lastName?: string } = {}) =>
    addPerson(app, { companyId, roles, ...names });

  /** Runs `work` while the table is locked, so that an export of it stands still in the middle. */
  const whileLocked = async (table: string, work: () => Promise<void>): Promise<void> => {
    await admin.query(`begin; lock table ${table} in access exclusive mode`);
    try {
      await work();
    } finally {
      await admin.query('commit');
    }
  };
  const statusIs = (id: string, status: string) => async (): Promise<boolean> => {
    const found = await admin.query<{ status: string }>('select status from export_job where id = $1', [id]);
    return found.rows[0]?.status === status;
  };
  const filesOf = async (id: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of app.platform.files.list(`exports/${companyId}/${id}/`)) keys.push(key);
    return keys;
  };

  it('are asked for, followed and fetched by a link that needs no token', async () => {
    const { client, ask, show } = await exporter(app, manager);
    const asked = await ask({ ...CSV, locale: 'es' }).expect(202);
    const { id } = asked.body as ExportView;
    expect(asked.headers['location']).to.equal(`/angelis/admin/export/${id}`);
    expect(asked.body).to.include({ status: 'queued', rowsDone: 0, downloads: 0 });
    await app.idle();
    const ready = await show(id);
    expect(ready).to.include({ status: 'ready', rowsDone: 2, rowsEstimated: 2, rowCount: 2, error: null });
    const slug = (await admin.query<{ slug: string }>('select slug from company where id = $1', [companyId])).rows[0]!;
    expect(ready.fileName).to.match(new RegExp(`^proyectos_${slug.slug}_\\d{8}-\\d{4}\\.csv$`));
    const file = await fetchLink(app, ready.download);
    expect(file.status).to.equal(200);
    expect(file.headers).to.include({
      'content-type': 'text/csv; charset=utf-8',
      'content-length': String(ready.size),
      'content-disposition': `attachment; filename="${ready.fileName}"; filename*=UTF-8''${ready.fileName}`,
    });
    expect(createHash('sha256').update(file.body).digest('hex')).to.equal(ready.sha256);
    expect((await show(id)).downloads).to.equal(1);
    const list = await client.get('/admin/export?kind=projects').expect(200);
    expect((list.body as { items: ExportView[] }).items.map((item) => item.id)).to.include(id);
  });

  it('leave a change for each download, with who asked and through what', async () => {
    const owner = await person(['manager']);
    const { run } = await exporter(app, owner);
    const ready = await run(CSV);
    await fetchLink(app, ready.download);
    await fetchLink(app, ready.download);
    const { rows } = await admin.query(
      `select action, actor_kind, actor_id, actor_via, after from change where entity_id = $1 and action like '%.download' order by id`,
      [ready.id],
    );
    const seen = { action: 'export_job.download', actor_kind: 'profile', actor_id: owner.profileId, actor_via: 'link' };
    expect(rows).to.deep.equal([
      { ...seen, after: { downloads: 1 } },
      { ...seen, after: { downloads: 2 } },
    ]);
  });

  it('neutralise formulas and begin with a byte order mark unless told otherwise', async () => {
    const { run } = await exporter(app, await person(['manager']));
    const spanish = (await fetchLink(app, (await run({ ...CSV, locale: 'es' })).download)).body.toString('utf8');
    expect(spanish.codePointAt(0)).to.equal(0xfeff);
    const rows = parse(spanish, { bom: true, delimiter: ';' });
    expect(rows[0]).to.include.members(['Código', 'Nombre', 'Faena', 'Estado']);
    expect(rows.map((row) => row[1])).to.deep.equal(['Nombre', `'=HYPERLINK("http://x")`, 'Túnel; «Norte»']);
    expect(rows[1]!.at(-1)).to.equal('Activo');
    const plain = await run({
      ...CSV,
      locale: 'en',
      bom: false,
      separator: ',',
      columns: ['projectCode', 'projectStatus'],
    });
    const english = (await fetchLink(app, plain.download)).body.toString('utf8');
    expect(english).to.equal('Code,Status\r\nP-1,Active\r\nP-2,Active\r\n');
  });

  it('write names with accents as RFC 5987 wants them', async () => {
    const { run } = await exporter(app, await person(['manager']));
    const ready = await run({
      kind: 'compliance',
      format: 'pdf',
      locale: 'fr',
      filters: { from: '2026-01-01', to: '2026-01-31' },
    });
    expect(ready.fileName).to.match(/^conformité_.*_2026-01-01_2026-01-31_\d{8}-\d{4}\.pdf$/);
    const { headers, body } = await fetchLink(app, ready.download);
    expect(headers['content-disposition']).to.match(/filename="conformite_.*filename\*=UTF-8''conformit%C3%A9_/);
    expect(body.subarray(0, 5).toString()).to.equal('%PDF-');
  });

  it('show a supervisor only their people, and a worker nothing', async () => {
    const supervisor = await person(['supervisor'], { lastName: 'Arriba' });
    const below = await person(['worker'], { lastName: 'Directo' });
    const further = await person(['worker'], { lastName: 'Indirecto' });
    await addReportingLine(app, supervisor, below);
    await addReportingLine(app, below, further);
    const { run } = await exporter(app, supervisor);
    const ready = await run({ kind: 'people', format: 'csv', locale: 'en', columns: ['lastName'], bom: false });
    const text = (await fetchLink(app, ready.download)).body.toString('utf8');
    expect(text.split('\r\n')).to.deep.equal(['Last name', 'Arriba', 'Directo', '']);
    const boss = await clientOf(app, await person(['owner']));
    const made = async (path: string, row: object) =>
      ((await boss.post(path, row).expect(201)).body as { id: string }).id;
    const scopeId = await made('/admin/department', { code: 'SHUT', name: 'Shut' });
    await admin.query('update profile set department_id = $1 where id = $2', [scopeId, below.profileId]);
    const denies = ['organization:profile:read'];
    const roleId = await made('/admin/role', { code: 'shut', name: 'S', reach: 'company', grants: [], denies });
    const { profileId } = supervisor;
    await made('/admin/role/assignment', { profileId, roleId, scopeKind: 'department', scopeId });
    expect((await fetchLink(app, ready.download)).status).to.equal(403);
    const narrowed = await run({ kind: 'people', format: 'csv', locale: 'en', columns: ['lastName'], bom: false });
    const left = (await fetchLink(app, narrowed.download)).body.toString('utf8');
    expect(left.split('\r\n')).to.deep.equal(['Last name', 'Arriba', '']);
    const printed = await run({ kind: 'people', format: 'pdf', locale: 'en' });
    const { pages } = await readPdf(Readable.from([(await fetchLink(app, printed.download)).body]));
    expect(pages.map(pageText).join(' ')).to.include('Direct reports of whoever asked; but not in Shut');
    await (
      await exporter(app, supervisor)
    )
      .ask({ ...CSV, kind: 'compliance', filters: { from: '2026-01-01', to: '2026-01-02' } })
      .expect(403);
    await (await exporter(app, below)).ask({ kind: 'people', format: 'csv' }).expect(403);
  });

  it('refuse what does not fit the report, and need an Idempotency-Key', async () => {
    const { ask, client } = await exporter(app, await person(['manager']));
    await client.post('/admin/export', CSV).expect(428);
    const faults = async (body: object): Promise<string[]> => {
      const answer = await ask(body).expect(422);
      return (answer.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer);
    };
    expect(await faults({ kind: 'compliance', format: 'pdf' })).to.deep.equal(['/filters']);
    expect(await faults({ ...CSV, filters: { from: '2026-01-01' } })).to.deep.equal(['/filters/from']);
    expect(await faults({ ...CSV, columns: ['secret'] })).to.deep.equal(['/columns/0']);
    const period = { from: '2026-02-01', to: '2026-01-01' };
    expect(await faults({ kind: 'compliance', format: 'csv', filters: period })).to.deep.equal(['/filters/to']);
    await ask({ kind: 'nothing', format: 'csv' }).expect(422);
  });

  it('refuse what is beyond the reach of who asks, as they do what does not exist', async () => {
    const [superior, worker, stranger] = [
      await person(['manager']),
      await person(['worker']),
      await person(['worker']),
    ];
    await addReportingLine(app, superior, worker);
    const place = async (profileId: string) => {
      const siteId = await addSite(admin, companyId, 'Norte');
      const departmentId = await addDepartment(admin, companyId, 'Turno A');
      await admin.query('update profile set site_id = $3, department_id = $4 where company_id = $1 and id = $2', [
        companyId,
        profileId,
        siteId,
        departmentId,
      ]);
      const projectId = await addProject(admin, companyId, siteId.slice(-12), 'Norte');
      await addShift(admin, companyId, profileId, projectId, 'day');
      return { siteId, departmentId, profileId, projectId };
    };
    const period = { from: '2026-01-01', to: '2026-01-02' };
    const asked = (ids: Awaited<ReturnType<typeof place>>) =>
      [
        ['people', { siteId: ids.siteId }],
        ['people', { departmentId: ids.departmentId }],
        ['compliance', { ...period, siteId: ids.siteId }],
        ['compliance', { ...period, profileId: ids.profileId }],
        ['compliance', { ...period, projectId: ids.projectId }],
      ] as const;
    const [mine, others] = [await place(worker.profileId), await place(stranger.profileId)];
    const nothing = { siteId: uuidv7(), departmentId: uuidv7(), profileId: uuidv7(), projectId: uuidv7() };
    const owner = await exporter(app, await person(['owner']));
    const limited = await exporter(app, superior);
    const refuse = async ({ ask }: typeof owner, ids: typeof mine) => {
      for (const [kind, filters] of asked(ids)) {
        const { errors } = (await ask({ kind, format: 'csv', filters }).expect(422)).body as { errors: object[] };
        const filter = Object.keys(filters).at(-1);
        expect(errors).to.deep.equal([
          { pointer: `/filters/${filter}`, in: 'body', code: 'UNKNOWN_REFERENCE', message: 'Does not exist' },
        ]);
      }
    };
    await refuse(limited, others);
    await refuse(limited, nothing);
    for (const [kind, filters] of asked(mine))
      expect((await limited.run({ kind, format: 'csv', filters })).status, JSON.stringify(filters)).to.equal('ready');
    await refuse(owner, nothing);
    const whole = await owner.run({ kind: 'people', format: 'csv', filters: { siteId: others.siteId } });
    expect(whole.status).to.equal('ready');
    // A site of which only the project has somebody; and projects, which everybody may list.
    const through = await addSite(admin, companyId, 'Sur');
    await admin.query('update project set site_id = $3 where company_id = $1 and id = $2', [
      companyId,
      mine.projectId,
      through,
    ]);
    expect((await limited.run({ kind: 'people', format: 'csv', filters: { siteId: through } })).status).to.equal(
      'ready',
    );
    const listed = await limited.run({ kind: 'projects', format: 'csv', filters: { siteId: others.siteId } });
    expect(listed.status).to.equal('ready');
  });

  it('run one at a time for a person and a kind, however many ask at once', async () => {
    const { ask } = await exporter(app, await person(['manager']));
    await whileLocked('project', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(CSV)));
      const outcomes = answers.map(({ status, body }) => [status, (body as { code?: string }).code]);
      expect(outcomes.filter(([status]) => status === 202)).to.have.length(1);
      expect(outcomes.filter(([, code]) => code === 'EXPORT_RUNNING')).to.have.length(11);
      await ask({ kind: 'people', format: 'csv' }).expect(202);
    });
    await app.idle();
    await ask(CSV).expect(202);
    await app.idle();
  });

  it('are cancelled while they run, by their owner only, and leave no file', async () => {
    const owner = await person(['manager']);
    const { client, ask, show } = await exporter(app, owner);
    const other = await exporter(app, await person(['manager']));
    let id = '';
    await whileLocked('project', async () => {
      ({ id } = (await ask(CSV).expect(202)).body as ExportView);
      await until(statusIs(id, 'running'));
      await other.client.post(`/admin/export/${id}/cancel`).expect(404);
      await client.post(`/admin/export/${id}/cancel`).expect(200);
    });
    await app.idle();
    expect(await show(id)).to.include({ status: 'cancelled', download: null, error: null });
    expect(await filesOf(id)).to.deep.equal([]);
    await client.post(`/admin/export/${id}/cancel`).expect(409);
    const { rows } = await admin.query('select job, state, attempts from outbox where payload = $1 order by job desc', [
      { exportId: id },
    ]);
    expect(rows).to.deep.equal([
      { job: 'reporting.export.run', state: 'done', attempts: 1 },
      { job: 'reporting.export.clear', state: 'done', attempts: 1 },
    ]);
  });

  it('are no longer handed out once a role was taken, or the person left', async () => {
    const owner = await person(['manager']);
    const { run } = await exporter(app, owner);
    const ready = await run(CSV);
    await admin.query('update role_assignment set deleted_at = $2 where profile_id = $1', [
      owner.profileId,
      new Date(),
    ]);
    const refused = await fetchLink(app, ready.download);
    expect([refused.status, codeOf(refused)]).to.deep.equal([403, 'EXPORT_NO_LONGER_ALLOWED']);
    await admin.query('update role_assignment set deleted_at = null where profile_id = $1', [owner.profileId]);
    expect((await fetchLink(app, ready.download)).status).to.equal(200);
    await admin.query(`update profile set status = 'suspended' where id = $1`, [owner.profileId]);
    expect((await fetchLink(app, ready.download)).status).to.equal(403);
  });

  it('are fetched ten times at most', async () => {
    const { run } = await exporter(app, await person(['manager']));
    const { download } = await run(CSV);
    const answers = await Promise.all(Array.from({ length: 15 }, () => fetchLink(app, download)));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(10);
    expect(answers.filter(({ status }) => status === 410).map(codeOf)).to.deep.equal(
      Array.from({ length: 5 }, () => 'DOWNLOADS_USED_UP'),
    );
  });

  it('are not seen nor fetched by another company, whatever link it makes', async () => {
    const { run } = await exporter(app, await person(['manager']));
    const ready = await run(CSV);
    const foreign = await addCompany(app.database);
    const stranger = await addPerson(app, { companyId: foreign, roles: ['owner'] });
    const { client } = await exporter(app, stranger);
    await client.get(`/admin/export/${ready.id}`).expect(404);
    await client.post(`/admin/export/${ready.id}/cancel`).expect(404);
    const forge = (company: string): string => {
      const claims = { company, export: ready.id, profile: stranger.profileId };
      const link = { purpose: 'export', claims, expiresAt: new Date(Date.now() + DAY_MS) };
      return `${app.url}/angelis/admin/export/download/${sign(link, app.platform.keys.signing)}`;
    };
    expect((await fetchLink(app, forge(foreign))).status).to.equal(404);
    const tampered = await fetchLink(app, `${ready.download}x`);
    expect([tampered.status, codeOf(tampered)]).to.deep.equal([403, 'LINK_INVALID']);
    await app.http.get(ready.download!.slice(app.url.length)).set('x-company-id', foreign).expect(403);
  });

  it('expire after a day: the link ends, the state says so, the file is removed', async () => {
    const { run } = await exporter(app, manager);
    const ready = await run(CSV);
    expect(await filesOf(ready.id)).to.have.length(1);
    app.clock.set(new Date(Date.now() + DAY_MS + 60_000));
    const late = await fetchLink(app, ready.download);
    expect([late.status, codeOf(late)]).to.deep.equal([410, 'LINK_EXPIRED']);
    await until(statusIs(ready.id, 'expired'));
    const purged = async (): Promise<boolean> => {
      const { rows } = await admin.query('select 1 from export_job where id = $1 and file_key is null', [ready.id]);
      return rows.length === 1;
    };
    app.clock.set(new Date(Date.now() + DAY_MS + 3_700_000));
    await until(purged);
    expect(await filesOf(ready.id)).to.deep.equal([]);
    app.clock.set(undefined);
  });

  it('stand below /manager too', async () => {
    const owner = await person(['manager']);
    const { client, show } = await exporter(app, owner);
    const asked = await client.post('/manager/export', CSV, { 'idempotency-key': uuidv7() }).expect(202);
    const { id } = asked.body as ExportView;
    expect(asked.headers['location']).to.equal(`/angelis/manager/export/${id}`);
    await app.idle();
    expect((await client.get(`/manager/export/${id}`).expect(200)).body).to.deep.equal(await show(id));
  });
});
