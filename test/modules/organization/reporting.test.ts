import { expect } from 'chai';
import fc from 'fast-check';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

interface Line {
  superiorId: string;
  startsOn: string;
  endsOn: string | null;
}

describe('reporting lines', () => {
  let app: TestApp;
  let database: pg.Client;
  let companyId: string;
  let admin: Client;
  let hr: TestPerson;
  let people: TestPerson[];

  before(async () => {
    app = await startApp();
    database = await app.database.superuser();
    companyId = await addCompany(app.database);
    hr = await addPerson(app, { companyId, roles: ['admin'] });
    admin = await clientOf(app, hr);
    people = [];
    for (let n = 0; n < 16; n += 1) people.push(await addPerson(app, { companyId, roles: [] }));
  });
  after(() => app.close());

  const today = new Date();
  const nextMonth = (day: number, hour: number, minute = 0): Date =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, day, hour, minute));
  const dayOf = (day: number): string => nextMonth(day, 0).toISOString().slice(0, 10);
  /** Moves the clock, and signs in anew: tokens live five minutes. */
  const at = async (moved: Date | undefined): Promise<void> => {
    app.clock.set(moved);
    admin = await clientOf(app, hr);
  };
  const idOf = (n: number): string => people[n]!.profileId;
  const set = (n: number, superior: number | null) =>
    admin.put(`/admin/profile/${idOf(n)}/superior`, { superiorId: superior === null ? null : idOf(superior) });
  const linesOf = async (n: number): Promise<Line[]> =>
    ((await admin.get(`/admin/profile/${idOf(n)}/superior`).expect(200)).body as { items: Line[] }).items;

  /** Who stands under whom, worked out from the live lines alone; fails on a circle. */
  const expected = async (): Promise<string[]> => {
    const { rows } = await database.query<{ low: string; high: string }>(
      'select subordinate_id as low, superior_id as high from reporting_line where company_id = $1 and ends_on is null',
      [companyId],
    );
    const up = new Map(rows.map(({ low, high }) => [low, high]));
    expect(up.size).to.equal(rows.length);
    return [...up.keys()].flatMap((low) => {
      const pairs: string[] = [];
      for (let high = up.get(low), depth = 1; high !== undefined; high = up.get(high), depth += 1) {
        expect(depth).to.be.lessThan(17);
        pairs.push(`${high} ${low} ${depth}`);
      }
      return pairs;
    });
  };
  const closure = async (): Promise<string[]> => {
    const { rows } = await database.query<{ pair: string }>(
      `select superior_id || ' ' || subordinate_id || ' ' || depth as pair from reporting_closure where company_id = $1`,
      [companyId],
    );
    return rows.map(({ pair }) => pair);
  };
  const clear = () => Promise.all(people.map((_person, n) => set(n, null).expect(200)));

  it('follow each other: one lives, the past stays, days are the company’s', async () => {
    await at(nextMonth(10, 2, 30));
    await set(0, 1).expect(200);
    await at(nextMonth(20, 12));
    const after = await set(0, 2).expect(200);
    expect(
      (after.body as { items: Line[] }).items.map(({ superiorId, startsOn, endsOn }) => [superiorId, startsOn, endsOn]),
    ).to.deep.equal([
      [idOf(2), dayOf(20), null],
      [idOf(1), dayOf(9), dayOf(20)],
    ]);
    await set(0, 2).expect(200);
    expect(await linesOf(0)).to.have.length(2);
    await set(0, null).expect(200);
    expect((await linesOf(0)).every(({ endsOn }) => endsOn !== null)).to.equal(true);
    await at(undefined);
  });

  it('never close a circle, nor lead out of the company', async () => {
    await clear();
    await set(1, 0).expect(200);
    await set(2, 1).expect(200);
    for (const [low, high] of [
      [0, 2],
      [0, 1],
      [0, 0],
    ]) {
      const refused = await set(low!, high!).expect(409);
      expect((refused.body as { code: string }).code).to.equal('REPORTING_CYCLE');
    }
    const stranger = await addPerson(app, { companyId: await addCompany(app.database), roles: [] });
    for (const superiorId of [stranger.profileId, uuidv7()])
      await admin.put(`/admin/profile/${idOf(0)}/superior`, { superiorId }).expect(422);
    await admin.put(`/admin/profile/${stranger.profileId}/superior`, { superiorId: idOf(0) }).expect(404);
    const gone = await addPerson(app, { companyId, roles: [] });
    await admin.post(`/admin/profile/${gone.profileId}/end`, { reason: 'x' }, version(1)).expect(200);
    const refused = await admin.put(`/admin/profile/${idOf(0)}/superior`, { superiorId: gone.profileId }).expect(409);
    expect((refused.body as { code: string }).code).to.equal('PROFILE_ENDED');
  });

  const report = (id: string, superiorId: string | null) => admin.put(`/admin/profile/${id}/superior`, { superiorId });
  const add = async (roles: readonly string[] = []) => addPerson(app, { companyId, roles });
  const end = ({ profileId }: TestPerson) =>
    admin.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(1)).expect(200);
  const liveOf = async (n: number) => (await linesOf(n)).filter(({ endsOn }) => endsOn === null);
  const idsOf = (body: unknown): string[] => (body as { items: { id: string }[] }).items.map(({ id }) => id);

  it('of those who reported to somebody lead to that one’s own superior when that one leaves', async () => {
    await clear();
    const boss = await add(['manager']);
    const gone = await add();
    await report(gone.profileId, boss.profileId).expect(200);
    for (const n of [0, 1]) await report(idOf(n), gone.profileId).expect(200);
    await set(2, 0).expect(200);
    const former = await add();
    await report(former.profileId, gone.profileId).expect(200);
    await end(former);
    const manager = await clientOf(app, boss);
    const team = async () => idsOf((await manager.get('/admin/profile?limit=200').expect(200)).body);
    const before = await team();
    expect(before).to.include.members([idOf(0), idOf(1), idOf(2), gone.profileId, former.profileId]);
    await end(gone);
    expect(await team()).to.have.members(before);
    for (const n of [0, 1]) {
      const [line, past, ...others] = await linesOf(n);
      expect(line).to.include({ superiorId: boss.profileId, endsOn: null });
      expect(past).to.include({ superiorId: gone.profileId, endsOn: line!.startsOn });
      expect(others.filter(({ endsOn }) => endsOn === null)).to.deep.equal([]);
    }
    const direct = await admin.get(`/admin/profile?superiorId=${boss.profileId}`).expect(200);
    expect(idsOf(direct.body)).to.have.members([idOf(0), idOf(1), gone.profileId, former.profileId]);
    expect(await liveOf(2)).to.have.length(1);
    expect((await linesOf(2))[0]).to.include({ superiorId: idOf(0), endsOn: null });
    expect(await closure()).to.have.members(await expected());
    const { rows } = await database.query<{ action: string; of: string; told: string }>(
      `select c.action, l.subordinate_id as of, r.profile_id as told from change c
         join reporting_line l on l.company_id = $1 and l.id = c.entity_id and l.subordinate_id = any($2)
         join change_recipient r on r.company_id = $1 and r.change_id = c.id
       where c.company_id = $1 and (l.superior_id = $3 and c.action = 'reporting_line.create'
         or l.superior_id = $4 and c.action = 'reporting_line.end')`,
      [companyId, [idOf(0), idOf(1)], boss.profileId, gone.profileId],
    );
    expect(rows).to.have.deep.members(
      [idOf(0), idOf(1)].flatMap((of) => [
        { action: 'reporting_line.end', of, told: of },
        { action: 'reporting_line.create', of, told: boss.profileId },
      ]),
    );
    // Whose time is over reports to nobody anew.
    const refused = await report(gone.profileId, idOf(3)).expect(409);
    expect((refused.body as { code: string }).code).to.equal('PROFILE_ENDED');
  });

  it('end with whoever stood at the top, and the teams of those below stay theirs', async () => {
    await clear();
    const gone = await add();
    for (const n of [0, 1]) await report(idOf(n), gone.profileId).expect(200);
    await set(2, 0).expect(200);
    await end(gone);
    for (const n of [0, 1]) {
      expect((await linesOf(n))[0])
        .to.include({ superiorId: gone.profileId })
        .and.to.not.include({ endsOn: null });
      expect(await liveOf(n)).to.deep.equal([]);
    }
    const reports = await admin.get(`/admin/profile?superiorId=${gone.profileId}`).expect(200);
    expect(idsOf(reports.body)).to.deep.equal([]);
    expect((await linesOf(2))[0]).to.include({ superiorId: idOf(0), endsOn: null });
    expect(await closure()).to.have.members(await expected());
  });

  it('lead to who is left when a whole chain leaves at once', async () => {
    for (let round = 0; round < 6; round += 1) {
      await clear();
      const [top, ...chain] = [await add(), await add(), await add(), await add()];
      for (const [n, one] of chain.entries()) await report(one.profileId, [top, ...chain][n]!.profileId).expect(200);
      await report(idOf(0), chain.at(-1)!.profileId).expect(200);
      await Promise.all(chain.map(end));
      expect((await liveOf(0)).map(({ superiorId }) => superiorId)).to.deep.equal([top.profileId]);
      expect(await closure()).to.have.members(await expected());
    }
  });

  it('lead to nobody who leaves at the same moment', async () => {
    for (let round = 0; round < 8; round += 1) {
      const gone = await addPerson(app, { companyId, roles: [] });
      const answers = await Promise.all([
        admin.post(`/admin/profile/${gone.profileId}/end`, { reason: 'x' }, version(1)),
        ...[4, 5, 6].map((n) => admin.put(`/admin/profile/${idOf(n)}/superior`, { superiorId: gone.profileId })),
      ]);
      expect(answers[0].status).to.equal(200);
      for (const { status } of answers.slice(1)) expect([200, 409]).to.include(status);
      for (const n of [4, 5, 6]) expect((await linesOf(n)).filter(({ endsOn }) => endsOn === null)).to.deep.equal([]);
    }
    expect(await closure()).to.have.members(await expected());
  });

  it('end no day before they begin, and overlap no other', async () => {
    await clear();
    const line = (startsOn: string, endsOn: string | null) =>
      database.query(
        `insert into reporting_line (company_id, id, subordinate_id, superior_id, starts_on, ends_on, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, now(), now())`,
        [companyId, uuidv7(), idOf(7), idOf(8), startsOn, endsOn],
      );
    const refusal = (insert: Promise<unknown>): Promise<string> =>
      insert.then(
        () => 'none',
        (error: unknown) => (error as { constraint: string }).constraint,
      );
    await line('2025-03-01', '2025-06-01');
    expect(await refusal(line('2025-08-01', '2025-07-01'))).to.equal('reporting_line_ends_on_check');
    for (const [from, to] of [
      ['2025-05-31', '2025-07-01'],
      ['2025-01-01', '2025-03-02'],
      ['2025-01-01', null],
    ] as const)
      expect(await refusal(line(from, to))).to.equal('reporting_line_overlap_excl');
    await line('2025-06-01', '2025-06-01');
    await line('2025-06-01', '2025-07-01');
  });

  it('begin and end no earlier than the one before, also where the company moved to a zone of the day before', async () => {
    await at(nextMonth(10, 11));
    const zone = (timezone: string) =>
      database.query('update company set timezone = $2, access_epoch = access_epoch + 1 where id = $1', [
        companyId,
        timezone,
      ]);
    await zone('Pacific/Kiritimati');
    await set(9, 10).expect(200);
    await zone('America/Santiago');
    for (const superior of [11, null, 12]) await set(9, superior).expect(200);
    expect((await linesOf(9)).map(({ startsOn, endsOn }) => [startsOn, endsOn])).to.deep.equal([
      [dayOf(11), null],
      [dayOf(11), dayOf(11)],
      [dayOf(11), dayOf(11)],
    ]);
    await set(9, null).expect(200);
    await at(undefined);
  });

  it('keep the closure equal to the lines whatever is set in whichever order', async function run() {
    this.timeout(60_000);
    const pick = fc.integer({ min: 0, max: 15 });
    const step = fc.tuple(pick, fc.option(pick, { freq: 6 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await clear();
        for (const [low, high] of steps) {
          const { status } = await set(low, high);
          expect([200, 409]).to.include(status);
        }
        expect(await closure()).to.have.members(await expected());
      }),
      { numRuns: 8 },
    );
  });

  it('stay a forest when sixteen are set at once', async function run() {
    this.timeout(60_000);
    const pick = fc.integer({ min: 0, max: 15 });
    const rounds = fc.sample(fc.array(fc.tuple(pick, pick), { minLength: 16, maxLength: 16 }), 6);
    for (const round of rounds) {
      const answers = await Promise.all(round.map(([low, high]) => set(low, high)));
      expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).to.deep.equal(
        [],
      );
      expect(await closure()).to.have.members(await expected());
    }
    await clear();
    const ring = await Promise.all(people.map((_person, n) => set(n, (n + 1) % 16)));
    expect(ring.filter(({ status }) => status === 200)).to.have.length(15);
    expect(await closure()).to.have.members(await expected());
  });
});
