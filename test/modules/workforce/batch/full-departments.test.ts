import { expect } from 'chai';
import { rutCheckDigit } from '../../../../src/platform/text/rut.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

const base = '/admin/profile/batch';

describe('batch uploads into a department with a limit', () => {
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp({ background: true });
    mine = await openMine(app);
  });
  after(() => app.close());

  const rut = (body: number): string => `${body}-${rutCheckDigit(String(body))}`;
  /** Codes are found in whatever case. */
  const upload = async (first: number, code: string): Promise<Row> => {
    const rows = [first, first + 1].map((body) => `Uno,Lleno,${rut(body)},${code}\n`);
    const text = `first_name,last_name,rut,department\n${rows.join('')}`;
    const authorization = await mine.people.admin.bearer();
    return rowOf(
      app.http
        .post(`/angelis${base}`)
        .set({ authorization })
        .attach('file', Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' }),
      202,
    );
  };
  const read = ({ id }: Row): Promise<Row> => rowOf(mine.admin.get(`${base}/${id}`));

  it('fill it no further than that, however many are committed at once', async () => {
    const department = { code: 'SMALL', name: 'Small', headcountLimit: 3 };
    const { id } = await rowOf(mine.admin.post('/admin/department', department), 201);
    const uploads = [await upload(18_000_001, 'SMALL'), await upload(18_000_003, 'small')];
    await app.idle();
    const tried = await Promise.all(uploads.map(read));
    expect(tried.map(({ status }) => status)).to.deep.equal(['validated', 'validated']);
    await Promise.all(
      tried.map((row) => mine.admin.post(`${base}/${row.id}/commit`, {}, version(row.version)).expect(200)),
    );
    await app.idle();
    const done = await Promise.all(uploads.map(read));
    expect(done.map(({ status }) => status)).to.have.members(['committed', 'failed']);
    const failed = done.find(({ status }) => status === 'failed')!;
    const errors = await itemsOf<{ row: number; code: string }>(mine.admin, `${base}/${failed.id}/errors`);
    expect(errors.map(({ row, code }) => `${row} ${code}`)).to.deep.equal(['2 HEADCOUNT_LIMIT', '3 HEADCOUNT_LIMIT']);
    expect(await itemsOf(mine.admin, `/admin/department/${id}/members`)).to.have.length(2);
  });
});
