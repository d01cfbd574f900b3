import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { clientOf, version } from '../support/client.ts';
import { addCompany } from '../support/companies.ts';
import { addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { DAY_SHIFT, itemsOf, openMine, rowOf } from '../support/workforce.ts';

const WRITERS = 16;
const ROUNDS = 12;

interface Project {
  id: string;
  version: number;
}

describe('16 writers on one company', () => {
  let app: TestApp;
  let people: TestPerson[];
  let companyId: string;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    people = [];
    for (let index = 0; index < WRITERS; index += 1) people.push(await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  it('never lock each other for good, lose nothing, and leave one unbroken chain', async function run() {
    this.timeout(60_000);
    const shared = await people[0]!.bearer();
    const parent = (
      await app.http
        .post('/angelis/admin/project')
        .set({ authorization: shared })
        .send({ code: 'SHARED', name: 'Shared' })
        .expect(201)
    ).body as Project;
    const outcomes = await Promise.all(
      people.map(async (person, writer) => {
        const headers = { authorization: await person.bearer() };
        const statuses: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const created = await app.http
            .post('/angelis/admin/project')
            .set({ ...headers, 'idempotency-key': uuidv7() })
            .send({ code: `W-${writer}-${round}`, name: 'Written', parentId: parent.id });
          const { id } = created.body as Project;
          const moved = await app.http
            .post(`/angelis/admin/project/${id}/activate`)
            .set({ ...headers, 'if-match': '"1"' });
          const found = (await app.http.get(`/angelis/admin/project/${parent.id}`).set(headers)).body as Project;
          const edited = await app.http
            .patch(`/angelis/admin/project/${parent.id}`)
            .set({ ...headers, ...version(found.version) })
            .send({ description: `by ${writer} in ${round}` });
          statuses.push(created.status, moved.status, edited.status);
        }
        return statuses;
      }),
    );
    const statuses = outcomes.flat();
    expect(statuses.filter((status) => ![200, 201, 412].includes(status))).to.deep.equal([]);
    expect(statuses.filter((status) => status === 201)).to.have.length(WRITERS * ROUNDS);
    const edits = WRITERS * ROUNDS - statuses.filter((status) => status === 412).length;

    const client = await app.database.superuser();
    const { rows: stats } = await client.query<{ deadlocks: string }>(
      'select deadlocks from pg_stat_database where datname = current_database()',
    );
    expect(Number(stats[0]!.deadlocks)).to.equal(0);
    const { rows: changes } = await client.query<{ created: number; moved: number; edited: number }>(
      `select count(*) filter (where action = 'project.create')::int as created,
         count(*) filter (where action = 'project.activate')::int as moved,
         count(*) filter (where action = 'project.update')::int as edited
       from change where company_id = $1`,
      [companyId],
    );
    expect(changes[0]).to.deep.equal({ created: WRITERS * ROUNDS + 1, moved: WRITERS * ROUNDS, edited: edits });
    await expectWholeChain();
  });

  it('do so over profile, license, assignment and shifts, which one move locks together', async function run() {
    this.timeout(60_000);
    const mine = await openMine(app);
    companyId = mine.companyId;
    await mine.addSubscription('SAFER', 1_000);
    const taskKindIds = [await mine.addTaskKind({ requiredTests: ['SAFER'] })];
    const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
    const workers = [await mine.addWorker(), await mine.addWorker(), await mine.addWorker()];
    const profiles = workers.map(({ profileId }) => profileId);
    const statusOf = async (call: PromiseLike<{ status: number }>): Promise<number> => (await call).status;

    /** Writers meet on the same people: who loses a race is told so, by a version, a state or an overlap. */
    const work = async (writer: number): Promise<number[]> => {
      const { admin } = mine;
      const profileId = profiles[writer % profiles.length]!;
      const project = await mine.addProject(`J-${writer}`);
      const statuses: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const { id } = await mine.draft({ profileId, projectId: project, taskKindIds, shiftPatternId });
        statuses.push(await statusOf(admin.post(`/admin/assignment/${id}/activate`, undefined, version(1))));
        const profile = (await admin.get(`/admin/profile/${profileId}`)).body as Project;
        const note = { employeeNumber: `E-${writer}-${round}` };
        statuses.push(await statusOf(admin.patch(`/admin/profile/${profileId}`, note, version(profile.version))));
        const shifts = await itemsOf(admin, `/admin/assignment/shift?assignmentId=${id}&status=planned`);
        for (const shift of shifts.slice(0, 2)) {
          const path = `/admin/assignment/shift/${shift.id}/cancel`;
          statuses.push(await statusOf(admin.post(path, { reason: 'x' }, version(shift.version))));
        }
        const now = await rowOf(admin.get(`/admin/assignment/${id}`));
        const move = now.status === 'active' ? 'end' : 'cancel';
        statuses.push(await statusOf(admin.post(`/admin/assignment/${id}/${move}`, undefined, version(now.version))));
      }
      return statuses;
    };
    const statuses = (await Promise.all(Array.from({ length: WRITERS }, (_, writer) => work(writer)))).flat();
    expect(statuses.filter((status) => ![200, 409, 412].includes(status))).to.deep.equal([]);
    expect(statuses.filter((status) => status === 200).length).to.be.greaterThan(WRITERS);

    const client = await app.database.superuser();
    const { rows } = await client.query<{ deadlocks: number; active: number; planned: number; held: number }>(
      `select (select deadlocks::int from pg_stat_database where datname = current_database()) as deadlocks,
         (select count(*)::int from work_assignment where company_id = $1 and status = 'active') as active,
         (select count(*)::int from shift where company_id = $1 and status = 'planned' and deleted_at is null) as planned,
         (select count(*)::int from license where company_id = $1 and status = 'active') as held`,
      [companyId],
    );
    expect(rows).to.deep.equal([{ deadlocks: 0, active: 0, planned: 0, held: 0 }]);
    await expectWholeChain();
  });

  /** Every change has its number, and the verifier finds no fault in the chain. */
  const expectWholeChain = async (): Promise<void> => {
    const auditor = await clientOf(app, await addPerson(app, { companyId, roles: ['auditor'] }));
    // Their first request opens a session, which is a change too; jobs may add others until the chain is walked.
    await auditor.get('/auth/me').expect(200);
    const client = await app.database.superuser();
    const { rows } = await client.query<{ changes: number }>(
      'select count(*)::int as changes from change where company_id = $1',
      [companyId],
    );
    await app.sealed(companyId);
    const report = await rowOf<{ to: number }>(auditor.get('/admin/auditLog/verify'));
    expect(report.to).to.be.at.least(rows[0]!.changes);
    expect(report).to.include({ ok: true, from: 1, checked: report.to });
  };
});
