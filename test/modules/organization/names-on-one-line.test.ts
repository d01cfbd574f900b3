import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { rowOf } from '../../support/workforce.ts';

/** More than a line, or what nobody sees. */
const BREAKS = ['Norte\r\nBcc: eve@example.cl', 'a\nb', 'a\tb', 'a\u0085b', 'a\u2028b', 'a\u2029b'];
const UNSEEN = ['\u200B', '\u00AD\u2060', ' \uFEFF ', '\u3164', '\u2800', '\u200E\u200D', '\u{E0041}'];
const GOOD = ['Ñandú', 'O’Higgins d’Été', '👩\u200D🔧 Ana', 'می\u200Cخواهم', 'co\u00ADope\u00ADra\u00ADti\u00ADva'];

describe('names', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const current = () => rowOf<{ id: string; version: number; name: string }>(owner.get('/admin/companies/current'));
  const rename = async (name: string) =>
    owner.patch('/admin/companies/current', { name }, version((await current()).version));
  const invite = (more: object = {}) =>
    owner.post('/admin/invitation', { email: 'ana@example.cl', firstName: 'Ana', lastName: 'Rojas', ...more });

  it('stand on one line, and something is seen of them', async () => {
    for (const name of [...BREAKS, ...UNSEEN])
      for (const [pointer, sent] of [
        ['/name', rename(name)],
        ['/firstName', invite({ firstName: name })],
        ['/name', owner.post('/admin/department', { code: 'A', name })],
      ] as const) {
        const { status, body } = await sent;
        const { errors } = body as { errors: { pointer: string; code: string; message: string }[] };
        expect(status, JSON.stringify(name)).to.equal(422);
        expect(errors.map((fault) => [fault.pointer, fault.code])).to.deep.equal([[pointer, 'format']]);
        expect(errors[0]!.message).to.equal('Must stand on one line, without characters that are not allowed');
      }
    for (const name of GOOD) expect((await rename(name)).status, name).to.equal(200);
    expect((await current()).name).to.equal(GOOD.at(-1));
  });

  it('of companies are one where they look like one', async () => {
    const other = await addCompany(app.database);
    await app.database.sql(`update company set name = 'Minera Cordillera' where id = $1`, [other]);
    for (const name of [
      'minera cordíllera',
      'Minera Cordillera\u200B',
      'Mi\u00ADnera\u2060Cordi\u200Dllera',
      'Minera\u3164Cordillera',
      'Minera Cordillera\u{E0041}\u{E0FFF}',
      '\u{1BCA0}Minera\u{1D173} \uFFF0Cordillera\uFFF9',
    ]) {
      const { status, body } = await rename(name);
      expect([status, (body as { code: string }).code], JSON.stringify(name)).to.deep.equal([409, 'DUPLICATE']);
    }
  });

  it('are not what a reason is, which has lines, but is seen', async () => {
    const { id } = await rowOf(owner.post('/admin/project', { code: 'P-1', name: 'P' }), 201);
    const reasonOf = (reason: string) => owner.post(`/admin/project/${id}/cancel`, { reason }, version(1));
    for (const reason of UNSEEN) expect((await reasonOf(reason)).status, JSON.stringify(reason)).to.equal(422);
    expect((await reasonOf('Sin mandante.\r\n\tSin fondos.')).status).to.equal(200);
  });

  it('that were stored with a break before do not keep mail from leaving', async () => {
    const client = await app.database.superuser();
    await client.query(`update company set name = E'Norte\\r\\nBcc: eve@example.cl' where id = $1`, [companyId]);
    await rowOf(invite(), 201);
    await app.idle();
    const [mail, ...more] = app.messages.mails.filter(({ to }) => to === 'ana@example.cl');
    expect(mail?.subject)
      .to.contain('Norte Bcc: eve@example.cl')
      .and.not.match(/\p{Cc}/u);
    expect(more).to.deep.equal([]);
  });
});
