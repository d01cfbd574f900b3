import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { rutCheckDigit } from '../../../../src/platform/text/rut.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { hostileUploads } from '../../../support/hostile-uploads.ts';
import type { HostileUpload } from '../../../support/hostile-uploads.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import { until } from '../../../support/until.ts';
import { sendUpload } from '../../../support/upload-driver.ts';
import { codeOf, itemsOf, openMine, rowOf, sweep } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

interface Upload extends Row {
  readonly rowCount: number;
  readonly validCount: number;
  readonly errorCount: number;
  readonly committedCount: number;
  readonly mode: string;
}

const base = '/admin/profile/batch';
const PLAIN_NAME = /^[^\p{Cc}\p{Cf}\p{Cs}/\\]*[^.\s\p{Cc}\p{Cf}\p{Cs}/\\][^\p{Cc}\p{Cf}\p{Cs}/\\]*$/u;
const rut = (body: number): string => `${body}-${rutCheckDigit(String(body))}`;

describe('batch uploads of people', () => {
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp({ background: true });
    mine = await openMine(app);
  });
  after(() => app.close());

  const post = (text: string | Buffer, who: Pick<TestPerson, 'bearer'> = mine.people.admin, field = 'file') =>
    who
      .bearer()
      .then((authorization) =>
        app.http
          .post(`/angelis${base}`)
          .set({ authorization, 'accept-language': 'en' })
          .attach(field, Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' }),
      );
  const read = (row: Row) => rowOf<Upload>(mine.admin.get(`${base}/${row.id}`));
  const dryRun = async (text: string | Buffer): Promise<Upload> => {
    const row = await rowOf<Upload>(post(text), 202);
    expect(row.status).to.equal('uploaded');
    await app.idle();
    return read(row);
  };
  const commit = (row: Row, body: object = {}) =>
    mine.admin.post(`${base}/${row.id}/commit`, body, version(row.version));
  const commitAll = async (row: Row, body: object = {}): Promise<Upload> => {
    expect((await rowOf(commit(row, body))).status).to.equal('committing');
    await app.idle();
    return read(row);
  };
  const errors = async (row: Row) =>
    (await itemsOf<{ row: number; column: string | null; code: string }>(mine.admin, `${base}/${row.id}/errors`)).map(
      ({ row: at, column, code }) => `${at} ${column} ${code}`,
    );
  const profiles = async (name: string) =>
    itemsOf<Row & { lastName: string; nationalIdMask: string; contactPhone: string }>(
      mine.admin,
      `/admin/profile?q=${name}`,
    );
  /** What lies in the store, finished or growing. */
  const files = async () =>
    (await readdir(app.folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const count = async (text: string, values: unknown[] = []) =>
    (await (await app.database.superuser()).query<{ n: number }>(text, values)).rows[0]!.n;

  it('take the file and nothing else: a field that means nothing here is refused', async () => {
    const authorization = await mine.people.admin.bearer();
    const sent = app.http.post(`/angelis${base}`).set({ authorization }).field('mode', 'explode');
    const { body } = await sent.attach('file', Buffer.from('x'), { filename: 'people.csv' }).expect(422);
    expect((body as { errors: { pointer: string }[] }).errors[0]?.pointer).to.equal('/mode');
  });

  it('add nobody in the dry run, and those who passed it by the commit', async () => {
    const client = await app.database.superuser();
    await client.query(
      `insert into department (company_id, id, code, name, path, depth, created_at, updated_at)
       select $1, $2, 'MINA', 'Mina', '/x/', 1, now(), now()`,
      [mine.companyId, mine.projectId],
    );
    const text = [
      '\uFEFFfirst_name;last_name;rut;email;phone;employee_number;kind;department;expires_on;safer_id',
      `Luz;Batchera Ñandú;${rut(11_111_111)};LUZ@example.cl;9 1234 5678;B-1;employee;MINA;;S-1`,
      `Eva;Batchera;${rut(11_111_112)};;;B-2;temporary;;2099-12-31;`,
      '',
    ].join('\r\n');
    const row = await dryRun(text);
    expect(row).to.include({ status: 'validated', rowCount: 2, validCount: 2, errorCount: 0, mode: 'dry_run' });
    expect(await profiles('batchera')).to.have.length(0);
    const done = await commitAll(row);
    expect(done).to.include({ status: 'committed', committedCount: 2, mode: 'commit', progress: 100 });
    const found = await profiles('batchera');
    expect(found).to.have.length(2);
    const luz = found.find(({ lastName }) => lastName === 'Batchera Ñandú')!;
    expect(luz).to.include({
      status: 'draft',
      nationalIdMask: '*****111-1',
      contactEmail: 'luz@example.cl',
      contactPhone: '+56912345678',
      departmentId: mine.projectId,
    });
    expect(await profiles('nandu')).to.have.length(1);
    expect(
      await count(`select count(*)::int as n from system_link where profile_id = $1 and external_id = 'S-1'`, [luz.id]),
    ).to.equal(1);
    expect(await count('select count(*)::int as n from role_assignment where profile_id = $1', [luz.id])).to.equal(0);
    expect(await count('select count(*)::int as n from batch_row')).to.equal(0);
  });

  it('add each of many once, in the order of the file, with a word of theirs', async () => {
    const people = Array.from(
      { length: 1_203 },
      (_, at) => `Uno,Entremuchos${at},${rut(16_000_000 + Math.max(at, 2))}`,
    );
    const done = await commitAll(await dryRun(`first_name,last_name,rut\n${people.join('\n')}`), { partial: true });
    expect(done).to.include({ errorCount: 3, status: 'committed', committedCount: 1_200, progress: 100 });
    const inOrder = `select (array_agg(substr(p.last_name, 12)::int order by c.id) = array(select generate_series(3, 1202)))::int as n
      from change c join profile p on p.id = c.entity_id join search_token w on w.entity_id = p.id and w.token = lower(p.last_name)`;
    expect(await count(`${inOrder} where p.last_name like 'Entremuchos%'`)).to.equal(1);
  });

  it('store ids as a single profile does: sealed under the person’s key, found by hash, changes sealed too', async () => {
    const row = await dryRun(`first_name,last_name,rut\nIda,Sellada,${rut(12_222_222)}\n`);
    const staged = await count(
      `select count(*)::int as n from batch_row r where r.upload_id = $1 and r::text like '%12222222%'`,
      [row.id],
    );
    expect(staged).to.equal(0);
    await commitAll(row);
    const [profile] = await profiles('sellada');
    const revealed = await rowOf<{ value: string }>(mine.admin.get(`/admin/profile/${profile!.id}/national-id`));
    expect(revealed.value).to.equal(rut(12_222_222));
    const client = await app.database.superuser();
    const { rows } = await client.query<{ after: object; personal: string; subject: string; actor_kind: string }>(
      `select after, personal, subject_id as subject, actor_kind from change where entity_id = $1 and action = 'profile.create'`,
      [profile!.id],
    );
    expect(rows).to.have.length(1);
    expect(rows[0]!.subject).to.equal(profile!.id);
    expect(JSON.stringify(rows[0])).to.not.match(/Sellada|12222222|2222/);
    expect(rows[0]!.personal).to.be.a('string');
    expect(await count('select count(*)::int as n from data_key where subject_id = $1', [profile!.id])).to.equal(1);
    const again = {
      firstName: 'X',
      lastName: 'Y',
      kind: 'employee',
      nationalId: { kind: 'RUT', value: rut(12_222_222) },
    };
    expect(await codeOf(mine.admin.post('/admin/profile', again), 409)).to.equal('DUPLICATE');
  });

  it('name every fault by row and column, with its text in the caller’s language', async () => {
    const text = [
      'first_name,last_name,rut,email,kind,department,site,employee_number,expires_on,phone',
      `,Sin nombre,${rut(13_000_001)},,,,,,,`,
      `A,B,13.000.002-${rutCheckDigit('13000002') === '1' ? '2' : '1'},,,,,,,`,
      `A,B,${rut(13_000_003)},not-an-email,,,,,,`,
      `A,B,${rut(13_000_004)},,robot,,,,,`,
      `A,B,${rut(13_000_005)},,,NADA,NADA,,,`,
      `A,B,${rut(13_000_006)},,temporary,,,,,`,
      `A,B,${rut(13_000_007)},,,,,,2001-01-01,`,
      `A,B,${rut(13_000_008)},,,,,,,12`,
      `A,B,,,,,,,,`,
      `A,B,${rut(13_000_010)},,,,,,,`,
    ].join('\n');
    const row = await dryRun(text);
    expect(row).to.include({ status: 'validated', rowCount: 10, validCount: 1, errorCount: 9 });
    expect(await errors(row)).to.have.members([
      '2 first_name required',
      '3 rut RUT_CHECK_DIGIT',
      '4 email format',
      '5 kind enum',
      '6 department UNKNOWN_REFERENCE',
      '6 site UNKNOWN_REFERENCE',
      '7 expires_on required',
      '8 expires_on IN_THE_PAST',
      '9 phone PHONE',
      '10 rut required',
    ]);
    for (const [language, message] of Object.entries({ es: 'Falta', en: 'Missing', fr: 'Manquant' })) {
      const { body } = await mine.admin.get(`${base}/${row.id}/errors?limit=1`, { 'accept-language': language });
      expect(body).to.deep.include({ items: [{ row: 2, column: 'first_name', code: 'required', message }] });
      expect((body as { next: string | null }).next).to.be.a('string');
    }
  });

  it('find who is twice in the file, by RUT however it is written, by employee number and by the number elsewhere', async () => {
    const twice = rut(14_000_001);
    const dotted = `14.000.001-${rutCheckDigit('14000001').toLowerCase()}`;
    const text = [
      'first_name,last_name,rut,employee_number,safer_id',
      `A,B,${twice},,`,
      `C,D,${dotted},,`,
      `A,B,${rut(14_000_003)},N-1,X-1`,
      `A,B,${rut(14_000_004)},n-1,X-2`,
      `A,B,${rut(14_000_005)},N-2,X-1`,
      `A,B,${rut(14_000_006)},N-3,X-3`,
    ].join('\n');
    const row = await dryRun(text);
    expect(await errors(row)).to.have.members([
      '2 rut DUPLICATE_IN_FILE',
      '3 rut DUPLICATE_IN_FILE',
      '4 employee_number DUPLICATE_IN_FILE',
      '5 employee_number DUPLICATE_IN_FILE',
      '4 safer_id DUPLICATE_IN_FILE',
      '6 safer_id DUPLICATE_IN_FILE',
    ]);
    expect(row).to.include({ validCount: 1, errorCount: 5 });
  });

  it('find who is in the company already, and nobody of another company', async () => {
    const body = { firstName: 'Ya', lastName: 'Esta', kind: 'employee', employeeNumber: 'OLD-1' };
    await rowOf(
      mine.admin.post('/admin/profile', { ...body, nationalId: { kind: 'RUT', value: rut(15_000_001) } }),
      201,
    );
    const other = await openMine(app);
    const theirs = { ...body, nationalId: { kind: 'RUT', value: rut(15_000_002) } };
    await rowOf(other.admin.post('/admin/profile', theirs), 201);
    const text = `first_name,last_name,rut,employee_number\nA,B,${rut(15_000_001)},old-1\nC,D,${rut(15_000_002)},NEW-1\n`;
    const row = await dryRun(text);
    expect(await errors(row)).to.have.members(['2 rut DUPLICATE_IN_COMPANY', '2 employee_number DUPLICATE_IN_COMPANY']);
    await other.admin.get(`${base}/${row.id}`).expect(404);
    await other.admin.get(`${base}/${row.id}/errors`).expect(404);
  });

  it('commit all or nothing, unless the rows without faults are asked for', async () => {
    const text = `first_name,last_name,rut\nUno,Parcial,${rut(16_000_001)}\nDos,Parcial,1-9\n`;
    const row = await dryRun(text);
    expect(await codeOf(commit(row), 409)).to.equal('BATCH_HAS_ERRORS');
    expect(await profiles('parcial')).to.have.length(0);
    const done = await commitAll(row, { partial: true });
    expect(done).to.include({ status: 'committed', committedCount: 1 });
    expect(await profiles('parcial')).to.have.length(1);
    expect(await codeOf(commit(done), 409)).to.equal('INVALID_TRANSITION');
  });

  it('fail as a whole when somebody came into the company between dry run and commit', async () => {
    const text = `first_name,last_name,rut\nUno,Tardia,${rut(17_000_001)}\nDos,Tardia,${rut(17_000_002)}\n`;
    const row = await dryRun(text);
    const body = { firstName: 'Antes', lastName: 'Llegada', kind: 'employee' };
    await rowOf(
      mine.admin.post('/admin/profile', { ...body, nationalId: { kind: 'RUT', value: rut(17_000_002) } }),
      201,
    );
    const failed = await commitAll(row);
    expect(failed).to.include({ status: 'failed', committedCount: 0 });
    expect(await errors(row)).to.deep.equal(['3 rut DUPLICATE_IN_COMPANY']);
    expect(await profiles('tardia')).to.have.length(0);
  });

  it('fail as a whole when the site of one was deleted between dry run and commit', async () => {
    const place = { code: 'CERRADA', name: 'Cerrada', timezone: 'America/Santiago', altitudeM: 0 };
    const { id } = await rowOf(mine.admin.post('/admin/site', place), 201);
    const row = await dryRun(`first_name,last_name,rut,site\nUno,Huerfana,${rut(17_100_001)},CERRADA\n`);
    await mine.admin.del(`/admin/site/${id}`, version(1)).expect(204);
    expect(await commitAll(row)).to.include({ status: 'failed', committedCount: 0 });
    expect(await errors(row)).to.deep.equal(['2 site UNKNOWN_REFERENCE']);
  });

  it('are read as spreadsheets write them: one mark between cells, the other within', async () => {
    for (const [mark, within, n] of [
      [';', ',', 1],
      [',', ';', 2],
    ] as const) {
      const cells = [`Ana${n}`, `Mixta${within} Díaz`, rut(17_400_000 + n)];
      const text = `${['first_name', 'last_name', 'rut'].join(mark)}\r\n${cells.join(mark)}\r\n`;
      const row = await dryRun(text);
      expect(row).to.include({ status: 'validated', validCount: 1, errorCount: 0 });
      await commitAll(row);
      expect((await profiles(`ana${n}`)).map(({ lastName }) => lastName)).to.deep.equal([cells[1]]);
    }
  });

  it('name rows as a spreadsheet counts them, empty ones too, and say what is wrong in words', async () => {
    const long = 'x'.repeat(101);
    const people = [
      `A,B,${rut(17_500_001)},`,
      '',
      '',
      `${long},B,${rut(17_500_002)},`,
      '',
      `A,B,${rut(17_500_003)},P-1`,
    ];
    const row = await dryRun(`first_name,last_name,rut,passport\n${people.join('\n')}\n`);
    expect(await errors(row)).to.deep.equal(['5 first_name maxLength', '7 passport ONE_DOCUMENT']);
    const shown = await mine.admin.get(`${base}/${row.id}/errors`, { 'accept-language': 'en' }).expect(200);
    const [first] = (shown.body as { items: { message: string }[] }).items;
    expect(first!.message).to.equal('At most 100 characters');
  });

  it('of the operator’s staff say of nobody whose results are theirs, nor by which policy', async () => {
    const staff = await addStaff(app, 'support');
    await app.http
      .post('/angelis/admin/internal_user/support-session')
      .set({ authorization: await staff.bearer() })
      .send({ companyId: mine.companyId, reason: 'ticket 7' })
      .expect(200);
    const columns = 'first_name,last_name,rut,risk_group,safer_id,fit2000_id,checkingmate_id';
    const text = `${columns}\nUno,Ayuda,${rut(17_300_001)},,,,\nDos,Ayuda,${rut(17_300_002)},G,S-1,F-1,C-1\n`;
    const row = await rowOf<Upload>(post(text, staff), 202);
    await app.idle();
    expect(await errors(row)).to.include.members(
      ['risk_group', 'safer_id', 'fit2000_id', 'checkingmate_id'].map((column) => `3 ${column} NOT_BY_SUPPORT`),
    );
    expect(await read(row)).to.include({ validCount: 1, errorCount: 1 });
  });

  it('are rejected when the file cannot be read, or has columns that are not known: no role is ever given', async () => {
    const cases: [string | Buffer, string][] = [
      ['first_name,last_name,rut,role\nA,B,1-9,owner\n', '1 role UNKNOWN_COLUMN'],
      ['first_name,rut\nA,1-9\n', '1 last_name required'],
      [Buffer.from([0x66, 0xff, 0xfe, 0x0a]), '1 null NOT_UTF8'],
      ['', '1 null NO_ROWS'],
      ['first_name,last_name,rut\n', '1 null NO_ROWS'],
      ['first_name,last_name,rut\n\nA,B\n', '3 null ROW_LENGTH'],
      ['first_name,last_name,rut\nA,"B\n', '2 last_name UNREADABLE'],
      ['first_name,last_name,rut\nA,B,1-9\n', '2 rut RUT_LENGTH'],
    ];
    for (const [text, fault] of cases) {
      const row = await dryRun(text);
      expect(row.status, fault).to.equal('rejected');
      expect(await errors(row)).to.deep.equal([fault]);
      expect(await codeOf(commit(row), 409)).to.equal('INVALID_TRANSITION');
    }
    const empty = await dryRun('first_name,last_name,rut\n');
    expect(empty).to.include({ status: 'rejected', rowCount: 0 });
  });

  it('that mean no good are refused, rejected or harmless, and leave nothing behind', async () => {
    const uploads = hostileUploads();
    expect(uploads).to.have.length.greaterThan(50);
    const url = new URL(`/angelis${base}`, app.url);
    const client = await app.database.superuser();
    const numberOf = async (text: string) => (await client.query<{ n: number }>(text)).rows[0]!.n;
    const people = await numberOf('select count(*)::int as n from profile');
    const taken = new Map<string, HostileUpload>();
    const known = await numberOf('select count(*)::int as n from batch_upload');
    for (const upload of uploads) {
      const { status, body } = await sendUpload(url, await mine.people.admin.bearer(), upload);
      if (upload.fate === 'cut') continue;
      if (upload.fate === 'refused') {
        expect(status, upload.name).to.be.within(400, 499);
        continue;
      }
      expect(status, `${upload.name}: ${body}`).to.equal(202);
      const { id, fileName } = JSON.parse(body) as Row & { fileName: string };
      expect(fileName, upload.name).to.match(PLAIN_NAME).and.have.length.within(1, 400);
      taken.set(id, upload);
    }
    await app.idle();
    for (const [id, { name, fate }] of taken) {
      const { rows } = await client.query<{ status: string }>('select status from batch_upload where id = $1', [id]);
      expect(rows[0]?.status, name).to.equal(fate === 'harmless' ? 'validated' : 'rejected');
    }
    await until(async () => (await files()).length === 0);
    expect(await numberOf('select count(*)::int as n from batch_upload')).to.equal(known + taken.size);
    expect(await numberOf('select count(*)::int as n from profile')).to.equal(people);
    const staged = `select count(*)::int as n from batch_row r join batch_upload u
      on u.company_id = r.company_id and u.id = r.upload_id where u.status <> 'validated'`;
    expect(await numberOf(staged)).to.equal(0);
  });

  it('expire a day after their dry run, and leave nothing staged', async () => {
    const row = await dryRun(`first_name,last_name,rut\nUno,Vencida,${rut(18_000_001)}\n`);
    expect(await count('select count(*)::int as n from batch_row where upload_id = $1', [row.id])).to.equal(1);
    await mine.at(new Date(Date.now() + 86_400_000 - 60_000).toISOString());
    await sweep(app, mine.companyId, 'batch_upload', row.id, 'expire');
    expect((await read(row)).status).to.equal('validated');
    await mine.at(new Date(Date.now() + 86_400_000 + 60_000).toISOString());
    const late = await codeOf(commit(row), 409);
    expect(late).to.be.oneOf(['BATCH_TOO_OLD', 'INVALID_TRANSITION']);
    await sweep(app, mine.companyId, 'batch_upload', row.id, 'expire');
    expect((await read(row)).status).to.equal('expired');
    expect(await count('select count(*)::int as n from batch_row where upload_id = $1', [row.id])).to.equal(0);
    await mine.at(new Date().toISOString());
  });

  it('are for admins; the form must hold a file; the template shows every column', async () => {
    expect(await codeOf(post('x', mine.people.manager), 403)).to.equal('FORBIDDEN');
    expect(await codeOf(post('x', mine.people.admin, 'other'), 422)).to.equal('BATCH_FILE_MISSING');
    expect(await codeOf(mine.admin.post(base, {}), 415)).to.equal('UNSUPPORTED_MEDIA_TYPE');
    const answer = await mine.admin.get(`${base}/template`).expect(200);
    expect(answer.headers['content-type']).to.match(/^text\/csv/);
    const [headings] = parse(answer.text, { bom: true });
    expect(headings).to.include.members(['first_name', 'last_name', 'rut', 'safer_id']).and.not.include('role');
    const row = await dryRun(answer.text);
    expect(row).to.include({ status: 'validated', validCount: 1 });
  });
});
