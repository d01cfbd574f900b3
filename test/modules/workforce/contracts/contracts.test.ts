import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { codeOf, itemsOf, openMine, rowOf, sweep } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

describe('contracts', () => {
  let app: TestApp;
  let mine: Mine;
  let count = 0;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date('2026-12-20T12:00:00Z'));
    mine = await openMine(app);
  });
  after(() => app.close());

  const create = (values: object = {}): Promise<Row & { contractorRut: string }> => {
    count += 1;
    const base = { number: `C-${count}`, contractorName: 'Perforaciones del Norte', contractorRut: '76.086.428-5' };
    return rowOf(mine.admin.post('/admin/contract', { ...base, startsOn: '2026-01-01', ...values }), 201);
  };
  const move = (row: Row, name: string, body?: object) =>
    mine.admin.post(`/admin/contract/${row.id}/${name}`, body, version(row.version));

  it('keep the contractor’s RUT in one form, and refuse a wrong one', async () => {
    expect((await create()).contractorRut).to.equal('76086428-5');
    const wrong = { number: 'C-X', contractorName: 'X', startsOn: '2026-01-01' };
    const answer = await mine.admin.post('/admin/contract', { ...wrong, contractorRut: '76.086.428-4' }).expect(422);
    const [fault] = (answer.body as { errors: object[] }).errors;
    expect(fault).to.include({
      pointer: '/contractorRut',
      code: 'RUT_CHECK_DIGIT',
      message: 'The check digit is wrong',
    });
  });

  it('refuse a last day before the first, by create and by edit', async () => {
    const body = { number: 'C-Y', contractorName: 'Y', contractorRut: '76086428-5', startsOn: '2026-02-02' };
    expect(await codeOf(mine.admin.post('/admin/contract', { ...body, endsOn: '2026-02-01' }), 422)).to.equal(
      'INVALID',
    );
    const row = await create({ startsOn: '2026-02-02' });
    const edit = mine.admin.patch(`/admin/contract/${row.id}`, { endsOn: '2026-02-01' }, version(1));
    expect(await codeOf(edit, 422)).to.equal('INVALID');
  });

  it('are put in force while their dates are not over, suspended with a reason, resumed and ended', async () => {
    const past = await create({ endsOn: '2026-01-31' });
    expect(await codeOf(move(past, 'activate'), 409)).to.equal('CONTRACT_OVER');
    let row = await create();
    row = await rowOf(move(row, 'activate'));
    expect(await codeOf(move(row, 'suspend', {}), 422)).to.equal('INVALID');
    row = await rowOf(move(row, 'suspend', { reason: 'no insurance' }));
    expect(await codeOf(move(row, 'end'), 409)).to.equal('INVALID_TRANSITION');
    row = await rowOf(move(row, 'resume'));
    row = await rowOf(move(row, 'end'));
    expect(row.status).to.equal('ended');
    expect(
      await codeOf(mine.admin.patch(`/admin/contract/${row.id}`, { terms: 'x' }, version(row.version)), 409),
    ).to.equal('CONTRACT_ENDED');
    expect(await codeOf(mine.admin.del(`/admin/contract/${row.id}`, version(row.version)), 409)).to.equal(
      'CONTRACT_IN_USE',
    );
  });

  it('are ended by the system when their last day is over in the site’s zone, not before', async () => {
    const row = await create({ endsOn: '2026-12-31', projectId: mine.projectId });
    const active = await rowOf(move(row, 'activate'));
    const state = async () => (await rowOf(mine.admin.get(`/admin/contract/${row.id}`))).status;
    await mine.at('2027-01-01T02:59:59Z');
    await sweep(app, mine.companyId, 'contract', active.id, 'expire');
    expect(await state()).to.equal('active');
    await mine.at('2027-01-01T03:00:00Z');
    await sweep(app, mine.companyId, 'contract', active.id, 'expire');
    expect(await state()).to.equal('ended');
    await mine.at('2026-12-20T12:00:00Z');
  });

  it('that are suspended end on their last day too, and are not resumed after it', async () => {
    const row = await create({ endsOn: '2026-12-31', projectId: mine.projectId });
    const suspended = await rowOf(move(await rowOf(move(row, 'activate')), 'suspend', { reason: 'x' }));
    await mine.at('2027-01-01T03:00:00Z');
    expect(await codeOf(move(suspended, 'resume'), 409)).to.equal('CONTRACT_OVER');
    await sweep(app, mine.companyId, 'contract', row.id, 'expire');
    expect((await rowOf(mine.admin.get(`/admin/contract/${row.id}`))).status).to.equal('ended');
    await mine.at('2026-12-20T12:00:00Z');
  });

  it('are read by supervisors and written by nobody below a manager', async () => {
    await create({ contractorName: 'Sondajes Andinos' });
    expect(await itemsOf(mine.supervisor, '/admin/contract?q=sondajes')).to.have.length(1);
    await mine.supervisor.post('/admin/contract', {}).expect(403);
    await mine.worker.get('/admin/contract').expect(403);
  });
});
