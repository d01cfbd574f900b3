import { expect } from 'chai';
import fc from 'fast-check';
import type { Response } from 'supertest';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';
import type { Row } from '../../support/workforce.ts';

interface Node extends Row {
  readonly code: string;
  readonly path: string;
  readonly parentId: string | null;
}

/** What is deleted over the API and does not come back: why. */
const FOR_GOOD: Readonly<Record<string, string>> = {
  deleteCompany: 'one that was never active; made anew as easily',
  deletePlanFeature: 'a line of the operator’s catalogue, made anew as easily',
  deleteSourceCompany: 'the same',
};

describe('rows that were deleted', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;
  let n = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    owner = await as('owner');
  });
  after(() => app.close());

  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles }));
  const fresh = (kind: string): string => `${kind}-${(n += 1)}`;
  const add = <R extends Row = Row>(path: string, body: object): Promise<R> => rowOf<R>(owner.post(path, body), 201);
  const site = (values: object = {}): Promise<Node> =>
    add<Node>('/admin/site', {
      code: fresh('S'),
      name: 'Faena',
      timezone: 'America/Santiago',
      altitudeM: 0,
      ...values,
    });
  const department = (values: object = {}): Promise<Node> =>
    add<Node>('/admin/department', { code: fresh('D'), name: 'Mina', ...values });
  const remove = (path: string, { id, version: at }: Row) => rowOf(owner.del(`${path}/${id}`, version(at)), 204);
  /** The row as the list of what was deleted has it. */
  const deleted = async <R extends Row = Node>(path: string, { id }: Pick<Row, 'id'>): Promise<R> =>
    (await itemsOf<R>(owner, `${path}/deleted`)).find((row) => row.id === id)!;
  const ask = async (path: string, row: Pick<Row, 'id'>, client: Client = owner): Promise<Response> =>
    client.post(`${path}/${row.id}/restore`, undefined, version((await deleted(path, row)).version));
  const restore = <R extends Row = Node>(path: string, row: Pick<Row, 'id'>): Promise<R> => rowOf<R>(ask(path, row));
  const actionsOn = async (id: string): Promise<string[]> =>
    (
      await app.database.sql<{ action: string }>('select action from change where entity_id = $1 order by id', [id])
    ).map(({ action }) => action);

  it('are listed for who may delete, and come back as they were', async () => {
    const [base, made] = ['/admin/site', await site({ name: 'Salar Grande' })];
    await remove(base, made);
    expect(await itemsOf(owner, `${base}?q=Salar`)).to.deep.equal([]);
    const found = await deleted(base, made);
    expect(found).to.include({ code: made.code, version: made.version + 1 });
    const worker = await as('worker');
    await owner.get(`${base}/${made.id}`).expect(404);
    expect(await codeOf(worker.get(`${base}/deleted`), 403)).to.equal('FORBIDDEN');
    expect(await codeOf(ask(base, made, worker), 403)).to.equal('FORBIDDEN');
    await owner.post(`${base}/${made.id}/restore`).expect(428);
    expect(await codeOf(owner.post(`${base}/${made.id}/restore`, undefined, version(1)), 412)).to.equal(
      'VERSION_MISMATCH',
    );
    const stranger = await clientOf(
      app,
      await addPerson(app, { companyId: await addCompany(app.database), roles: ['owner'] }),
    );
    expect((await ask(base, made, stranger)).status).to.equal(404);
    expect(await itemsOf(stranger, `${base}/deleted`)).to.deep.equal([]);
    const back = await restore(base, made);
    expect(back).to.include({ code: made.code, path: made.path, version: made.version + 2 });
    expect((await itemsOf(owner, `${base}?q=Salar`)).map(({ id }) => id)).to.deep.equal([made.id]);
    expect(await deleted(base, made)).to.equal(undefined);
    await owner.post(`${base}/${made.id}/restore`, undefined, version(back.version)).expect(404);
    expect(await actionsOn(made.id)).to.deep.equal(['site.create', 'site.delete', 'site.restore']);
  });

  it('come back once, however many ask at once', async () => {
    const [base, made] = ['/admin/site', await site()];
    await remove(base, made);
    const at = version((await deleted(base, made)).version);
    const again = () => owner.post(`${base}/${made.id}/restore`, undefined, at);
    const answers = await Promise.all(Array.from({ length: 5 }, again));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    for (const { status } of answers) expect(status).to.be.oneOf([200, 404, 412]);
    expect((await actionsOn(made.id)).filter((action) => action === 'site.restore')).to.have.length(1);
  });

  it('stay gone while what was theirs alone is another’s', async () => {
    const [base, made] = ['/admin/site', await site()];
    await remove(base, made);
    const heir = await site({ code: made.code });
    expect(await codeOf(ask(base, made), 409)).to.equal('DUPLICATE');
    await remove(base, heir);
    await restore(base, made);
    expect(await codeOf(ask(base, heir), 409)).to.equal('DUPLICATE');
    for (let round = 0; round < 10; round += 1) {
      const first = await site();
      await remove(base, first);
      const body = { code: first.code, name: 'Faena', timezone: 'America/Santiago', altitudeM: 0 };
      const answers = await Promise.all([ask(base, first), owner.post(base, body)]);
      expect(answers.map(({ status }) => status).filter((status) => status < 300)).to.have.length(1);
      expect(answers.map(({ status }) => status)).to.include(409);
    }
  });

  it('need their parent, and stand below it wherever it was put', async () => {
    const base = '/admin/department';
    const [top, parent] = [await department(), await department()];
    const child = await department({ parentId: parent.id });
    await remove(base, child);
    await remove(base, parent);
    const refused = await rowOf<{ code: string; because: object[] }>(ask(base, child), 409);
    expect(refused.code).to.equal('NOT_RESTORABLE');
    expect(refused.because).to.deep.equal([{ field: 'parentId', code: 'UNKNOWN_REFERENCE' }]);
    const back = await restore(base, parent);
    await rowOf(owner.post(`${base}/${parent.id}/move`, { parentId: top.id }, version(back.version)));
    expect((await restore(base, child)).path).to.equal(`/${top.id}/${parent.id}/${child.id}/`);
  });

  it('stand where their tree is, also when it is moved meanwhile', async function run() {
    this.timeout(60_000);
    const base = '/admin/department';
    const [top, parent] = [await department(), await department()];
    for (let round = 0; round < 10; round += 1) {
      const child = await department({ parentId: parent.id });
      await remove(base, child);
      const { version: at } = await rowOf(owner.get(`${base}/${parent.id}`));
      const parentId = round % 2 === 0 ? top.id : null;
      const [moved, back] = await Promise.all([
        owner.post(`${base}/${parent.id}/move`, { parentId }, version(at)),
        ask(base, child),
      ]);
      expect([moved.status, back.status]).to.deep.equal([200, 200]);
      const { path } = await rowOf<Node>(owner.get(`${base}/${child.id}`));
      expect(path).to.equal(`${parentId === null ? '' : `/${top.id}`}/${parent.id}/${child.id}/`);
    }
  });

  it('refer to nothing that is gone', async () => {
    const [base, place] = ['/admin/project', await site()];
    const project = await add(base, { code: fresh('P'), name: 'Rajo', siteId: place.id });
    await remove(base, project);
    await remove('/admin/site', place);
    const refused = await rowOf<{ code: string; because: object[] }>(ask(base, project), 409);
    expect([refused.code, refused.because]).to.deep.equal([
      'NOT_RESTORABLE',
      [{ field: 'siteId', code: 'UNKNOWN_REFERENCE' }],
    ]);
    await restore('/admin/site', place);
    expect(await restore(base, project)).to.include({ status: 'planning', siteId: place.id });
    for (let round = 0; round < 10; round += 1) {
      const [there, one] = [await site(), fresh('P')];
      const other = await add(base, { code: one, name: 'Rajo', siteId: there.id });
      await remove(base, other);
      const [back, gone] = await Promise.all([
        ask(base, other),
        owner.del(`/admin/site/${there.id}`, version(there.version)),
      ]);
      expect(`${back.status} ${gone.status}`).to.be.oneOf(['200 409', '409 204']);
    }
  });

  it('find room again, or stay gone', async () => {
    const home = await department({ headcountLimit: 1 });
    const draft = (lastName: string) =>
      add('/admin/profile', { firstName: 'Ana', lastName, kind: 'employee', departmentId: home.id });
    const base = '/admin/profile';
    const first = await draft('Rojas');
    await remove(base, first);
    const second = await draft('Soto');
    expect(await codeOf(ask(base, first), 409)).to.equal('HEADCOUNT_LIMIT');
    await remove(base, second);
    expect(await restore(base, first)).to.include({ status: 'draft', lastName: 'Rojas' });
    expect(await codeOf(ask(base, second), 409)).to.equal('HEADCOUNT_LIMIT');
  });

  it('are brought back by nobody who could not make them', async () => {
    const base = '/admin/role';
    const role = { code: fresh('R'), name: 'Rules', reach: 'company', grants: ['fitness:policy:write'], denies: [] };
    const made = await add(base, role);
    await remove(base, made);
    const admin = await as('admin');
    expect((await itemsOf(admin, `${base}/deleted`)).map(({ id }) => id)).to.include(made.id);
    expect(await codeOf(ask(base, made, admin), 403)).to.equal('GRANT_ABOVE_OWN');
    await restore(base, made);
  });

  it('keep their state, and walk on from there as the table says', async function run() {
    this.timeout(60_000);
    const base = '/admin/project';
    const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      planning: { activate: 'active', cancel: 'cancelled' },
      active: { hold: 'on_hold', complete: 'completed', cancel: 'cancelled' },
      on_hold: { activate: 'active', complete: 'completed', cancel: 'cancelled' },
      completed: { reopen: 'active', cancel: 'cancelled' },
    };
    const steps = ['activate', 'hold', 'complete', 'reopen', 'cancel', 'delete', 'restore', 'restore'] as const;
    const reasoned: readonly string[] = ['hold', 'reopen', 'cancel'];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 3, maxLength: 12 }), async (walked) => {
        const code = fresh('P');
        let row = await add(base, { code, name: 'Rajo' });
        let state = { status: 'planning', isDeleted: false };
        for (const step of walked) {
          const call =
            step === 'delete'
              ? await owner.del(`${base}/${row.id}`, version(row.version))
              : await owner.post(
                  `${base}/${row.id}/${step}`,
                  reasoned.includes(step) ? { reason: 'x' } : undefined,
                  version(row.version),
                );
          const mayGo = state.status === 'planning' || state.status === 'cancelled';
          const next =
            step === 'restore'
              ? state.isDeleted && { ...state, isDeleted: false }
              : !state.isDeleted &&
                (step === 'delete'
                  ? mayGo && { ...state, isDeleted: true }
                  : NEXT[state.status]?.[step] !== undefined && { ...state, status: NEXT[state.status]![step]! });
          expect(call.status < 300, `${walked.join()}: ${step} of ${JSON.stringify(state)}`).to.equal(next !== false);
          if (next !== false) state = next;
          const shown = await owner.get(`${base}/${row.id}`);
          expect(shown.status).to.equal(state.isDeleted ? 404 : 200);
          row = state.isDeleted ? await deleted(base, row) : (shown.body as Row);
          expect(row.status).to.equal(state.status);
          expect(await itemsOf(owner, `${base}?q=${code}`)).to.have.length(state.isDeleted ? 0 : 1);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('come back wherever they are deleted by their id', () => {
    const contracts = app.modules.flatMap(({ name, routes = [] }) =>
      routes.map(({ contract }) => ({ name, contract })),
    );
    const ids = new Set(contracts.map(({ contract }) => contract.id));
    const lost = contracts
      .filter(({ contract: { method, path, ifMatch } }) => method === 'delete' && path === '/:id' && ifMatch === true)
      .map(({ contract }) => contract.id)
      .filter((id) => !ids.has(id.replace(/^delete/, 'restore')) && !(id in FOR_GOOD));
    expect(lost).to.deep.equal([]);
  });
});
