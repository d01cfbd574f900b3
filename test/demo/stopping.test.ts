import { expect } from 'chai';
import { createDemoPlace } from '../support/demo.ts';
import type { DemoPlace } from '../support/demo.ts';
import { until } from '../support/until.ts';

const SHORT = ['--days', '3', '--quiet'];

interface Counted {
  readonly people: number;
  readonly twice: number;
}

/** What every start leaves or finds, however the one before ended. */
describe('the demo, ended in every way', function () {
  this.timeout(180_000);
  let place: DemoPlace;
  before(async () => {
    place = await createDemoPlace();
  });
  after(async () => {
    const left = await place.processes();
    await place.remove();
    expect(left).to.deep.equal([]);
  });

  const gone = () => until(async () => (await place.processes()).length === 0);
  const count = async (): Promise<Counted> => {
    const [row] = await place.sql<Counted>(`select count(distinct s.profile_id)::int as people,
      (select count(*)::int from (select 1 from requirement r where r.shift_id is not null
        group by r.company_id, r.shift_id, r.kind, r.definition_code having count(*) > 1) x) as twice from shift s`);
    return row!;
  };

  it('is killed while it loads, goes on where it ended, and has everybody once', async () => {
    const killed = await place.start(SHORT, undefined, /Cordillera Blanca: 300 people/);
    await killed.signal('SIGKILL', 'group');
    await gone();
    const demo = await place.start(SHORT);
    expect(demo.output()).to.match(/Cordillera Blanca: 300 people, 0 shifts, .* added to what was there$/m);
    const { people, twice } = await count();
    expect(people).to.be.above(370);
    expect(twice).to.equal(0);
    const verified = JSON.parse(await place.angelis('audit', 'verify', '--json')) as { ok: boolean }[];
    expect(verified.every(({ ok }) => ok)).to.equal(true);
    expect(await demo.signal('SIGTERM', 'parent')).to.equal(0);
    await gone();
    expect(demo.output(), 'connections that the stop cut').to.not.include('57P01');
  });

  it('stops when the command that started it is killed', async () => {
    const demo = await place.start(SHORT);
    await demo.signal('SIGKILL', 'parent');
    await gone();
  });

  it('starts again after that, with what was there, and stops with its terminal', async () => {
    const demo = await place.start(SHORT);
    expect(demo.output()).to.not.include('Loading');
    expect((await count()).people).to.be.above(370);
    expect(await demo.signal('SIGHUP', 'group')).to.equal(0);
    await gone();
    expect(demo.output()).to.not.include('57P01');
  });
});
