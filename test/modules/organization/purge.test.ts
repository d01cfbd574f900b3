import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PURGE_COMPANY } from '../../../src/modules/organization/companies/companies.lifecycle.ts';
import { createVerifier } from '../../../src/platform/change/verifier.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../src/platform/db/scope.ts';
import { companyKey } from '../../../src/platform/storage/company-files.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import type { KilledPurge } from './purge.child.ts';

const DAY = 86_400_000;
const TRACE = 'f'.repeat(32);
const reason = { reason: 'unpaid' };

interface Company {
  status: string;
  version: number;
  purgeAt: string | null;
  slug: string;
  contacts: object[];
}

describe('the purge of a company', () => {
  let app: TestApp;
  let staff: Client;

  before(async () => {
    app = await startApp();
    staff = await clientOf(app, await addStaff(app, 'superadmin'));
  });
  after(() => app.close());

  const scope = systemScope(OPERATOR_COMPANY, 'test', TRACE);
  const at = async (days: number, work: () => Promise<unknown>): Promise<void> => {
    app.clock.set(new Date(Date.now() + days * DAY));
    try {
      await work();
    } finally {
      // Tokens live for five minutes.
      app.clock.set(undefined);
    }
  };
  const read = async (id: string): Promise<Company> =>
    (await staff.get(`/admin/companies/${id}`).expect(200)).body as Company;
  const fallDue = (id: string, move: string) => app.platform.movers.get('company')!.fallDue({ scope }, id, move);
  /** Runs what was asked for since. Answers how often that was. */
  const runPurges = async (companyId: string): Promise<number> => {
    const asked = await app.database.sql<{ payload: object }>(
      `delete from outbox where job = $1 and payload ->> 'companyId' = $2 returning payload`,
      [PURGE_COMPANY, companyId],
    );
    const job = app.modules.flatMap(({ jobs = [] }) => jobs).find(({ name }) => name === PURGE_COMPANY)!;
    const { run } = job as unknown as { run: (payload: object, context: object) => Promise<void> };
    for (const { payload } of asked) await run(payload, { scope, signal: new AbortController().signal });
    return asked.length;
  };
  const put = (key: string) =>
    app.platform.files.put(key, Readable.from(['x']), { contentType: 'text/csv', maxBytes: 9 });
  const filesLeft = async (companyId: string): Promise<string[]> => {
    const all = await Array.fromAsync(app.platform.files.list(''), ({ key }) => key);
    return all.filter((key) => key.includes(companyId));
  };
  /** Rows of a company by table, where there are any. */
  const rowsLeft = async (companyId: string): Promise<Record<string, number>> => {
    const tables = await app.database.sql<{ name: string }>(
      `select distinct tablename as name from pg_policies where policyname = tablename || '_company' or policyname = tablename || '_purge' order by 1`,
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await app.database.sql<{ n: number }>(
        `select count(*)::int as n from ${name} where company_id = $1`,
        [companyId],
      );
      if (row!.n > 0) counts[name] = row!.n;
    }
    return counts;
  };
  /** Keys that seal what the operator's log says of a company. */
  const sealedOf = async (companyId: string): Promise<number> =>
    (
      await app.database.sql('select from data_key where company_id = $1 and subject_id = $2', [
        OPERATOR_COMPANY,
        companyId,
      ])
    ).length;
  const stateOf = async ({ personId }: TestPerson): Promise<string> =>
    (await app.database.sql<{ status: string }>('select status from person where id = $1', [personId]))[0]!.status;
  const isKnown = async ({ personId }: TestPerson): Promise<boolean> =>
    (await app.identityProvider.users.find({ username: `u-${personId}` })) !== undefined;
  const archived = async (): Promise<string> => {
    const companyId = await addCompany(app.database);
    await staff
      .post(`/admin/companies/${companyId}/suspend`, { ...reason, archiveAfterDays: 1 }, version(1))
      .expect(200);
    await at(2, () => fallDue(companyId, 'archive'));
    return companyId;
  };

  it('comes so many days after the archive as the company has set, 90 unless it has; never too soon', async () => {
    const purgeDay = async (days?: number): Promise<number> => {
      const companyId = await addCompany(app.database);
      const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
      const set = (purgeAfterDays: unknown) =>
        owner.put('/admin/appconfig/organization.closing', { value: { purgeAfterDays } }, version(0));
      for (const wrong of [29, 3_651, 0, -1, 90.5, null]) await set(wrong).expect(422);
      if (days !== undefined) await set(days).expect(200);
      const kept = (await owner.get('/privacy/retention').expect(200)).body as {
        items: { kind: string; seconds: number }[];
      };
      expect(kept.items.find(({ kind }) => kind === 'archived_company')?.seconds).to.equal((days ?? 90) * 86_400);
      await staff.post(`/admin/companies/${companyId}/suspend`, reason, version(1)).expect(200);
      const from = Date.now() + 31 * DAY;
      await at(31, () => fallDue(companyId, 'archive'));
      return Math.round((Date.parse((await read(companyId)).purgeAt!) - from) / DAY);
    };
    expect([await purgeDay(), await purgeDay(30), await purgeDay(3_650)]).to.deep.equal([90, 30, 3_650]);
  });

  it('takes people with no other company, files, realm entries and rows, and leaves name and chain', async () => {
    const [companyId, elsewhere] = [await addCompany(app.database), await addCompany(app.database)];
    const owner = await addPerson(app, { companyId, roles: ['owner'] });
    const both = await addPerson(app, { companyId, roles: ['worker'] });
    const there = await addPerson(app, { companyId: elsewhere, roles: ['owner'], person: both });
    const olga = await addStaff(app, 'support');
    const [{ keycloakId }] = (await app.database.sql<{ keycloakId: string }>(
      'select keycloak_id as "keycloakId" from person where id = $1',
      [olga.personId],
    )) as [{ keycloakId: string }];
    const ofStaff = await addPerson(app, { companyId, roles: ['worker'], person: { ...olga, keycloakId } });
    const client = await clientOf(app, owner);
    const site = { code: 'S', name: 'Rajo', timezone: 'Etc/UTC', altitudeM: 0 };
    const { id: siteId } = (await client.post('/admin/site', site).expect(201)).body as { id: string };
    await client.post('/admin/site', { ...site, code: 'T', parentId: siteId }).expect(201);
    await client.post('/admin/department', { code: 'D', name: 'D', managerId: owner.profileId }).expect(201);
    const machine = { name: 'Pasarela', scopes: ['workforce:project:read'] };
    const made = await client.post('/admin/api-client', machine).expect(201);
    const { clientId } = made.body as { clientId: string };
    await client
      .patch(
        '/admin/companies/current',
        { contacts: [{ name: 'Eva', role: null, email: null, phone: null }] },
        version(1),
      )
      .expect(200);
    await staff.patch(`/admin/companies/${companyId}`, { contacts: [] }, version(2)).expect(200);
    for (const folder of ['batch', 'exports', 'photos'] as const) {
      await put(companyKey(folder, companyId, 'a/b.csv'));
      await put(companyKey(folder, elsewhere, 'a/b.csv'));
    }
    const before = await rowsLeft(elsewhere);
    await staff
      .post(`/admin/companies/${companyId}/suspend`, { ...reason, archiveAfterDays: 1 }, version(3))
      .expect(200);
    expect(await sealedOf(companyId)).to.equal(1);
    await at(2, () => fallDue(companyId, 'archive'));
    await client.get('/admin/site').expect(401);
    await at(91, async () => {
      await fallDue(companyId, 'begin_purge');
      expect(await runPurges(companyId)).to.equal(0);
    });

    // What must be known still is not purged; the next day it is looked at again.
    await app.database.sql(
      `insert into legal_hold (company_id, id, profile_id, reason, status, created_at, updated_at)
       values ($1, gen_random_uuid(), $2, 'court', 'standing', $3, $3)`,
      [companyId, owner.profileId, new Date()],
    );
    await at(93, async () => {
      await fallDue(companyId, 'begin_purge');
      expect(await runPurges(companyId)).to.equal(1);
    });
    expect((await read(companyId)).status).to.equal('archived');
    expect([await stateOf(owner), (await filesLeft(companyId)).length]).to.deep.equal(['active', 3]);
    await app.database.sql(`update legal_hold set status = 'lifted', lifted_at = $2 where company_id = $1`, [
      companyId,
      new Date(),
    ]);
    await at(94.1, async () => {
      await fallDue(companyId, 'begin_purge');
      expect(await runPurges(companyId)).to.equal(1);
    });

    const { status, purgeAt, contacts, slug } = await read(companyId);
    expect({ status, purgeAt, contacts, slug }).to.deep.equal({
      status: 'purged',
      purgeAt: null,
      contacts: [],
      slug: `c-${companyId.slice(-12)}`,
    });
    await app.identity.alignment.align(owner.personId, TRACE);
    expect([await stateOf(owner), await stateOf(both), await stateOf(ofStaff)]).to.deep.equal([
      'erased',
      'active',
      'active',
    ]);
    expect([await isKnown(owner), await isKnown(both)]).to.deep.equal([false, true]);
    expect(await filesLeft(companyId)).to.deep.equal([]);
    expect(await filesLeft(elsewhere)).to.have.length(3);
    const clients = await app.identityProvider.machineClients.list();
    expect(clients.map((each) => each.clientId)).to.not.include(clientId);
    await app.sealed(companyId);
    expect(Object.keys(await rowsLeft(companyId))).to.deep.equal(['change', 'change_head', 'change_seal']);
    expect(await rowsLeft(elsewhere)).to.deep.equal(before);
    await (await clientOf(app, there)).get('/admin/site').expect(200);

    const verifier = createVerifier({
      keyRing: app.platform.keys.chain,
      store: { put: () => Promise.resolve(), get: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
      now: app.clock.now,
    });
    const report = await app.platform.db.read(systemScope(companyId, 'test', TRACE), (reader) =>
      verifier.verify(reader),
    );
    expect(report.faults).to.deep.equal([]);
    const [last] = await app.database.sql<{ action: string }>(
      `select c.action from change_seal s join change c on c.company_id = s.company_id and c.id = s.change_id
       where s.company_id = $1 order by s.seq desc limit 1`,
      [companyId],
    );
    expect(last).to.deep.equal({ action: 'company.purge' });
    const staffLog = await app.database.sql<{ action: string }>(
      `select action from change where company_id = $1 and entity_id = $2 order by written`,
      [OPERATOR_COMPANY, companyId],
    );
    // What it sealed of whom to call there opens no more.
    expect(await sealedOf(companyId)).to.equal(0);
    expect(staffLog.slice(-5).map(({ action }) => action)).to.deep.equal([
      'company.purge_people',
      'company.purge_files',
      'company.purge_realm',
      'company.purge_rows',
      'company.purge',
    ]);
    await at(200, () => fallDue(companyId, 'begin_purge'));
    expect(await runPurges(companyId)).to.equal(0);
  });

  for (const place of ['files', 'rows'] satisfies KilledPurge['at'][])
    it(`goes on where it was after its process was killed among ${place}`, async () => {
      const companyId = await archived();
      for (const n of [1, 2, 3, 4, 5, 6]) {
        await put(companyKey('photos', companyId, `${n}.jpg`));
        await app.database.sql(
          `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at)
           values ($1, gen_random_uuid(), '/', 1, $2, $2, 'Etc/UTC', $3, $3)`,
          [companyId, `S-${n}`, new Date()],
        );
      }
      const owner = await addPerson(app, { companyId, roles: ['owner'] });
      const options: KilledPurge = {
        at: place,
        companyId,
        app: app.database.url('app'),
        system: app.database.url('system'),
        folder: app.folder,
      };
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL('purge.child.ts', import.meta.url)), JSON.stringify(options)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const gone = once(child, 'exit');
      const stands = await Promise.race([once(child.stdout, 'data'), sleep(40_000, undefined, { ref: false })]);
      child.kill('SIGKILL');
      await gone;
      expect(stands, 'it came as far as that').to.not.equal(undefined);
      const [row] = await app.database.sql('select status, purge_step from company where id = $1', [companyId]);
      expect(row).to.deep.equal({ status: 'archived', purge_step: place });
      expect(await filesLeft(companyId)).to.have.length(place === 'files' ? 3 : 0);
      expect(Object.keys(await rowsLeft(companyId))).to.include('site');
      await at(93, async () => {
        await fallDue(companyId, 'begin_purge');
        expect(await runPurges(companyId)).to.equal(1);
      });
      expect((await read(companyId)).status).to.equal('purged');
      expect(await filesLeft(companyId)).to.deep.equal([]);
      await app.sealed(companyId);
      expect(Object.keys(await rowsLeft(companyId))).to.deep.equal(['change', 'change_head', 'change_seal']);
      // The child had no people to ask: their step was over.
      expect(await stateOf(owner)).to.equal('active');
    }).timeout(60_000);
});
