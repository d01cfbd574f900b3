import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
import { fileStore } from '../../../../src/platform/identity-provider/dev-issuer/store.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { cloneDatabase } from '../../../support/database.ts';
import type { TestDatabase } from '../../../support/database.ts';
import { killWhereItStands } from '../../../support/killed.ts';
import { addPerson } from '../../../support/people.ts';
import type { KilledOptions, StandStill } from './killed.child.ts';

const PASSWORD = 'grapas y caballos';
/** That of the tries that were killed. */
const LOST = 'otra cosa distinta';
const MINUTE = 60_000;

/** Who accepts in a process that is killed, and where it stands then; the last one does not try again. */
const INVITED: Readonly<Record<string, StandStill>> = {
  'made@example.cl': 'made',
  'written@example.cl': 'written',
  'gone@example.cl': 'made',
};

describe('invitations whose acceptance is killed', () => {
  const keys = `k1:${randomBytes(32).toString('base64')}`;
  const tokens = new Map<string, string>();
  let folder: string;
  let app: TestApp;

  /** One process after the other on one database, and one issuer. */
  const start = (database: TestDatabase): Promise<TestApp> => {
    const ring = parseKeyRing(keys);
    return startApp({
      database,
      background: true,
      issuer: fileStore(folder),
      replace: () => ({ keys: { data: ring, lookup: ring, signing: ring, chain: ring } }),
    });
  };

  before(async function prepare() {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'angelis-issuer-'));
    const database = await cloneDatabase();
    const first = await start({ ...database, drop: () => Promise.resolve() });
    const companyId = await addCompany(database);
    const admin = await clientOf(first, await addPerson(first, { companyId, roles: ['admin'] }));
    for (const email of Object.keys(INVITED))
      await admin.post('/admin/invitation', { email, firstName: 'Luz', lastName: 'Vera' }).expect(201);
    await first.idle();
    for (const { to, text } of first.messages.mails) tokens.set(to, /token=(\S+)/.exec(text)?.[1] ?? 'none');
    await first.close();
    const accepted = Object.entries(INVITED).map(([email, at]) => ({ token: tokens.get(email)!, at }));
    const options: KilledOptions = { accepted, password: LOST, keys, database: database.name, issuer: folder };
    await killWhereItStands(new URL('killed.child.ts', import.meta.url), options);
    app = await start(database);
  });
  after(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  const userOf = async (email: string): Promise<string | undefined> =>
    (await app.identityProvider.users.find({ email }))?.id;
  const accept = (email: string, password = PASSWORD) =>
    app.http.post('/angelis/auth/invitation/accept').send({ token: tokens.get(email), password });
  const signIn = (identifier: string, password = PASSWORD) =>
    app.http.post('/angelis/auth/sign-in').send({ identifier, password });
  const standing = async (email: string): Promise<object> =>
    (
      await app.database.sql(
        `select i.status as invitation, p.status as profile, p.person_id as linked,
           (select count(*)::int from person n where n.id = i.person_id) as persons,
           (select count(*)::int from person_company m where m.person_id = i.person_id) as places
         from invitation i join profile p on p.company_id = i.company_id and p.id = i.profile_id where i.email = $1`,
        [email],
      )
    )[0]!;

  for (const email of ['made@example.cl', 'written@example.cl'])
    it(`leave nothing half made (${email}), and are accepted again by the same link`, async () => {
      const left = await userOf(email);
      expect(left, 'the killed process had made the user').to.not.equal(undefined);
      expect(await standing(email)).to.deep.equal({
        invitation: 'pending',
        profile: 'invited',
        linked: null,
        persons: 0,
        places: 0,
      });
      await signIn(email, LOST).expect(401);
      await accept(email).expect(200);
      expect(await standing(email)).to.include({ invitation: 'accepted', profile: 'active', persons: 1, places: 1 });
      expect(await userOf(email)).to.equal(left);
      await accept(email).expect(200);
      await accept(email, LOST).expect(410);
      await signIn(email).expect(200);
      await signIn(email, LOST).expect(401);
    });

  it('and are not tried again leave no user behind, and a link that is good still', async () => {
    const email = 'gone@example.cl';
    expect(await userOf(email)).to.not.equal(undefined);
    app.clock.set(new Date(Date.now() + 16 * MINUTE));
    try {
      await app.idle();
    } finally {
      app.clock.set(undefined);
    }
    expect(await userOf(email)).to.equal(undefined);
    expect(await standing(email)).to.include({ invitation: 'pending', profile: 'invited', persons: 0 });
    // What the killed processes announced of the others found them there.
    for (const other of ['made@example.cl', 'written@example.cl']) await signIn(other).expect(200);
    await accept(email).expect(200);
    await signIn(email).expect(200);
  });
});
