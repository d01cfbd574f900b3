import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { CLEAR_JOB } from '../../../src/modules/reporting/exports/exports.lifecycle.ts';
import type pg from 'pg';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { killWhereItStands } from '../../support/killed.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { openExportNode, TOLD } from './export-node.ts';
import { exporter } from './fixtures.ts';
import type { ExportView } from './fixtures.ts';
import type { StandStill } from './killed.child.ts';

const child = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ROWS = 50_000;

describe('exports of processes that end', () => {
  let app: TestApp;
  let admin: pg.Client;
  let companyId: string;
  let folder: string;
  let node: Awaited<ReturnType<typeof openExportNode>>;

  before(async () => {
    app = await startApp();
    admin = await app.database.superuser();
    await admin.query(TOLD);
    await admin.query('grant select, insert on told to app');
    companyId = await addCompany(app.database);
    await admin.query(
      `insert into project (company_id, id, code, name, status, created_at, updated_at)
       select $1, gen_random_uuid(), 'P-' || n, 'Mina de cobre número ' || n, 'active', $2, $2
       from generate_series(1, ${ROWS}) n`,
      [companyId, new Date()],
    );
    folder = await mkdtemp(join(tmpdir(), 'angelis-exports-'));
    node = await openExportNode(options());
  });
  after(async () => {
    await node.close();
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  const options = () => ({ app: app.database.url('app'), system: app.database.url('system'), folder });
  const person = () => addPerson(app, { companyId, roles: ['manager'] });

  /** Asks for the projects as CSV; nothing runs the job yet. */
  const ask = async (owner: TestPerson): Promise<{ id: string; outboxId: string }> => {
    const { id } = (await (await exporter(app, owner)).ask({ kind: 'projects', format: 'csv' }).expect(202))
      .body as ExportView;
    const { rows } = await admin.query<{ id: string }>('select id from outbox where payload = $1', [{ exportId: id }]);
    return { id, outboxId: rows[0]!.id };
  };
  const rowOf = async (id: string) =>
    (
      await admin.query<{ status: string; sha256: string; error: string | null; row_count: number; attempts: number }>(
        `select e.status, e.sha256, e.error, e.row_count, o.attempts from export_job e
         join outbox o on o.payload->>'exportId' = e.id::text and o.job = 'reporting.export.run' where e.id = $1`,
        [id],
      )
    ).rows[0]!;
  const toldOf = async (id: string) =>
    (
      await admin.query<{ kind: string; error: string | null; recipients: string[] }>(
        `select kind, params ->> 'error' as error, recipients from told where entity_id = $1`,
        [id],
      )
    ).rows;
  const filesOf = async (id: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of node.files.list(`exports/${companyId}/${id}/`)) keys.push(key);
    return keys;
  };

  /** A file as an earlier try leaves it. */
  const leave = (id: string) =>
    node.files.put(`exports/${companyId}/${id}/left.csv`, Readable.from('of a try'), {
      contentType: 'text/csv',
      maxBytes: 99,
    });
  const clearOf = async (id: string): Promise<string[]> =>
    (
      await admin.query<{ id: string }>("select id from outbox where job = $2 and payload ->> 'exportId' = $1", [
        id,
        CLEAR_JOB,
      ])
    ).rows.map((row) => row.id);

  for (const at of ['writing', 'stored', 'offered'] satisfies StandStill[])
    it(`make one file and one notice when killed while ${at}`, async () => {
      const owner = await person();
      const { id, outboxId } = await ask(owner);
      await killWhereItStands(new URL('killed.child.ts', import.meta.url), { ...options(), at, companyId, outboxId });
      expect((await rowOf(id)).status).to.equal(at === 'offered' ? 'ready' : 'running');
      await leave(id);
      await node.attempt(companyId, outboxId);
      const row = await rowOf(id);
      expect(row).to.include({ status: 'ready', row_count: ROWS, attempts: 2 });
      const files = await filesOf(id);
      expect(files).to.have.length(1);
      const body = await buffer(await node.files.get(files[0]!));
      expect(createHash('sha256').update(body).digest('hex')).to.equal(row.sha256);
      expect(body.toString('utf8').split('\r\n')).to.have.length(ROWS + 2);
      expect(await toldOf(id)).to.deep.equal([{ kind: 'export_ready', error: null, recipients: [owner.profileId] }]);
    }).timeout(60_000);

  it('are given up after six tries, each of them killed, and leave no file', async () => {
    const owner = await person();
    const { id, outboxId } = await ask(owner);
    await leave(id);
    await admin.query('update outbox set attempts = 6 where id = $1', [outboxId]);
    await node.attempt(companyId, outboxId);
    expect(await clearOf(id)).to.have.length(1);
    for (const clearing of await clearOf(id)) await node.clear(companyId, clearing);
    expect(await filesOf(id)).to.deep.equal([]);
    expect(await rowOf(id)).to.include({ status: 'failed', error: 'FAILED' });
    const told = { kind: 'export_failed', error: 'FAILED', recipients: [owner.profileId] };
    expect(await toldOf(id)).to.deep.equal([told]);
  });

  it('fail, without another try, when the reach changed between asking and running', async () => {
    const owner = await person();
    const { id, outboxId } = await ask(owner);
    await admin.query(`update role_assignment set system_role = 'admin' where profile_id = $1`, [owner.profileId]);
    await node.attempt(companyId, outboxId);
    expect(await rowOf(id)).to.include({ status: 'failed', error: 'PERMISSION_CHANGED', attempts: 1 });
    expect(await filesOf(id)).to.deep.equal([]);
  });

  it('refuse a PDF that nobody would read', async () => {
    const owner = await person();
    const { ask: wish } = await exporter(app, owner);
    const { id } = (await wish({ kind: 'projects', format: 'pdf' }).expect(202)).body as ExportView;
    const { rows } = await admin.query<{ id: string }>('select id from outbox where payload = $1', [{ exportId: id }]);
    await node.attempt(companyId, rows[0]!.id);
    expect(await rowOf(id)).to.include({ status: 'failed', error: 'TOO_MANY_ROWS' });
    const told = { kind: 'export_failed', error: 'TOO_MANY_ROWS', recipients: [owner.profileId] };
    expect(await toldOf(id)).to.deep.equal([told]);
  });

  it('keep memory flat over 50,000 rows, telling how far they are', async () => {
    const { id, outboxId } = await ask(await person());
    const argument = JSON.stringify({ ...options(), companyId, outboxId });
    const { stdout } = await promisify(execFile)(process.execPath, [child('memory.child.ts'), argument]);
    const { bytes, grownMb } = JSON.parse(stdout) as { bytes: number; grownMb: number };
    expect(bytes).to.be.greaterThan(2_000_000);
    expect(grownMb).to.be.lessThan(60);
    expect(await rowOf(id)).to.include({ status: 'ready', row_count: ROWS });
  }).timeout(60_000);
});
