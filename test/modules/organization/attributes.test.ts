import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

interface Profile {
  readonly version: number;
  readonly attributes: object;
}

describe('attributes of a profile', () => {
  let app: TestApp;
  let admin: Client;
  let profileId: string;

  before(async () => {
    app = await startApp();
    const companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    ({ profileId } = await addPerson(app, { companyId, roles: ['worker'] }));
  });
  after(() => app.close());

  const read = async (): Promise<Profile> =>
    (await admin.get(`/admin/profile/${profileId}`).expect(200)).body as Profile;
  const set = async (attributes: object) =>
    admin.patch(`/admin/profile/${profileId}`, { attributes }, version((await read()).version));

  it('are words, numbers and flags by name', async () => {
    const attributes = { shirtSize: 'XL', bootSize: 43.5, isDriver: true };
    expect((await set(attributes)).status).to.equal(200);
    expect((await read()).attributes).to.deep.equal(attributes);
  });

  it('and nothing else: no other names, nothing within them, none too long, and not too many', async () => {
    const before = await read();
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`a${n}`, n]));
    const odd: readonly object[] = [
      { 'A b\u202E': 1 },
      { '<script>': 'x' },
      { Z: 'x' },
      { [`a${'b'.repeat(40)}`]: 'x' },
      { nested: { deep: [1] } },
      { listed: ['x'] },
      { nothing: null },
      { long: 'x'.repeat(201) },
      { Long: 'x'.repeat(900_000) },
      { turned: 'a\u202Eb' },
      many,
    ];
    for (const attributes of odd)
      expect((await set(attributes)).status, JSON.stringify(attributes).slice(0, 60)).to.equal(422);
    expect(await read()).to.deep.equal(before);
  });
});
