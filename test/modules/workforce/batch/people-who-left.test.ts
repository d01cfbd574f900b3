import { expect } from 'chai';
import { rutCheckDigit } from '../../../../src/platform/text/rut.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

interface Upload extends Row {
  readonly validCount: number;
  readonly errorCount: number;
  readonly committedCount: number;
}

interface Fault {
  readonly row: number;
  readonly column: string;
  readonly code: string;
  readonly message: string;
}

const base = '/admin/profile/batch';
const rut = (body: number): string => `${body}-${rutCheckDigit(String(body))}`;
const HEADINGS = 'first_name,last_name,rut,employee_number,safer_id';

describe('batch uploads that name people who left', () => {
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp({ background: true });
    mine = await openMine(app);
  });
  after(() => app.close());

  const read = (row: Row) => rowOf<Upload>(mine.admin.get(`${base}/${row.id}`));
  const dryRun = async (lines: readonly string[]): Promise<Upload> => {
    const sent = app.http
      .post(`/angelis${base}`)
      .set({ authorization: await mine.people.admin.bearer() })
      .attach('file', Buffer.from([HEADINGS, ...lines].join('\n')), 'people.csv');
    const row = await rowOf<Upload>(sent, 202);
    await app.idle();
    return read(row);
  };
  const faults = async (row: Row, language = 'en'): Promise<Fault[]> =>
    (await rowOf<{ items: Fault[] }>(mine.admin.get(`${base}/${row.id}/errors`, { 'accept-language': language })))
      .items;
  const codes = async (row: Row) => (await faults(row)).map(({ row: at, column, code }) => `${at} ${column} ${code}`);
  const add = async (n: number, number: string): Promise<Row> => {
    const nationalId = { kind: 'RUT', value: rut(n) };
    const body = { firstName: 'Se', lastName: 'Fue', kind: 'employee', nationalId, employeeNumber: number };
    return rowOf(mine.admin.post('/admin/profile', body), 201);
  };
  const leave = async (row: Row): Promise<Row> => {
    const after = await rowOf(mine.admin.get(`/admin/profile/${row.id}`));
    return rowOf(mine.admin.post(`/admin/profile/${row.id}/end`, { reason: 'x' }, version(after.version)));
  };

  it('say of each row what to do, once and in the language of who reads it, and write nothing for it', async () => {
    const former = await add(11_222_333, 'F-1');
    await mine.admin
      .post(`/admin/profile/${former.id}/system-link`, { system: 'SAFER', externalId: 'S-F1' })
      .expect(201);
    const ended = await leave(former);
    await add(11_222_334, 'F-2');
    const row = await dryRun([
      `Se,Fue,${rut(11_222_333)},F-1,S-F1`,
      `Es,Ta,${rut(11_222_334)},,`,
      `Nue,Va,${rut(11_222_336)},F-3,`,
    ]);
    expect(row).to.include({ status: 'validated', validCount: 1, errorCount: 2 });
    expect(await codes(row)).to.have.members(['2 rut PROFILE_ENDED', '3 rut DUPLICATE_IN_COMPANY']);
    const other = await dryRun([`O,Tro,${rut(11_222_335)},F-1,S-F1`, `O,Tra,,F-1,`]);
    expect(await codes(other)).to.have.members([
      '2 employee_number DUPLICATE_IN_FILE',
      '2 employee_number DUPLICATE_IN_COMPANY',
      '2 safer_id DUPLICATE_IN_COMPANY',
      '3 rut required',
      '3 employee_number DUPLICATE_IN_FILE',
      '3 employee_number DUPLICATE_IN_COMPANY',
    ]);
    const said = await Promise.all(
      ['es', 'en', 'fr'].map(
        async (language) => (await faults(row, language)).find(({ row: at }) => at === 2)!.message,
      ),
    );
    expect(new Set(said).size).to.equal(3);
    for (const message of said) expect(message).to.include('rejoin');
    await mine.admin.post(`${base}/${row.id}/commit`, { partial: true }, version(row.version)).expect(200);
    await app.idle();
    expect(await read(row)).to.include({ status: 'committed', committedCount: 1 });
    expect(await rowOf(mine.admin.get(`/admin/profile/${former.id}`))).to.include({
      status: 'ended',
      version: ended.version,
    });
    expect(await itemsOf(mine.admin, '/admin/profile?q=fue&status=draft')).to.have.length(1);
  });

  it('say so too of who came and left between the dry run and the commit', async () => {
    const row = await dryRun([`Va,Viene,${rut(11_222_444)},,`, `Que,Da,${rut(11_222_445)},,`]);
    await leave(await add(11_222_444, 'V-1'));
    await mine.admin.post(`${base}/${row.id}/commit`, {}, version(row.version)).expect(200);
    await app.idle();
    expect(await read(row)).to.include({ status: 'failed', committedCount: 0 });
    expect(await codes(row)).to.deep.equal(['2 rut PROFILE_ENDED']);
  });

  it('add nobody who is let come back meanwhile: they are in the company again', async () => {
    const former = await leave(await add(11_222_555, 'R-1'));
    await mine.admin.post(`/admin/profile/${former.id}/rejoin`, { reason: 'x' }, version(former.version)).expect(200);
    expect(await codes(await dryRun([`Se,Fue,${rut(11_222_555)},,`]))).to.deep.equal(['2 rut DUPLICATE_IN_COMPANY']);
  });
});
