import { expect } from 'chai';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { createSweeper } from '../../../src/platform/jobs/sweeper.ts';
import type { Mover } from '../../../src/platform/lifecycle/mover.ts';
import { notFound } from '../../../src/platform/problem.ts';
import { openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

const DUE = new Date('2026-03-01T12:00:00.000Z');

describe('the sweeper', () => {
  let harness: Harness;
  let at: Date;
  let made: string[];
  /** Rows that cannot be moved, with how often it was tried. */
  let poison: Map<string, number>;
  beforeEach(async () => {
    harness = await openHarness();
    at = DUE;
    made = [];
    poison = new Map();
  });
  afterEach(() => harness.close());

  const plan = async (company: string, dueAt = DUE, entity = 'thing'): Promise<string> => {
    const id = uuidv7();
    await harness.admin.query('insert into due_move values ($1, $2, $3, $4, $5)', [company, entity, id, 'end', dueAt]);
    return id;
  };
  const left = async (): Promise<string[]> => {
    const { rows } = await harness.admin.query<{ id: string }>('select entity_id as id from due_move');
    return rows.map(({ id }) => id);
  };

  const fallDue: Mover<never>['fallDue'] = async ({ scope }, id, move) => {
    const tries = poison.get(id);
    if (tries !== undefined) {
      poison.set(id, tries + 1);
      throw new Error('poison');
    }
    await harness.db.write(scope, (tx) =>
      tx.query('delete from due_move where company_id = $1 and entity_id = $2', [scope.companyId, id]),
    );
    made.push(`${scope.actor.via} ${id} ${move}`);
  };

  const open = () =>
    createSweeper({
      system: harness.database.pool('system', 4),
      db: harness.db,
      now: () => at,
      log: pino({ level: 'silent' }),
      cut: new AbortController().signal,
      movers: new Map([
        ['thing', { fallDue }],
        ['gone', { fallDue: () => Promise.reject(notFound()) }],
      ]),
    });

  it('makes what fell due in every company, once, and nothing before its time', async () => {
    const ids = [await plan(harness.companies[0]), await plan(harness.companies[1])];
    const later = await plan(harness.companies[0], new Date(DUE.getTime() + 1));
    const sweeper = open();
    expect(await sweeper.sweep()).to.equal(true);
    expect(made).to.have.members(ids.map((id) => `thing.end ${id} end`));
    expect(await left()).to.deep.equal([later]);
    expect(await sweeper.sweep()).to.equal(false);
  });

  it('gets past more poisoned rows than a page holds, and leaves them alone for a growing time', async () => {
    for (let n = 0; n < 120; n += 1) poison.set(await plan(harness.companies[0]), 0);
    const good = await plan(harness.companies[1], new Date(DUE.getTime() + 1));
    at = new Date(DUE.getTime() + 1);
    const sweeper = open();
    await sweeper.sweep();
    expect(made).to.deep.equal([`thing.end ${good} end`]);
    const total = (): number => poison.values().reduce((sum, tries) => sum + tries, 0);
    expect(total()).to.equal(120);
    await sweeper.sweep();
    expect(total()).to.equal(120);
    at = new Date(at.getTime() + 2_000);
    await sweeper.sweep();
    expect(total()).to.equal(240);
    at = new Date(at.getTime() + 1_000);
    await sweeper.sweep();
    expect(total()).to.equal(240);
  });

  it('forgets the timed move of a row that is gone, and keeps one whose lifecycle it does not know', async () => {
    await plan(harness.companies[0], DUE, 'gone');
    const unknown = await plan(harness.companies[0], DUE, 'unknown');
    await open().sweep();
    expect(await left()).to.deep.equal([unknown]);
  });
});
