import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { OPERATOR_COMPANY } from '../../../src/platform/db/scope.ts';
import type { TickDefinition } from '../../../src/platform/jobs/definitions.ts';
import { createTicks, slotOf } from '../../../src/platform/jobs/ticks.ts';
import type { TickRunner } from '../../../src/platform/jobs/ticks.ts';
import { addCompany } from '../../support/companies.ts';
import { openHarness, raised } from './harness.ts';
import type { Harness } from './harness.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

describe('ticks', () => {
  let harness: Harness;
  let at: Date;
  const never = new AbortController().signal;
  beforeEach(async () => {
    harness = await openHarness();
    at = new Date('2026-03-01T12:00:30.000Z');
  });
  afterEach(() => harness.close());

  const runner = (tick: TickDefinition, cut = never): TickRunner =>
    createTicks({
      system: harness.database.pool('system', 4),
      ticks: [tick],
      now: () => at,
      log: pino({ level: 'silent' }),
      grace: 20,
      cut,
    });
  const beat = async (...runners: TickRunner[]): Promise<void> => {
    await Promise.all(runners.map((one) => one.beat()));
    await Promise.all(runners.map((one) => one.settled()));
  };
  const forward = (milliseconds: number): void => {
    at = new Date(at.getTime() + milliseconds);
  };
  const counting = (extra: Partial<TickDefinition> = {}) => {
    const runs: string[] = [];
    const tick: TickDefinition = {
      name: 'test.tick.count',
      every: 60,
      for: 'once',
      run: ({ companyId }) => Promise.resolve(void runs.push(companyId)),
      ...extra,
    };
    return { runs, tick };
  };

  it('name a slot by its beginning', () => {
    expect(slotOf(new Date('2026-03-01T12:34:56.789Z'), 60)).to.equal('2026-03-01T12:34:00.000Z');
    expect(slotOf(new Date('2026-03-01T12:34:56.789Z'), 86_400)).to.equal('2026-03-01T00:00:00.000Z');
  });

  it('run each slot in one of several processes, and the next slot again', async () => {
    const { runs, tick } = counting();
    const slow = { ...tick, run: (...told: Parameters<typeof tick.run>) => sleep(10).then(() => tick.run(...told)) };
    const processes = Array.from({ length: 8 }, () => runner(slow));
    for (let slots = 1; slots <= 10; slots += 1) {
      await beat(...processes);
      await beat(...processes);
      expect(runs).to.deep.equal(Array.from({ length: slots }, () => OPERATOR_COMPANY));
      forward(MINUTE);
    }
  });

  it('do not make up for slots that were missed', async () => {
    const { runs, tick } = counting();
    const one = runner(tick);
    await beat(one);
    forward(60 * MINUTE);
    await beat(one);
    await beat(one);
    expect(runs).to.have.length(2);
  });

  it('run for companies that are active, or for all that have anything left, whatever their state', async () => {
    const states = ['pending', 'active', 'suspended', 'archived', 'purged'];
    const companies = new Map<string, string>();
    for (const state of states) companies.set(await addCompany(harness.database), state);
    const statesSeen = async (visits: TickDefinition['for']): Promise<string[]> => {
      const { runs, tick } = counting({ name: `test.tick.${visits}`, for: visits });
      await beat(runner(tick));
      return runs.flatMap((id) => companies.get(id) ?? []);
    };
    for (const [id, state] of companies)
      await harness.admin.query('update company set status = $2 where id = $1', [id, state]);
    expect(await statesSeen('each-company')).to.have.members(states.slice(0, -1));
    expect(await statesSeen('each-active-company')).to.deep.equal(['active']);
  });

  it('run for every active company but the operator; the error of one stops no other and is kept', async () => {
    const [first, second] = harness.companies;
    const seen: string[] = [];
    const { tick } = counting({
      for: 'each-active-company',
      run: async ({ companyId, actor }) => {
        seen.push(`${companyId} ${actor.via}`);
        await Promise.resolve();
        if (companyId === first && at.getUTCMinutes() === 0) throw new Error('the first fails');
      },
    });
    const one = runner(tick);
    await beat(one);
    expect(seen).to.have.members([`${first} test.tick.count`, `${second} test.tick.count`]);
    const { rows } = await harness.admin.query('select error from tick_run');
    expect(rows).to.deep.equal([{ error: '1 of 2: Error: the first fails' }]);
    expect(await one.lastSuccess()).to.deep.equal(new Map());

    await harness.admin.query(`update company set status = 'suspended' where id = $1`, [second]);
    forward(MINUTE);
    await beat(one);
    expect(seen.slice(2)).to.deep.equal([`${first} test.tick.count`]);
    expect(await one.lastSuccess()).to.deep.equal(new Map([[tick.name, at]]));
  });

  it('are cut when they run too long, and leave the next slot free', async () => {
    let isSlow = true;
    const { tick } = counting({
      timeout: 30,
      run: async (_scope, { signal }) => {
        if (isSlow) await raised(signal);
        signal.throwIfAborted();
      },
    });
    const one = runner(tick);
    await beat(one);
    const { rows } = await harness.admin.query<{ error: string }>('select error from tick_run');
    expect(rows[0]!.error).to.match(/ran longer than 30 ms/);
    isSlow = false;
    forward(MINUTE);
    await beat(one);
    expect(await one.lastSuccess()).to.deep.equal(new Map([[tick.name, at]]));
  });

  it('do not start while another process runs an earlier slot, unless that has had its time', async () => {
    const { runs, tick } = counting({ every: 1, timeout: 5 * MINUTE });
    await harness.admin.query(`insert into tick_run (name, slot, started_at) values ($1, 'earlier', $2)`, [
      tick.name,
      at,
    ]);
    forward(MINUTE);
    await beat(runner(tick));
    expect(runs).to.deep.equal([]);
    forward(5 * MINUTE);
    await beat(runner(tick));
    expect(runs).to.have.length(1);
  });

  it('are taken over by another process when theirs is stopped, or killed', async () => {
    const cutting = new AbortController();
    const { tick } = counting({ run: (_scope, { signal }) => raised(signal).then(() => signal.throwIfAborted()) });
    const stopped = runner(tick, cutting.signal);
    await stopped.beat();
    cutting.abort();
    await stopped.settled();
    const { runs, tick: same } = counting();
    const other = runner(same);
    await beat(other);
    expect(runs).to.have.length(1);

    await harness.admin.query('update tick_run set finished_at = null');
    const third = runner({ ...same, timeout: 10_000 });
    await beat(third);
    forward(9_000);
    await beat(third);
    expect(runs).to.have.length(1);
    forward(2_000);
    await beat(third);
    expect(runs).to.have.length(2);
  });

  it('forget old runs, but never the latest ones of a rare tick', async () => {
    const { tick } = counting({ every: (20 * DAY) / 1000 });
    const one = runner(tick);
    await beat(one);
    forward(30 * DAY);
    await one.trim();
    expect((await harness.admin.query('select slot from tick_run')).rows).to.have.length(1);
    forward(11 * DAY);
    await one.trim();
    expect((await harness.admin.query('select slot from tick_run')).rows).to.have.length(0);
  });
});
