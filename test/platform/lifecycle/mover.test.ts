import { expect } from 'chai';
import fc from 'fast-check';
import type pg from 'pg';
import { systemScope } from '../../../src/platform/db/scope.ts';
import { createProjectLifecycle } from '../../../src/modules/workforce/projects/projects.lifecycle.ts';
import { lifecycle, move } from '../../../src/platform/lifecycle/lifecycle.ts';
import { createMover } from '../../../src/platform/lifecycle/mover.ts';
import type { Mover } from '../../../src/platform/lifecycle/mover.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { entity } from '../../../src/platform/schema/entity.ts';
import type { RowOf } from '../../../src/platform/schema/entity.ts';
import { code, instant, nullable, oneOf, text } from '../../../src/platform/schema/types.ts';
import { companyTable } from '../../../src/platform/db/ddl.ts';
import type { Repository } from '../../../src/platform/db/repository.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';

const Permit = entity({
  table: 'permit',
  fields: {
    code: code(40),
    status: oneOf(['open', 'running', 'closed']),
    endsAt: nullable(instant()),
    note: nullable(text(100)),
  },
  create: ['code'],
  edit: ['note'],
});
type PermitRow = RowOf<typeof Permit>;

const permits = lifecycle<PermitRow>({
  entity: Permit,
  initial: 'open',
  moves: {
    run: move<PermitRow>({
      from: ['open'],
      to: 'running',
      system: true,
      summary: 'Run',
      when: (row) => (row.note === 'blocked' ? 'PERMIT_BLOCKED' : undefined),
    }),
    close: move<PermitRow>({
      from: ['running'],
      to: 'closed',
      system: true,
      summary: 'Close',
      dueAt: (row) => (row.endsAt === null ? null : new Date(row.endsAt)),
      set: () => ({ note: 'over' }),
    }),
  },
});

