import { expect } from 'chai';
import { expiryTick } from '../../../../src/modules/workforce/qualifications/credentials.jobs.ts';
import type { Notice } from '../../../../src/modules/workforce/ports.ts';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, openMine, rowOf, sweep, tick as runTick } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

const base = '/admin/credential';

describe('credentials', () => {
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date('2027-01-04T12:00:00Z'));
    mine = await openMine(app);
  });
  after(() => app.close());

  const faultOf = async (call: Parameters<typeof rowOf>[0]): Promise<[string, string]> => {
    const { errors } = await rowOf<{ errors: { pointer: string; code: string }[] }>(call, 422);
    return [errors[0]!.pointer, errors[0]!.code];
  };
  const submit = (values: object = {}, client: Client = mine.worker) =>
    rowOf(
      client.post(base, {
        profileId: mine.people.worker.profileId,
        kind: 'altitude_exam',
        issuer: 'Mutual',
        validFrom: '2027-01-01',
        validTo: '2027-06-30',
        ...values,
      }),
      201,
    );
  const move = (row: Row, name: string, body?: object, client: Client = mine.admin) =>
    client.post(`${base}/${row.id}/${name}`, body, version(row.version));
  const prove = (row: Row) =>
    rowOf(mine.worker.put(`${base}/${row.id}/evidence`, { evidence: 'SpO2 91 %' }, version(row.version)));
  const valid = async (values: object = {}) => rowOf(move(await prove(await submit(values)), 'validate'));

  it('become valid on evidence only, by an admin, never one’s own', async () => {
    const row = await submit();
    expect(await codeOf(move(row, 'validate'), 409)).to.equal('EVIDENCE_MISSING');
    const proven = await prove(row);
    expect(proven).to.include({ status: 'submitted', hasEvidence: true });
    await move(proven, 'validate', undefined, mine.manager).expect(403);
    await move(proven, 'validate', undefined, mine.worker).expect(403);
    expect((await rowOf(move(proven, 'validate'))).status).to.equal('valid');
    const own = await submit({ profileId: mine.people.admin.profileId }, mine.admin);
    const sure = await rowOf(mine.admin.put(`${base}/${own.id}/evidence`, { evidence: 'x' }, version(1)));
    expect(await codeOf(move(sure, 'validate'), 409)).to.equal('OWN_REQUEST');
  });

  it('are refused or revoked with a reason, and do not change once decided', async () => {
    const refused = await submit();
    expect(await codeOf(move(refused, 'reject', {}), 422)).to.equal('INVALID');
    expect((await rowOf(move(refused, 'reject', { reason: 'unreadable' }))).status).to.equal('rejected');
    const row = await valid();
    expect(await codeOf(mine.admin.patch(`${base}/${row.id}`, { issuer: 'x' }, version(row.version)), 409)).to.equal(
      'CREDENTIAL_DECIDED',
    );
    const late = mine.admin.put(`${base}/${row.id}/evidence`, { evidence: 'other' }, version(row.version));
    expect(await codeOf(late, 409)).to.equal('CREDENTIAL_DECIDED');
    expect(await codeOf(mine.admin.del(`${base}/${row.id}`, version(row.version)), 409)).to.equal('CREDENTIAL_DECIDED');
    expect(await codeOf(move(row, 'revoke', {}), 422)).to.equal('INVALID');
    const revoked = await rowOf(move(row, 'revoke', { reason: 'forged' }));
    expect(revoked.status).to.equal('revoked');
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select reason from change where entity_id = $1 and action = 'credential.revoke'`,
      [row.id],
    );
    expect(rows).to.deep.equal([{ reason: 'forged' }]);
  });

  it('keep their evidence sealed: out of lists, of the change log and of the tables', async () => {
    const row = await prove(await submit({ issuer: 'Sealed' }));
    const client = await app.database.superuser();
    const { rows } = await client.query<{ sealed: string; changes: string }>(
      `select c.evidence_sealed as sealed, (select string_agg(x::text, '') from change x where x.entity_id = c.id) as changes
       from credential c where c.id = $1`,
      [row.id],
    );
    expect(rows[0]!.sealed).to.not.include('SpO2');
    expect(rows[0]!.changes).to.not.include('SpO2').and.not.include(rows[0]!.sealed);
    expect(
      JSON.stringify(await itemsOf(mine.admin, `${base}?profileId=${mine.people.worker.profileId}`)),
    ).to.not.include('SpO2');
  });

  it('show their evidence to those who decide, and log each read', async () => {
    const row = await prove(await submit());
    for (const client of [mine.manager, mine.supervisor, mine.worker])
      await client.get(`${base}/${row.id}/evidence`).expect(403);
    const auditor = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['auditor'] }));
    await auditor.get(`${base}/${row.id}/evidence`).expect(403);
    const owner = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['owner'] }));
    await owner.get(`${base}/${row.id}/evidence`).expect(403);
    const shown = await rowOf<{ evidence: string }>(mine.admin.get(`${base}/${row.id}/evidence`));
    expect(shown).to.deep.equal({ evidence: 'SpO2 91 %' });
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select actor_id from change where entity_id = $1 and action = 'credential.read_evidence'`,
      [row.id],
    );
    expect(rows).to.deep.equal([{ actor_id: mine.people.admin.profileId }]);
    const bare = await submit();
    await mine.admin.get(`${base}/${bare.id}/evidence`).expect(404);
  });

  it('expire after their last day in the company’s zone', async () => {
    const row = await valid({ validTo: '2027-01-05' });
    const state = async () => (await rowOf(mine.admin.get(`${base}/${row.id}`))).status;
    await mine.at('2027-01-06T02:59:59Z');
    await sweep(app, mine.companyId, 'credential', row.id, 'expire');
    expect(await state()).to.equal('valid');
    await mine.at('2027-01-06T03:00:00Z');
    await sweep(app, mine.companyId, 'credential', row.id, 'expire');
    expect(await state()).to.equal('expired');
    const over = await prove(await submit({ validTo: '2027-01-05' }));
    expect(await codeOf(move(over, 'validate'), 409)).to.equal('CREDENTIAL_OVER');
    await mine.at('2027-01-04T12:00:00Z');
  });

  it('are listed by the day they end: valid ones, up to a day', async () => {
    const other = await openMine(app);
    const one = async (validTo: string | null) => {
      const body = { profileId: other.people.worker.profileId, kind: 'induction', issuer: 'Faena' };
      const row = await rowOf(other.admin.post(base, { ...body, validFrom: '2027-01-01', validTo }), 201);
      const proven = await rowOf(other.admin.put(`${base}/${row.id}/evidence`, { evidence: 'x' }, version(1)));
      return rowOf(other.admin.post(`${base}/${row.id}/validate`, undefined, version(proven.version)));
    };
    const [late, soon] = [await one('2027-03-01'), await one('2027-01-20')];
    await one(null);
    await one('2027-09-01');
    const found = await itemsOf(other.admin, `${base}/expiring?by=2027-04-01`);
    expect(found.map(({ id }) => id)).to.deep.equal([soon.id, late.id]);
    expect(await itemsOf(other.supervisor, `${base}/expiring`)).to.have.length(3);
    expect(await itemsOf(mine.supervisor, `${base}/expiring?by=2027-01-20`)).to.deep.equal([]);
  });

  it('are told of 30, 7 and 1 days before they end, once each, to the person and the direct superior', async () => {
    const other = await openMine(app);
    const told: Notice[] = [];
    const notices = {
      notify: (_tx: object, notice: Notice) => {
        told.push(notice);
        return Promise.resolve();
      },
    };
    const tick = expiryTick({ work: app.platform.work, notices });
    const body = {
      profileId: other.people.worker.profileId,
      kind: 'driving_license',
      issuer: 'X',
      validFrom: '2027-01-01',
    };
    const row = await rowOf(other.admin.post(base, { ...body, validTo: '2027-02-10' }), 201);
    const proven = await rowOf(other.admin.put(`${base}/${row.id}/evidence`, { evidence: 'x' }, version(1)));
    await rowOf(other.admin.post(`${base}/${row.id}/validate`, undefined, version(proven.version)));
    const late = await rowOf(other.admin.post(base, { ...body, validTo: '2027-02-22' }), 201);
    const seen = await rowOf(other.admin.put(`${base}/${late.id}/evidence`, { evidence: 'x' }, version(1)));
    await rowOf(other.admin.post(`${base}/${late.id}/validate`, undefined, version(seen.version)));
    await rowOf(other.admin.post(base, { ...body, validTo: '2027-01-05' }), 201);
    const on = async (day: string): Promise<unknown[]> => {
      told.length = 0;
      app.clock.set(new Date(`${day}T12:00:00Z`));
      for (const _twice of [1, 2])
        await tick.run(systemScope(other.companyId, 'tick', 'test'), {
          now: app.clock.now(),
          signal: new AbortController().signal,
        });
      return told.map(({ params }) => params['days']);
    };
    expect(await on('2027-01-10')).to.deep.equal([]);
    expect(await on('2027-01-11')).to.deep.equal([30]);
    expect(told[0]).to.deep.equal({
      kind: 'credential.expiring',
      profileIds: [other.people.worker.profileId, other.people.supervisor.profileId],
      entity: 'credential',
      entityId: row.id,
      params: { credential: 'driving_license', days: 30, validTo: '2027-02-10' },
    });
    expect(await on('2027-02-02')).to.deep.equal([20]);
    expect(await on('2027-02-05')).to.deep.equal([5]);
    expect(await on('2027-02-06')).to.deep.equal([]);
    expect(await on('2027-02-10')).to.deep.equal([0]);
    await mine.at('2027-01-04T12:00:00Z');
  });

  it('reach people as notices, with the day and how many are left', async () => {
    const other = await openMine(app);
    const body = { profileId: other.people.worker.profileId, kind: 'induction', issuer: 'X', validFrom: '2027-01-01' };
    const row = await rowOf(other.admin.post(base, { ...body, validTo: '2027-01-09' }), 201);
    const proven = await rowOf(other.admin.put(`${base}/${row.id}/evidence`, { evidence: 'x' }, version(1)));
    await rowOf(other.admin.post(`${base}/${row.id}/validate`, undefined, version(proven.version)));
    for (const _twice of [1, 2]) await runTick(app, other.companyId, 'workforce.credentials.notify');
    for (const client of [other.worker, other.supervisor])
      expect(await itemsOf<{ type: string }>(client, '/notification')).to.have.length(1);
    expect(await itemsOf(other.manager, '/notification')).to.deep.equal([]);
  });

  it('that site, task kind, role and equipment of an assignment require are shown with what the person holds', async () => {
    const other = await openMine(app);
    const { siteId } = await rowOf<{ siteId: string }>(other.admin.get(`/admin/project/${other.projectId}`));
    const need = (values: object) => rowOf(other.admin.post(`${base}/requirement`, values), 201);
    await need({ kind: 'induction', siteId });
    await need({ kind: 'internal_driving_license', role: 'operator' });
    await need({ kind: 'skill_certificate', role: 'welder' });
    const taskKindIds = [await other.addTaskKind({ requiredCredentials: ['altitude_exam'] })];
    const kind = { code: 'TRUCK', name: 'Camión' };
    const truck = await rowOf(other.admin.post('/admin/assignment/equipment-kind', kind), 201);
    await need({ kind: 'equipment_authorization', equipmentKindId: truck.id });
    const { id } = await other.draft({ taskKindIds, equipmentKindIds: [truck.id] });
    const without = other.admin.patch(`/admin/assignment/${id}`, { equipmentKindIds: [siteId] }, version(1));
    expect(await faultOf(without)).to.deep.equal(['/equipmentKindIds', 'UNKNOWN_REFERENCE']);
    const body = {
      profileId: other.people.worker.profileId,
      kind: 'altitude_exam',
      issuer: 'X',
      validFrom: '2027-01-01',
    };
    const first = await rowOf(other.admin.post(base, { ...body, validTo: '2027-03-01' }), 201);
    const proven = await rowOf(other.admin.put(`${base}/${first.id}/evidence`, { evidence: 'x' }, version(1)));
    await rowOf(other.admin.post(`${base}/${first.id}/validate`, undefined, version(proven.version)));
    await rowOf(other.admin.post(base, { ...body, validTo: '2028-03-01' }), 201);
    const required = await itemsOf<object>(other.supervisor, `${base}/required?assignmentId=${id}`);
    const missing = { equipment: null, status: 'missing', from: null, to: null };
    expect(required).to.deep.equal([
      { credential: 'equipment_authorization', requiredBy: 'equipment', ...missing, equipment: 'TRUCK' },
      { credential: 'internal_driving_license', requiredBy: 'role', ...missing },
      { credential: 'induction', requiredBy: 'site', ...missing },
      {
        credential: 'altitude_exam',
        requiredBy: 'task',
        ...missing,
        status: 'valid',
        from: '2027-01-01',
        to: '2027-03-01',
      },
    ]);
    await mine.supervisor.get(`${base}/required?assignmentId=${id}`).expect(404);
    expect(await codeOf(other.admin.post(`${base}/requirement`, { kind: 'induction' }), 422)).to.equal('INVALID');
    const both = { kind: 'induction', siteId, role: 'operator' };
    expect(await codeOf(other.admin.post(`${base}/requirement`, both), 422)).to.equal('INVALID');
    expect(await codeOf(other.admin.post(`${base}/requirement`, { kind: 'induction', siteId }), 409)).to.equal(
      'DUPLICATE',
    );
  });

  it('of equipment name its kind, and others none; a kind stays while it is named', async () => {
    const kinds = '/admin/assignment/equipment-kind';
    const kind = await rowOf(mine.admin.post(kinds, { code: 'CRANE', name: 'Grúa' }), 201);
    const body = { profileId: mine.people.worker.profileId, issuer: 'Centro', validFrom: '2027-01-01' };
    const wrong = [{ kind: 'equipment_authorization' }, { kind: 'induction', equipmentKindId: kind.id }];
    for (const values of wrong)
      expect(await faultOf(mine.worker.post(base, { ...body, ...values }))).to.deep.equal([
        '/equipmentKindId',
        'EQUIPMENT_KIND',
      ]);
    const held = await submit({ kind: 'equipment_authorization', equipmentKindId: kind.id });
    expect(await codeOf(mine.admin.del(`${kinds}/${kind.id}`, version(1)), 409)).to.equal('IN_USE');
    await mine.worker.del(`${base}/${held.id}`, version(1)).expect(204);
    const { id } = await mine.draft({ equipmentKindIds: [kind.id] });
    expect(await codeOf(mine.admin.del(`${kinds}/${kind.id}`, version(1)), 409)).to.equal('IN_USE');
    await rowOf(mine.admin.post(`/admin/assignment/${id}/cancel`, undefined, version(1)));
    await mine.admin.del(`${kinds}/${kind.id}`, version(1)).expect(204);
    expect(
      await codeOf(mine.admin.post(`${base}/requirement`, { kind: 'induction', equipmentKindId: kind.id }), 422),
    ).to.equal('UNKNOWN_REFERENCE');
  });

  it('are submitted by the person or for people in reach', async () => {
    const body = { kind: 'induction', issuer: 'X', validFrom: '2027-01-01' };
    const stranger = { ...body, profileId: mine.people.supervisor.profileId };
    expect(await codeOf(mine.worker.post(base, stranger), 422)).to.equal('INVALID');
    expect(
      await codeOf(
        mine.worker.post(base, { ...body, profileId: mine.people.worker.profileId, validTo: '2026-12-31' }),
        422,
      ),
    ).to.equal('INVALID');
    const row = await submit();
    const other = await openMine(app);
    await other.admin.get(`${base}/${row.id}`).expect(404);
  });
});

