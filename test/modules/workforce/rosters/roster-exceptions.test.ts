import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addDepartment, addPerson, giveWithin } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { codeOf, DAY_SHIFT, itemsOf, NIGHT_SHIFT, openMine, rowOf, tick } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

interface Shift extends Row {
  readonly workDate: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly source: string;
  readonly cancelledBecause: string | null;
}

const NOW = '2027-01-04T12:00:00Z';
const OFF = { kind: 'off' as const };

describe('roster exceptions', () => {
  let app: TestApp;
  let mine: Mine;
  let peer: TestPerson;
  let own: { assignment: Row; profileId: string };

  before(async () => {
    app = await startApp();
    app.clock.set(new Date(NOW));
  });
  after(() => app.close());
  beforeEach(async () => {
    app.clock.set(new Date(NOW));
    mine = await openMine(app);
    peer = await mine.addWorker();
    const shiftPatternId = await mine.addPattern([DAY_SHIFT, OFF]);
    const assignment = await mine.assign({ shiftPatternId });
    own = { assignment, profileId: mine.people.worker.profileId };
  });

  const base = '/admin/assignment/roster-exception';
  const ask = (client: Client, body: object) => client.post(base, { profileId: own.profileId, ...body });
  const decide = (client: Client, row: Row, name: string, body?: object) =>
    client.post(`${base}/${row.id}/${name}`, body, version(row.version));
  const approve = async (body: object) => {
    const row = await rowOf(ask(mine.worker, body), 201);
    return decide(mine.manager, row, 'approve');
  };
  const shiftsOf = (profileId: string) =>
    itemsOf<Shift>(mine.admin, `/admin/assignment/shift?limit=200&profileId=${profileId}`);
  const standing = async (profileId: string) =>
    (await shiftsOf(profileId)).filter(({ status }) => status !== 'cancelled');
  const on = async (profileId: string, workDate: string) =>
    (await standing(profileId)).find((shift) => shift.workDate === workDate)!;
  /** The colleague works on the days on which the worker is off. */
  const assignPeer = async (kind = DAY_SHIFT, projectId = mine.projectId) =>
    mine.assign({ profileId: peer.profileId, projectId, shiftPatternId: await mine.addPattern([OFF, kind]) });

  it('need the fields of their kind and no others', async () => {
    const { id: shiftId } = await on(own.profileId, '2027-01-06');
    const faults = async (body: object) => {
      const { errors } = await rowOf<{ errors: { pointer: string; code: string }[] }>(ask(mine.worker, body), 422);
      return errors.map(({ pointer, code }) => `${pointer} ${code}`);
    };
    expect(await faults({ kind: 'swap', shiftId })).to.deep.equal(['/withProfileId NEEDED_HERE']);
    expect(await faults({ kind: 'extension', shiftId })).to.deep.equal(['/minutes NEEDED_HERE']);
    expect(await faults({ kind: 'extension', shiftId, minutes: 30, withProfileId: peer.profileId })).to.deep.equal([
      '/withProfileId NOT_FOR_THIS_KIND',
    ]);
    const times = { startsAt: '2027-01-05T20:00:00Z', endsAt: '2027-01-05T19:00:00Z', shiftKind: 'day' };
    expect(await faults({ kind: 'call_out', assignmentId: own.assignment.id, ...times })).to.deep.equal([
      '/endsAt BEFORE_START',
    ]);
    await assignPeer();
    const { id: strange } = await on(peer.profileId, '2027-01-05');
    expect(await faults({ kind: 'extension', shiftId: strange, minutes: 30 })).to.deep.equal([
      '/shiftId UNKNOWN_REFERENCE',
    ]);
    expect(await faults({ kind: 'extension', shiftId, minutes: 30, profileId: peer.profileId })).to.deep.equal([
      '/profileId UNKNOWN_REFERENCE',
    ]);
  });

  it('are decided by a manager, never by who asked or works by it', async () => {
    const { id: shiftId } = await on(own.profileId, '2027-01-06');
    const row = await rowOf(ask(mine.worker, { kind: 'extension', shiftId, minutes: 60 }), 201);
    await decide(mine.worker, row, 'approve').expect(403);
    await decide(mine.supervisor, row, 'approve').expect(403);
    const asked = await rowOf(ask(mine.manager, { kind: 'extension', shiftId, minutes: 30 }), 201);
    expect(await codeOf(decide(mine.manager, asked, 'approve'), 409)).to.equal('OWN_REQUEST');
    expect(await codeOf(decide(mine.manager, asked, 'reject', { reason: 'x' }), 409)).to.equal('OWN_REQUEST');
    const rejected = await rowOf(decide(mine.manager, row, 'reject', { reason: 'too long' }));
    expect(rejected).to.include({ status: 'rejected', decidedBy: mine.people.manager.profileId });
    expect(await codeOf(decide(mine.worker, rejected, 'cancel'), 409)).to.equal('INVALID_TRANSITION');
    const other = await rowOf(decide(mine.admin, asked, 'approve'));
    expect(other.status).to.equal('approved');
  });

  it('ask the gate for whoever gets the shift, and leave everything as it was when it blocks', async () => {
    const shift = await on(own.profileId, '2027-01-06');
    const leave = { profileId: own.profileId, kind: 'sick', startsOn: '2027-01-04', endsOn: '2027-01-09' };
    await rowOf(mine.admin.post('/admin/assignment/leave', leave), 201);
    const row = await rowOf(ask(mine.worker, { kind: 'extension', shiftId: shift.id, minutes: 60 }), 201);
    const refused = await rowOf<{ code: string; decisionId: string; reasons: { code: string }[] }>(
      decide(mine.manager, row, 'approve'),
      409,
    );
    expect([refused.code, refused.reasons.map(({ code }) => code)]).to.deep.equal(['GATE_BLOCKED', ['ON_LEAVE']]);
    expect(await on(own.profileId, '2027-01-06')).to.deep.include({ endsAt: shift.endsAt, version: shift.version });
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select d.purpose, d.outcome, e.status from gate_decision d, roster_exception e where d.id = $1 and e.id = $2`,
      [refused.decisionId, row.id],
    );
    expect(rows).to.deep.equal([{ purpose: 'crew', outcome: 'block', status: 'requested' }]);
  });

  it('ask the gate for the colleague of a swap: the decision outlives the shift that was not made', async () => {
    await assignPeer();
    const { id: shiftId } = await on(own.profileId, '2027-01-06');
    const leave = { profileId: peer.profileId, kind: 'sick', startsOn: '2027-01-06', endsOn: '2027-01-06' };
    await rowOf(mine.admin.post('/admin/assignment/leave', leave), 201);
    const swap = { kind: 'swap', shiftId, withProfileId: peer.profileId };
    const refused = await rowOf<{ code: string; decisionId: string; outcome: string }>(approve(swap), 409);
    expect(refused).to.include({ code: 'GATE_BLOCKED', outcome: 'block' });
    expect((await on(own.profileId, '2027-01-06')).id).to.equal(shiftId);
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select profile_id, facts #>> '{hours,shiftMinutes}' as minutes from gate_decision where id = $1`,
      [refused.decisionId],
    );
    expect(rows).to.deep.equal([{ profile_id: peer.profileId, minutes: '720' }]);
  });

  it('of kind swap are approved by whoever reaches both', async () => {
    await assignPeer();
    const { id: shiftId } = await on(own.profileId, '2027-01-06');
    const row = await rowOf(ask(mine.worker, { kind: 'swap', shiftId, withProfileId: peer.profileId }), 201);
    const near = await addPerson(app, { companyId: peer.companyId, roles: [] });
    const departmentId = await addDepartment(app, peer.companyId, [mine.people.worker]);
    await giveWithin(app, near, departmentId, { systemRole: 'admin' });
    const as = await clientOf(app, near);
    expect(await codeOf(decide(as, row, 'approve'), 403)).to.equal('OUT_OF_REACH');
    expect((await on(own.profileId, '2027-01-06')).id).to.equal(shiftId);
    expect((await rowOf(decide(as, row, 'reject', { reason: 'Not both are mine' }))).status).to.equal('rejected');
  });

  it('are withdrawn while they wait, and change nothing then', async () => {
    const shift = await on(own.profileId, '2027-01-06');
    const row = await rowOf(ask(mine.worker, { kind: 'extension', shiftId: shift.id, minutes: 60 }), 201);
    expect((await rowOf(decide(mine.worker, row, 'cancel'))).status).to.equal('cancelled');
    expect((await on(own.profileId, '2027-01-06')).endsAt).to.equal(shift.endsAt);
  });

  it('of kind extension let a shift end later, planned or started, and not into another', async () => {
    const shift = await on(own.profileId, '2027-01-04');
    await rowOf(mine.worker.post(`/admin/assignment/shift/${shift.id}/start`, undefined, version(1)));
    expect((await rowOf(approve({ kind: 'extension', shiftId: shift.id, minutes: 90 }))).status).to.equal('approved');
    const later = await on(own.profileId, '2027-01-04');
    expect(Date.parse(later.endsAt) - Date.parse(shift.endsAt)).to.equal(90 * 60_000);
    const client = await app.database.superuser();
    const { rows } = await client.query('select due_at from due_move where entity_id = $1', [shift.id]);
    expect((rows[0] as { due_at: Date }).due_at.toISOString()).to.equal(later.endsAt);
    const times = { startsAt: '2027-01-05T12:00:00Z', endsAt: '2027-01-05T14:00:00Z', shiftKind: 'day' };
    await rowOf(approve({ kind: 'call_out', assignmentId: own.assignment.id, ...times }));
    const far = await approve({ kind: 'extension', shiftId: shift.id, minutes: 1_440 });
    expect([far.status, (far.body as { code: string }).code]).to.deep.equal([409, 'EXCEPTION_OVERLAP']);
  });

  it('of kind call-out add a shift on its start day in the site’s zone, where the person is free', async () => {
    const times = { startsAt: '2027-01-06T01:00:00Z', endsAt: '2027-01-06T05:00:00Z', shiftKind: 'night' };
    await rowOf(approve({ kind: 'call_out', assignmentId: own.assignment.id, ...times }));
    expect(await on(own.profileId, '2027-01-05')).to.include({ source: 'call_out', kind: 'night', status: 'planned' });
    const clash = { ...times, startsAt: '2027-01-06T12:00:00Z', endsAt: '2027-01-06T13:00:00Z' };
    expect(await codeOf(approve({ kind: 'call_out', assignmentId: own.assignment.id, ...clash }), 409)).to.equal(
      'EXCEPTION_OVERLAP',
    );
    await tick(app, mine.companyId, 'workforce.rosters.expand');
    expect(await standing(own.profileId)).to.have.length(9);
  });
  it('of kind swap give a shift away and take one, both ways, under the colleague’s own assignment', async () => {
    const { id: assignmentId } = await assignPeer();
    const [given, taken] = [await on(own.profileId, '2027-01-06'), await on(peer.profileId, '2027-01-07')];
    const swap = { kind: 'swap', shiftId: given.id, withProfileId: peer.profileId, takesShiftId: taken.id };
    await rowOf(approve(swap));
    expect(await on(own.profileId, '2027-01-06')).to.equal(undefined);
    expect(await on(own.profileId, '2027-01-07')).to.include({ source: 'swap', startsAt: taken.startsAt });
    expect(await on(peer.profileId, '2027-01-06')).to.include({ source: 'swap', endsAt: given.endsAt, assignmentId });
    expect(await on(peer.profileId, '2027-01-07')).to.equal(undefined);
    const gone = (await shiftsOf(own.profileId)).find(({ id }) => id === given.id);
    expect(gone).to.include({ status: 'cancelled', cancelledBecause: 'swap' });
    await tick(app, mine.companyId, 'workforce.rosters.expand');
    expect(await on(own.profileId, '2027-01-06')).to.equal(undefined);
  });

  it('of kind swap may take none; a shift that is gone, a colleague who works then or has no assignment refuse it', async () => {
    const given = await on(own.profileId, '2027-01-06');
    const swap = { kind: 'swap', shiftId: given.id, withProfileId: peer.profileId };
    expect(await codeOf(approve(swap), 409)).to.equal('EXCEPTION_NO_ASSIGNMENT');
    await assignPeer();
    await rowOf(approve(swap));
    expect(await on(peer.profileId, '2027-01-06')).to.include({ source: 'swap' });
    expect(await codeOf(approve(swap), 409)).to.equal('EXCEPTION_NO_SHIFT');
    const busy = await mine.addWorker();
    await mine.assign({ profileId: busy.profileId, shiftPatternId: await mine.addPattern([NIGHT_SHIFT, DAY_SHIFT]) });
    const { id: shiftId } = await on(own.profileId, '2027-01-10');
    const clash = { kind: 'swap', shiftId, withProfileId: busy.profileId };
    const night = await on(busy.profileId, '2027-01-10');
    expect(night).to.include({ kind: 'night' });
    await rowOf(approve(clash));
    const eighth = { kind: 'swap', shiftId: (await on(own.profileId, '2027-01-08')).id, withProfileId: peer.profileId };
    const extra = { startsAt: '2027-01-08T15:00:00Z', endsAt: '2027-01-08T16:00:00Z', shiftKind: 'day' };
    const peerClient = await clientOf(app, peer);
    const assigned = await itemsOf(mine.admin, `/admin/assignment?profileId=${peer.profileId}`);
    const call = { kind: 'call_out', profileId: peer.profileId, assignmentId: assigned[0]!.id, ...extra };
    const row = await rowOf(peerClient.post(base, call), 201);
    await rowOf(decide(mine.manager, row, 'approve'));
    expect(await codeOf(approve(eighth), 409)).to.equal('EXCEPTION_OVERLAP');
    expect((await on(own.profileId, '2027-01-08')).status).to.equal('planned');
  });
});