describe('the lifecycle mechanism', () => {
  let app: TestApp;
  let client: pg.Client;
  let repository: Repository<PermitRow>;
  let mover: Mover<PermitRow>;
  let companyId: string;

  before(async () => {
    app = await startApp({ observed: false });
    client = await app.database.superuser();
    for (const statement of companyTable('permit', [
      'code text not null',
      'status text not null',
      'ends_at timestamptz(3)',
      'note text',
    ]))
      await client.query(statement);
    repository = app.platform.repository(Permit);
    mover = app.platform.mover(permits, repository);
    companyId = await addCompany(app.database);
  });
  after(() => app.close());

  const worker = () => ({ scope: systemScope(companyId, 'test', 't'.repeat(32)) });
  const make = (over: Partial<PermitRow> = {}) =>
    app.platform.work.write(worker(), async (tx) => {
      const row = await repository.insert(tx, { code: 'P', status: 'open', endsAt: null, note: null, ...over });
      await mover.schedule(tx, row);
      return row;
    });
  const moveIt = (id: string, name: string) =>
    app.platform.work.write(worker(), async (tx) => mover.moveAs(tx, worker(), await repository.lock(tx, id), name));
  const due = async (id: string) =>
    (await client.query<{ move: string }>('select move from due_move where entity_id = $1', [id])).rows.map(
      (row) => row.move,
    );

  it('refuses what is not listed, and says what is', async () => {
    const { id } = await make();
    const problem = await moveIt(id, 'close').catch((error: unknown) => error as Problem);
    expect(problem).to.be.instanceOf(Problem);
    expect((problem as Problem).code).to.equal('INVALID_TRANSITION');
    expect((problem as Problem).options.extra).to.deep.equal({ state: 'open', allowed: ['run'] });
  });

  it('asks the guard, and answers its code', async () => {
    const { id } = await make({ note: 'blocked' });
    const problem = await moveIt(id, 'run').catch((error: unknown) => error as Problem);
    expect((problem as Problem).code).to.equal('PERMIT_BLOCKED');
    // The move that was refused is no way on.
    expect((problem as Problem).options.extra).to.deep.equal({ state: 'open', allowed: [] });
  });

  it('plans timed moves with every write, makes them when due, and forgets them otherwise', async () => {
    const past = new Date(app.clock.now().getTime() - 1_000).toISOString();
    const { id } = await make({ endsAt: past });
    expect(await due(id)).to.deep.equal([]);
    await moveIt(id, 'run');
    expect(await due(id)).to.deep.equal(['close']);
    await mover.fallDue(worker(), id, 'close');
    const row = await app.platform.work.read(worker(), (reader) => repository.get(reader, id));
    expect(row).to.include({ status: 'closed', note: 'over', version: 3 });
    expect(await due(id)).to.deep.equal([]);
    await mover.fallDue(worker(), id, 'close');
    expect((await app.platform.work.read(worker(), (reader) => repository.get(reader, id))).version).to.equal(3);
  });

  it('does not make a timed move before its time', async () => {
    const { id } = await make({
      status: 'running',
      endsAt: new Date(app.clock.now().getTime() + 3_600_000).toISOString(),
    });
    await mover.fallDue(worker(), id, 'close');
    expect((await app.platform.work.read(worker(), (reader) => repository.get(reader, id))).status).to.equal('running');
    expect(await due(id)).to.deep.equal(['close']);
  });

  it('plans a move of many rows, only where it does no more than write them', async () => {
    const row = await make({ status: 'running' });
    const plan = (planned: Mover<PermitRow>, name: string) =>
      app.platform.work.write(worker(), (tx) => Promise.resolve(planned.plan(tx, worker(), row, name, {})));
    const close = { ...permits.moves['close']! };
    delete (close as { dueAt?: unknown }).dueAt;
    const plain = lifecycle<PermitRow>({ entity: Permit, initial: 'open', moves: { close } });
    const silent = createMover(plain, repository, app.platform);
    expect(await plan(silent, 'close')).to.deep.equal({
      patch: { note: 'over', status: 'closed' },
      note: { action: 'close' },
    });
    const timed = await plan(mover, 'close').catch((error: unknown) => (error as Error).message);
    expect(timed).to.contain('move one by one');
    const effect = () => Promise.resolve();
    const loud = lifecycle<PermitRow>({ entity: Permit, initial: 'open', moves: { close: { ...close, effect } } });
    const more = await plan(createMover(loud, repository, app.platform), 'close').catch(
      (error: unknown) => (error as Error).message,
    );
    expect(more).to.contain('move one by one');
    const unlisted = await plan(silent, 'run').catch((error: unknown) => (error as Problem).code);
    expect(unlisted).to.equal('INVALID_TRANSITION');
  });

  it('lets one of many that move at once win', async () => {
    const { id } = await make();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => moveIt(id, 'run')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('refuses a lifecycle that names a state it does not have, and one over a field without states', () => {
    const lose = move<PermitRow>({ from: ['lost'], to: 'open', summary: 'Lose' });
    expect(() => lifecycle<PermitRow>({ entity: Permit, initial: 'open', moves: { lose } })).to.throw('no state lost');
    expect(() => lifecycle<PermitRow>({ entity: Permit, field: 'code', initial: 'open', moves: {} })).to.throw('code');
  });

  it('keeps a random walk over projects within their lifecycle', () => {
    const projectLifecycle = createProjectLifecycle({ mayEnd: () => Promise.resolve() });
    const names = Object.keys(projectLifecycle.moves);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 20 }), (walk) => {
        let state = projectLifecycle.initial;
        for (const name of walk) {
          const found = projectLifecycle.moves[name]!;
          const mayMove = projectLifecycle.from(state).includes(name);
          expect(mayMove).to.equal(found.from.includes(state));
          if (mayMove) state = found.to;
          expect(projectLifecycle.states).to.include(state);
        }
        if (state === 'cancelled') expect(projectLifecycle.from(state)).to.deep.equal([]);
      }),
    );
  });
});