describe('task kinds and risk groups', () => {
  let app: TestApp;
  let mine: Mine;
  before(async () => {
    app = await startApp();
    mine = await openMine(app);
  });
  after(() => app.close());

  it('say what work requires, and stay while they are used', async () => {
    const group = await rowOf(mine.admin.post('/fitness/risk-group', { name: 'Operadores', highRisk: true }), 201);
    const kind = await mine.addTaskKind({ riskGroupId: group.id, hazards: ['driving'] });
    expect(await codeOf(mine.admin.del(`/fitness/risk-group/${group.id}`, version(1)), 409)).to.equal('IN_USE');
    const { id } = await mine.draft({ taskKindIds: [kind] });
    expect(await codeOf(mine.admin.del(`/admin/assignment/task-kind/${kind}`, version(1)), 409)).to.equal('IN_USE');
    await rowOf(mine.admin.post(`/admin/assignment/${id}/cancel`, undefined, version(1)));
    await mine.admin.del(`/admin/assignment/task-kind/${kind}`, version(1)).expect(204);
    await mine.admin.del(`/fitness/risk-group/${group.id}`, version(1)).expect(204);
  });

  it('refuse a group that is not there and tests that nobody offers', async () => {
    const empty = { code: 'Z', name: 'Z', requiredCredentials: [], requiredTests: [], hazards: [] };
    const unknown = { ...empty, riskGroupId: mine.projectId };
    expect(await codeOf(mine.admin.post('/admin/assignment/task-kind', unknown), 422)).to.equal('UNKNOWN_REFERENCE');
    const strange = { ...empty, requiredTests: ['TAROT'] };
    expect(await codeOf(mine.admin.post('/admin/assignment/task-kind', strange), 422)).to.equal('INVALID');
  });

  it('shift patterns name every wrong day, and stay while an assignment follows them', async () => {
    const days = [{ kind: 'day', start: '07:00', minutes: 720 }, { kind: 'night' }, { kind: 'off' }];
    const answer = await mine.admin.post('/admin/assignment/shift-pattern', { code: 'W', name: 'W', days }).expect(422);
    const [fault] = (answer.body as { errors: { pointer: string; code: string }[] }).errors;
    expect(fault).to.include({ pointer: '/days/1', code: 'PATTERN_START' });
    const pattern = await mine.addPattern([{ kind: 'day', start: '07:00', minutes: 720 }]);
    const bad = { days: [{ kind: 'off' }] };
    expect(await codeOf(mine.admin.patch(`/admin/assignment/shift-pattern/${pattern}`, bad, version(1)), 422)).to.equal(
      'INVALID',
    );
    await mine.draft({ shiftPatternId: pattern });
    expect(await codeOf(mine.admin.del(`/admin/assignment/shift-pattern/${pattern}`, version(1)), 409)).to.equal(
      'IN_USE',
    );
  });
});
