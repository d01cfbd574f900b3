import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { itemsOf, rowOf } from '../../support/workforce.ts';

interface Child {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

const CHILDREN = '/admin/companies/current/children';

describe('the companies of a holding', () => {
  let app: TestApp;
  let holding: string;
  let below: string[];
  let admin: Client;

  before(async () => {
    app = await startApp();
    holding = await addCompany(app.database);
    below = [];
    for (const name of ['Norte', 'Centro', 'Sur']) below.push(await child(holding, name));
    await child(below[0]!, 'Norte Chico');
    await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId: holding, roles: ['admin'] }));
  });
  after(() => app.close());

  const child = async (parentId: string, name: string): Promise<string> => {
    const id = await addCompany(app.database);
    await app.database.sql('update company set parent_id = $2, name = $3 where id = $1', [id, parentId, name]);
    return id;
  };
  const namesOf = async (client: Client, query = ''): Promise<string[]> =>
    (await itemsOf<Child>(client, `${CHILDREN}${query}`)).map(({ name }) => name);

  it('are named to whoever looks after the holding, those that belong to it directly and no others', async () => {
    expect(await namesOf(admin)).to.deep.equal(['Centro', 'Norte', 'Sur']);
    expect(await namesOf(admin, '?sort=-name')).to.deep.equal(['Sur', 'Norte', 'Centro']);
    const page = await rowOf<{ items: Child[]; next: string }>(admin.get(`${CHILDREN}?limit=2`));
    expect(page.items.map(({ name }) => name)).to.deep.equal(['Centro', 'Norte']);
    expect(await namesOf(admin, `?limit=2&cursor=${encodeURIComponent(page.next)}`)).to.deep.equal(['Sur']);
    await app.database.sql(`update company set status = 'suspended' where id = $1`, [below[2]]);
    expect(await namesOf(admin, '?status=suspended')).to.deep.equal(['Sur']);
  });

  it('say who they are and how they stand; what is theirs stays theirs', async () => {
    const [centro] = await itemsOf<Child>(admin, CHILDREN);
    expect(Object.keys(centro!).toSorted()).to.deep.equal(
      ['id', 'kind', 'locale', 'name', 'slug', 'status', 'timezone'].toSorted(),
    );
    await admin.get(`/admin/companies/${below[0]}`).expect(403);
    expect((await rowOf<Child>(admin.get('/admin/companies/current'))).id).to.equal(holding);
    const { profileId } = await addPerson(app, { companyId: below[0]!, roles: [] });
    await admin.get(`/admin/profile/${profileId}`).expect(404);
    const written = await app.platform.work.write({ scope: scopeOf(holding) }, (tx) =>
      tx.query('update company set name = $2 where id = $1 returning id', [below[0], 'Mine']),
    );
    expect(written).to.deep.equal([]);
  });

  it('see neither each other nor what is above them, and one that is taken out is not seen any more', async () => {
    const theirs = await clientOf(app, await addPerson(app, { companyId: below[1]!, roles: ['owner'] }));
    expect(await namesOf(theirs)).to.deep.equal([]);
    await app.database.sql('update company set parent_id = null where id = $1', [below[1]]);
    expect(await namesOf(admin)).to.deep.equal(['Norte', 'Sur']);
  });

  it('are for whoever may read the company', async () => {
    for (const role of ['worker', 'supervisor', 'institution_admin']) {
      const client = await clientOf(app, await addPerson(app, { companyId: holding, roles: [role] }));
      await client.get(CHILDREN).expect(403);
    }
  });
});
