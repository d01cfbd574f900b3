import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { addCompany } from '../support/companies.ts';
import { addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';

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
          const { version } = (await app.http.get(`/angelis/admin/project/${parent.id}`).set(headers)).body as Project;
          const edited = await app.http
            .patch(`/angelis/admin/project/${parent.id}`)
            .set({ ...headers, 'if-match': `"${version}"` })
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
    await app.sealed(companyId);
    const { rows: chain } = await client.query<{ sealed: number; last: number; changes: number }>(
      `select (select count(*)::int from change_seal where company_id = $1) as sealed,
         (select max(seq)::int from change_seal where company_id = $1) as last,
         (select count(*)::int from change where company_id = $1) as changes`,
      [companyId],
    );
    expect(chain[0]!.sealed).to.equal(chain[0]!.changes);
    expect(chain[0]!.last).to.equal(chain[0]!.changes);
  });
});
