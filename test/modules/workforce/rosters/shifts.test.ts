import { expect } from 'chai';
import { Temporal } from 'temporal-polyfill';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { codeOf, DAY_SHIFT, itemsOf, NIGHT_SHIFT, openMine, rowOf, sweep } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

interface Shift extends Row {
  readonly profileId: string;
  readonly workDate: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly actualStartAt: string | null;
  readonly actualEndAt: string | null;
  readonly timezone: string;
}

const ZONE = 'America/Santiago';

/** The next two clock changes of the zone, as instants, from the real now on: sessions must not be over for the database. */
const changes = (): Temporal.ZonedDateTime[] => {
  const first = Temporal.Now.zonedDateTimeISO(ZONE).getTimeZoneTransition('next')!;
  return [first, first.getTimeZoneTransition('next')!];
};

describe('shifts', () => {
  let app: TestApp;
  let mine: Mine;
  before(async () => {
    app = await startApp();
  });
  after(() => app.close());

  const path = '/admin/assignment/shift';
  const move = (client: Client, row: Row, name: string, body?: object) =>
    client.post(`${path}/${row.id}/${name}`, body, version(row.version));
  const open = async (at: string, days = [DAY_SHIFT]): Promise<Shift[]> => {
    const client = await app.database.superuser();
    const day = at.slice(0, 10);
    await client.query(`select app.ensure_partitions('change', $1::date, ($1::date + 31)::date)`, [day]);
    app.clock.set(new Date(at));
    mine = await openMine(app, ZONE);
    const { id } = await mine.assign({ shiftPatternId: await mine.addPattern(days) });
    return itemsOf<Shift>(mine.admin, `${path}?assignmentId=${id}`);
  };

  for (const [index, change] of changes().entries())
    it(`night ${index + 1} of a clock change lasts eleven or thirteen hours, 19:00 to 07:00 on the wall`, async () => {
      const eve = change.subtract({ seconds: 1 });
      const hours = 12 + (eve.offsetNanoseconds - change.offsetNanoseconds) / 3.6e12;
      expect(hours).to.be.oneOf([11, 13]);
      const noon = eve.subtract({ days: 3 }).with({ hour: 12 }).toInstant().toString();
      const night = eve.toPlainDate().toString();
      const shifts = await open(noon, [NIGHT_SHIFT]);
      const shift = shifts.find(({ workDate }) => workDate === night)!;
      const wall = (at: string) => Temporal.Instant.from(at).toZonedDateTimeISO(ZONE).toPlainTime().toString();
      expect([wall(shift.startsAt), wall(shift.endsAt)]).to.deep.equal(['19:00:00', '07:00:00']);
      expect((Date.parse(shift.endsAt) - Date.parse(shift.startsAt)) / 3_600_000).to.equal(hours);
      const others = shifts.filter(({ workDate }) => workDate !== night);
      const lengths = others.map(({ startsAt, endsAt }) => (Date.parse(endsAt) - Date.parse(startsAt)) / 3_600_000);
      expect(new Set(lengths)).to.deep.equal(new Set([12]));

      await mine.at(new Date(Date.parse(shift.startsAt) - 600_000).toISOString());
      const started = await rowOf<Shift>(move(mine.worker, shift, 'start'));
      expect(started).to.include({ status: 'started', workDate: night });
      const read = async () => rowOf<Shift>(mine.worker.get(`${path}/${shift.id}`));
      await mine.at(new Date(Date.parse(shift.endsAt) - 1_000).toISOString());
      await sweep(app, mine.companyId, 'shift', shift.id, 'finish');
      expect((await read()).status).to.equal('started');
      await mine.at(shift.endsAt);
      await sweep(app, mine.companyId, 'shift', shift.id, 'finish');
      expect(await read()).to.include({ status: 'done', actualEndAt: shift.endsAt, workDate: night });
      const { rows } = await (
        await app.database.superuser()
      ).query('select 1 from due_move where entity_id = $1', [shift.id]);
      expect(rows).to.deep.equal([]);
    });

  it('are started by the person or a superior, four hours before at the earliest and as their length allows, and not once they are over', async () => {
    const [, shift] = await open('2027-01-04T12:00:00Z');
    expect(await codeOf(move(mine.worker, shift!, 'start'), 409)).to.equal('SHIFT_TOO_EARLY');
    await mine.at(new Date(Date.parse(shift!.startsAt) - 4 * 3_600_000).toISOString());
    const peer = await mine.addWorker();
    const bearer = { authorization: await peer.bearer(), 'if-match': '"1"' };
    await app.http.post(`/angelis${path}/${shift!.id}/start`).set(bearer).expect(404);
    expect(await codeOf(move(mine.supervisor, shift!, 'start'), 409)).to.equal('GATE_BLOCKED');
    await mine.at(new Date(Date.parse(shift!.startsAt) - 30 * 60_000).toISOString());
    expect(await rowOf<Shift>(move(mine.supervisor, shift!, 'start'))).to.include({ status: 'started' });
    const [first] = await open('2027-01-04T12:00:00Z');
    await mine.at(first!.endsAt);
    expect(await codeOf(move(mine.worker, first!, 'start'), 409)).to.equal('SHIFT_OVER');
  });

  it('are finished by the person only, or by the system at their end', async () => {
    const [shift] = await open('2027-01-04T12:00:00Z');
    const started = await rowOf<Shift>(move(mine.worker, shift!, 'start'));
    expect(started.actualStartAt).to.equal('2027-01-04T12:00:00.000Z');
    expect(await codeOf(move(mine.supervisor, started, 'finish'), 409)).to.equal('SHIFT_NOT_OWN');
    expect(await codeOf(move(mine.admin, started, 'finish'), 409)).to.equal('SHIFT_NOT_OWN');
    await mine.at('2027-01-04T12:04:00Z');
    const done = await rowOf<Shift>(move(mine.worker, started, 'finish'));
    expect(done).to.include({ status: 'done', actualEndAt: '2027-01-04T12:04:00.000Z' });
  });

  it('are cancelled while planned, by a manager, with a reason', async () => {
    const [shift, next] = await open('2027-01-04T12:00:00Z');
    await move(mine.supervisor, next!, 'cancel', { reason: 'x' }).expect(403);
    await move(mine.worker, next!, 'cancel', { reason: 'x' }).expect(403);
    expect(await codeOf(move(mine.manager, next!, 'cancel', {}), 422)).to.equal('INVALID');
    expect(await rowOf(move(mine.manager, next!, 'cancel', { reason: 'rain' }))).to.include({
      status: 'cancelled',
      cancelledBecause: 'manager',
    });
    const started = await rowOf(move(mine.worker, shift!, 'start'));
    expect(await codeOf(move(mine.manager, started, 'cancel', { reason: 'x' }), 409)).to.equal('INVALID_TRANSITION');
  });

  it('say what the caller may do next', async () => {
    const [shift] = await open('2027-01-04T12:00:00Z');
    const actions = async (client: Client) => {
      const { items } = await rowOf<{ items: { move: string; reason: string | null }[] }>(
        client.get(`${path}/${shift!.id}/actions`),
      );
      return Object.fromEntries(items.map(({ move: name, reason }) => [name, reason]));
    };
    expect(await actions(mine.worker)).to.deep.equal({ start: null, finish: 'STATE', cancel: 'FORBIDDEN' });
    expect(await actions(mine.manager)).to.deep.equal({ start: null, finish: 'STATE', cancel: null });
  });

  it('of one person never overlap, whoever writes them', async () => {
    const [shift] = await open('2027-02-01T12:00:00.000Z');
    const client = await app.database.superuser();
    const copy = (hours: number) =>
      client
        .query(
          `insert into shift (company_id, id, assignment_id, profile_id, project_id, work_date, kind, source, timezone, starts_at, ends_at,
             status, created_at, updated_at)
           select company_id, $2::uuid, assignment_id, profile_id, project_id, work_date, kind, 'call_out', timezone,
             starts_at + $3 * interval '1 hour', ends_at + $3 * interval '1 hour', status, created_at, updated_at
           from shift where id = $1`,
          [shift!.id, uuidv7(), hours],
        )
        .then(
          () => 'taken',
          (error: unknown) => (error as { code?: string }).code,
        );
    expect([await copy(1), await copy(-11), await copy(12)]).to.deep.equal(['23P01', '23P01', 'taken']);
  });
});
