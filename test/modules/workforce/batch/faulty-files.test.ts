import { expect } from 'chai';
import { rutCheckDigit } from '../../../../src/platform/text/rut.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

interface Upload extends Row {
  readonly rowCount: number;
  readonly validCount: number;
  readonly errorCount: number;
  readonly committedCount: number;
}
interface Fault {
  readonly row: number;
  readonly column: string | null;
  readonly code: string;
  readonly message: string;
}

const base = '/admin/profile/batch';

describe('faults of batch uploads', () => {
  let app: TestApp;
  let mine: Mine;
  let next = 20_000_000;

  before(async () => {
    app = await startApp({ background: true });
    mine = await openMine(app);
  });
  after(() => app.close());

  const rut = (): string => `${(next += 1)}-${rutCheckDigit(String(next))}`;
  const read = (row: Row) => rowOf<Upload>(mine.admin.get(`${base}/${row.id}`));
  const send = async (content: string | Buffer, kind: string): Promise<Upload> => {
    const upload = app.http
      .post(`/angelis${base}?kind=${kind}`)
      .set({ authorization: await mine.people.admin.bearer(), 'accept-language': 'en' });
    const row = await rowOf(upload.attach('file', Buffer.from(content), { filename: 'a.csv' }), 202);
    await app.idle();
    return read(row);
  };
  const people = (lines: readonly string[], encoding: BufferEncoding = 'utf8') =>
    send(Buffer.from(['first_name,last_name,rut', ...lines].join('\n'), encoding), 'profiles');
  const invitees = (lines: readonly string[], encoding: BufferEncoding = 'utf8') =>
    send(Buffer.from(['email,first_name,last_name', ...lines].join('\n'), encoding), 'invitations');
  const faults = (row: Row) => itemsOf<Fault>(mine.admin, `${base}/${row.id}/errors`);
  const errors = async (row: Row) => (await faults(row)).map(({ row: at, column, code }) => `${at} ${column} ${code}`);
  const commit = async (row: Row): Promise<Upload> => {
    await mine.admin.post(`${base}/${row.id}/commit`, { partial: true }, version(row.version)).expect(200);
    await app.idle();
    return read(row);
  };
  const staged = async (row: Row) =>
    (
      await (
        await app.database.superuser()
      ).query(
        'select upload_id from batch_row where upload_id = $1 union all select upload_id from batch_invitee where upload_id = $1',
        [row.id],
      )
    ).rowCount;

  it('name a row with a cell too few or too many, and all that is wrong with the others, of whom the rest is taken', async () => {
    const row = await people([
      `Uno,Corta,${rut()}`,
      'Dos,Corta',
      'Tres,Corta,1-8',
      `Cuatro,Corta,${rut()},x`,
      'Cinco,,',
    ]);
    expect(await errors(row)).to.have.members([
      '3 null ROW_LENGTH',
      '4 rut RUT_LENGTH',
      '5 null ROW_LENGTH',
      '6 last_name required',
      '6 rut required',
    ]);
    expect(row).to.include({ status: 'validated', rowCount: 5, validCount: 1, errorCount: 4 });
    expect(await commit(row)).to.include({ status: 'committed', committedCount: 1 });

    const invited = await invitees(['uno@corta.cl,Uno,Corta', 'dos@corta.cl,Dos', 'no address,Tres,Corta']);
    expect(await errors(invited)).to.deep.equal(['3 null ROW_LENGTH', '4 email format']);
    expect(await commit(invited)).to.include({ status: 'committed', committedCount: 1, errorCount: 2 });
  });

  it('name each cell that is no UTF-8, beside all else; nothing of such a file is taken', async () => {
    const lines = [`Ana,Ruiz,${rut()}`, `José,Ruiz,${rut()}`, 'Eva,Ruiz,1-8', `Inés,Núñez,`];
    const row = await people(lines, 'latin1');
    expect(await errors(row)).to.have.members([
      '3 first_name NOT_UTF8',
      '4 rut RUT_LENGTH',
      '5 first_name NOT_UTF8',
      '5 last_name NOT_UTF8',
      '5 rut required',
    ]);
    expect(row).to.include({ status: 'rejected', rowCount: 4, validCount: 1, errorCount: 3 });
    expect(await staged(row)).to.equal(0);
    const [first] = await faults(row);
    expect(first!.message).to.equal('Is no text in UTF-8: save the file as “CSV UTF-8”');
    expect(await errors(await people([`Ana,Ruiz,${rut()}`, `A\0na,Ruiz,${rut()}`]))).to.deep.equal([
      '3 first_name NOT_UTF8',
    ]);
    expect(await errors(await people([`Ana,Ruiz,${rut()}`, 'José,Ruiz'], 'latin1'))).to.have.members([
      '3 null ROW_LENGTH',
      '3 null NOT_UTF8',
    ]);
    expect(await errors(await people([`Ana,Ruiz,${rut()}`], 'utf16le'))).to.deep.equal(['1 null NOT_UTF8']);
    const invited = await invitees(
      ['ana@corta.cl,Ana,Soto', 'jose@corta.cl,José,Soto', 'no address,Eva,Soto'],
      'latin1',
    );
    expect(await errors(invited)).to.deep.equal(['3 first_name NOT_UTF8', '4 email format']);
    expect(invited).to.include({ status: 'rejected', rowCount: 3, validCount: 1, errorCount: 2 });
    expect(await staged(invited)).to.equal(0);
  });

  it('name a cell that is too long, and go on', async () => {
    const row = await people([`${'x'.repeat(101)},A,${rut()}`, `B,${'y'.repeat(30_000)},${rut()}`, `C,D,${rut()}`]);
    expect(await errors(row)).to.deep.equal(['2 first_name maxLength', '3 last_name maxLength']);
    expect(row).to.include({ status: 'validated', rowCount: 3, validCount: 1 });
  });

  it('name where the file cannot be read on, beside all that is wrong before; nothing of it is taken', async () => {
    for (const [line, fault] of [
      [`Tres,"Abierta,${rut()}`, '4 last_name UNREADABLE'],
      [`"Tres" x,Abierta,${rut()}`, '4 first_name UNREADABLE'],
      [`Tres,a "b",${rut()}`, '4 last_name UNREADABLE'],
      [`Tres,${'x'.repeat(2_000_000)},${rut()}`, '4 last_name ROW_TOO_LONG'],
    ] as const) {
      const row = await people([`Uno,Abierta,${rut()}`, 'Dos,Abierta,1-8', line, `Cuatro,Abierta,${rut()}`]);
      expect(await errors(row)).to.deep.equal(['3 rut RUT_LENGTH', fault]);
      expect(row, fault).to.include({ status: 'rejected', rowCount: 3, validCount: 1, errorCount: 2 });
      expect(await staged(row)).to.equal(0);
    }
    const invited = await invitees(['uno@abierta.cl,Uno,Vera', 'no address,Dos,Vera', '"tres@abierta.cl,Tres,Vera']);
    expect(await errors(invited)).to.deep.equal(['3 email format', '4 email UNREADABLE']);
    expect(invited).to.include({ status: 'rejected', rowCount: 3, validCount: 1, errorCount: 2 });
  });

  it('name names of several lines', async () => {
    expect(await errors(await people([`"Ana\nMaria",Ruiz,${rut()}`, `C,D,${rut()}`]))).to.deep.equal([
      '2 first_name format',
    ]);
  });
});
