import { expect } from 'chai';
import fc from 'fast-check';
import { CHECK_DOMAIN } from '../../../src/modules/organization/companies/domains.lifecycle.ts';
import { hostOf } from '../../../src/modules/organization/companies/hosts.ts';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { createTxtRecords } from '../../../src/platform/dns/txt-records.ts';
import { systemScope } from '../../../src/platform/db/scope.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import type { DnsServer } from '../../support/dns-server.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';

interface Domain {
  id: string;
  version: number;
  host: string;
  status: string;
  verifiedAt: string | null;
  checkedAt: string | null;
  failingSince: string | null;
  record: { type: string; name: string; value: string };
}

interface Mine {
  companyId: string;
  owner: TestPerson;
  client: Client;
}

const DAY = 86_400_000;
const PATH = '/admin/companies/current/domain';
const OWN_HOST = 'turnos.angelis.example';
const codeOf = ({ body }: { body: unknown }): string => (body as { code: string }).code;

describe('the domain of a company', () => {
  let app: TestApp;
  let dns: DnsServer;
  let hosts = 0;
  let days = 0;

  before(async () => {
    dns = await startDnsServer();
    app = await startApp({
      txtRecords: createTxtRecords({ servers: [dns.address] }),
      replace: () => ({ publicUrl: `https://${OWN_HOST}` }),
    });
  });
  after(async () => {
    await app.close();
    await dns.close();
  });

  const newHost = (): string => `turnos${(hosts += 1)}.mina.cl`;
  const open = async (): Promise<Mine> => {
    const companyId = await addCompany(app.database);
    const owner = await addPerson(app, { companyId, roles: ['owner'] });
    return { companyId, owner, client: await clientOf(app, owner) };
  };
  const claim = async ({ client }: Mine, host = newHost()): Promise<Domain> =>
    (await client.put(PATH, { host }).expect(200)).body as Domain;
  const verify = ({ client }: Mine) => client.post(`${PATH}/verify`);
  const read = async ({ client }: Mine): Promise<Domain> => (await client.get(PATH).expect(200)).body as Domain;
  const publish = ({ record }: Domain): void => void dns.zone.set(record.name, ['v=spf1 -all', record.value]);
  /** A company whose host is proven. */
  const openVerified = async (): Promise<Mine & { domain: Domain }> => {
    const mine = await open();
    publish(await claim(mine));
    return { ...mine, domain: (await verify(mine).expect(200)).body as Domain };
  };
  const namedBy = async ({ companyId }: Mine): Promise<string | null> =>
    (
      await app.database.sql<{ custom_domain: string | null }>('select custom_domain from company where id = $1', [
        companyId,
      ])
    )[0]!.custom_domain;
  /** The look of the next day: what falls due, and its job. */
  const nextDay = async ({ companyId }: Mine, { id }: Domain): Promise<void> => {
    days += 1;
    app.clock.set(new Date(Date.now() + days * (DAY + 1_000)));
    const scope = systemScope(companyId, 'test', 'd'.repeat(32));
    await app.platform.movers.get('company_domain')!.fallDue({ scope }, id, 'recheck');
    const asked = await app.database.sql<{ payload: object }>(
      `delete from outbox where company_id = $1 and job = $2 returning payload`,
      [companyId, CHECK_DOMAIN],
    );
    const job = app.modules.flatMap(({ jobs = [] }) => jobs).find(({ name }) => name === CHECK_DOMAIN)!;
    try {
      for (const { payload } of asked)
        await (job as unknown as { run: (payload: object, context: object) => Promise<void> }).run(payload, { scope });
    } finally {
      // Tokens live for five minutes.
      app.clock.set(undefined);
    }
  };
  const told = async ({ owner }: Mine): Promise<string[]> =>
    (
      await app.database.sql<{ text: string }>('select text from notification where profile_id = $1 order by id', [
        owner.profileId,
      ])
    ).map(({ text }) => text);

  it('is proven by a text in its DNS, and then names the company before anybody signed in', async () => {
    const mine = await open();
    const { client } = mine;
    await client.get(PATH).expect(404);
    await verify(mine).expect(404);
    const claimed = await claim(mine, 'Turnos.Mina-Ñandú.CL.');
    expect(claimed).to.include({ host: 'turnos.xn--mina-and-h3a7g.cl', status: 'claimed', verifiedAt: null });
    expect(claimed.record).to.include({ type: 'TXT', name: `_angelis.${claimed.host}` });
    expect(await claim(mine, claimed.host)).to.deep.equal(claimed);
    const show = () => app.http.get('/angelis/appconfig').set('host', claimed.host);
    for (const texts of [undefined, [], ['angelis-domain='], [`${claimed.record.value}x`]] as const) {
      if (texts !== undefined) dns.zone.set(claimed.record.name, texts);
      const refused = await verify(mine).expect(409);
      expect(codeOf(refused)).to.equal('DOMAIN_NOT_PROVEN');
      expect((refused.body as { detail: string }).detail).to.include(claimed.record.name);
    }
    dns.zone.set(claimed.record.name, 2);
    expect(codeOf(await verify(mine).expect(503))).to.equal('DNS_UNAVAILABLE');
    expect([await namedBy(mine), (await show()).status]).to.deep.equal([null, 404]);

    publish(claimed);
    const proven = (await verify(mine).expect(200)).body as Domain;
    expect(proven).to.include({ status: 'verified', failingSince: null });
    expect([proven.verifiedAt, proven.checkedAt]).to.not.include(null);
    expect(await namedBy(mine)).to.equal(claimed.host);
    const shown = await show().expect(200);
    expect((shown.body as { company: { slug: string } }).company.slug).to.equal(`c-${mine.companyId.slice(-12)}`);
    await client.get(PATH, { host: claimed.host }).expect(200);
    const stranger = await clientOf(
      app,
      await addPerson(app, { companyId: (await open()).companyId, roles: ['owner'] }),
    );
    expect(codeOf(await stranger.get('/auth/me', { host: claimed.host }).expect(403))).to.equal('OTHER_COMPANY');

    await client.del(PATH, version(1)).expect(412);
    await client.del(PATH, version(proven.version)).expect(204);
    await client.get(PATH).expect(404);
    expect([await namedBy(mine), (await show()).status]).to.deep.equal([null, 404]);
  });

  it('is a host that can be one, and of those who run the company', async () => {
    const { client, companyId } = await open();
    for (const host of [
      'mina',
      '10.0.0.1',
      '1.2.3.4.',
      'mina.cl:8443',
      'https://mina.cl',
      'mina.cl/x',
      '-a.cl',
      'a_b.cl',
      'a..cl',
      '*.cl',
      '::1',
      ' ',
    ])
      expect((await client.put(PATH, { host }).expect(422)).body, host).to.have.nested.property(
        'errors[0].code',
        'HOST',
      );
    for (const host of [OWN_HOST, `mina.${OWN_HOST}`, `Otra.Mina.${OWN_HOST}.`])
      expect((await client.put(PATH, { host }).expect(422)).body, host).to.have.nested.property(
        'errors[0].code',
        'HOST_OF_SERVICE',
      );
    expect(hostOf('[::1]')).to.equal(undefined);
    expect(hostOf(`${'a'.repeat(60)}.`.repeat(4) + 'cl')).to.equal(undefined);
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    await admin.put(PATH, { host: newHost() }).expect(200);
    for (const role of ['auditor', 'worker']) {
      const other = await clientOf(app, await addPerson(app, { companyId, roles: [role] }));
      await other.put(PATH, { host: newHost() }).expect(403);
      await other.post(`${PATH}/verify`).expect(403);
    }
    const staff = await clientOf(app, await addStaff(app, 'superadmin'));
    await staff.put(PATH, { host: newHost() }).expect(404);
  });

  it('is of one company only: of who proves it first', async () => {
    const { domain, ...first } = await openVerified();
    const second = await open();
    const theirs = await claim(second, domain.host);
    expect(theirs.record.value).to.not.equal(domain.record.value);
    dns.zone.set(domain.record.name, [domain.record.value, theirs.record.value]);
    expect(codeOf(await verify(second).expect(409))).to.equal('DOMAIN_TAKEN');
    expect((await read(second)).status).to.equal('claimed');
    await claim(first);
    await verify(second).expect(200);
    expect([await namedBy(first), await namedBy(second)]).to.deep.equal([null, domain.host]);
  });

  it('lets its pages read answers, without cookies, for its own company only', async () => {
    const { domain, ...mine } = await openVerified();
    const other = await open();
    const origin = `https://${domain.host}`;
    const from = (value: string) => ({ origin: value, 'access-control-request-method': 'GET' });
    const asked = await app.http.options('/angelis/auth/me').set(from(origin)).expect(204);
    expect(asked.headers['access-control-allow-origin']).to.equal(origin);
    expect(asked.headers).to.not.have.property('access-control-allow-credentials');
    expect(asked.headers['vary']).to.include('Origin');
    for (const no of [
      `http://${domain.host}`,
      `${origin}:8443`,
      `https://x.${domain.host}`,
      'https://evil.example',
      'null',
    ]) {
      const refused = await app.http.options('/angelis/auth/me').set(from(no)).expect(204);
      expect(refused.headers, no).to.not.have.property('access-control-allow-origin');
    }
    await mine.client.get('/auth/me', { origin }).expect(200);
    const refused = await other.client.get('/auth/me', { origin }).expect(403);
    expect([codeOf(refused), refused.headers['access-control-allow-origin']]).to.deep.equal(['OTHER_COMPANY', origin]);
    const shown = await app.http.get('/angelis/appconfig').set({ origin }).expect(200);
    expect((shown.body as { company: { slug: string } }).company.slug).to.equal(`c-${mine.companyId.slice(-12)}`);
    const theirs = (await openVerified()).domain;
    const both = { origin, host: theirs.host };
    expect(codeOf(await app.http.get('/angelis/appconfig').set(both).expect(400))).to.equal('COMPANY_HINTS_DIFFER');
  });

  it('is looked up each day, and names the company no more once its record was missing for three', async () => {
    const { domain, ...mine } = await openVerified();
    const origin = `https://${domain.host}`;
    await nextDay(mine, domain);
    expect(await read(mine)).to.include({ status: 'verified', failingSince: null, verifiedAt: domain.verifiedAt });
    // A server that fails says nothing about the record.
    dns.zone.set(domain.record.name, 2);
    const failed = await nextDay(mine, domain).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).to.include({ status: 503, code: 'DNS_UNAVAILABLE' });
    expect((await read(mine)).failingSince).to.equal(null);
    dns.zone.delete(domain.record.name);
    for (let day = 1; day <= 3; day += 1) {
      await nextDay(mine, domain);
      expect((await read(mine)).status).to.equal('verified');
      expect(await namedBy(mine)).to.equal(domain.host);
    }
    expect(await told(mine)).to.deep.equal(['domain_failing']);
    await nextDay(mine, domain);
    expect(await read(mine)).to.include({ status: 'lapsed', verifiedAt: null });
    expect(await told(mine)).to.deep.equal(['domain_failing', 'domain_lapsed']);
    expect(await namedBy(mine)).to.equal(null);
    // Sessions go on elsewhere; at the host that was lost nobody is let in, and no page there reads anything.
    await mine.client.get('/auth/me').expect(200);
    await mine.client.get('/auth/me', { host: domain.host }).expect(403);
    const preflight = await app.http.options('/angelis/auth/me').set({ origin });
    expect(preflight.headers).to.not.have.property('access-control-allow-origin');
    publish(domain);
    expect((await verify(mine).expect(200)).body).to.include({ status: 'verified', failingSince: null });
    expect(await namedBy(mine)).to.equal(domain.host);
  });

  it('goes with a company that is archived, for others to prove', async () => {
    const { domain, ...mine } = await openVerified();
    await app.database.sql(`update company set status = 'archived', custom_domain = null where id = $1`, [
      mine.companyId,
    ]);
    await nextDay(mine, domain);
    const [row] = await app.database.sql('select status from company_domain where company_id = $1', [mine.companyId]);
    expect(row).to.deep.equal({ status: 'lapsed' });
    expect(await told(mine)).to.deep.equal([]);
  });

  it('names its company exactly while it is verified, whatever happens', async function run() {
    this.timeout(60_000);
    const step = fc.constantFrom('publish', 'withdraw', 'verify', 'day', 'day', 'claim');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), async (steps) => {
        const mine = await open();
        let domain = await claim(mine);
        let [status, missing, isThere] = ['claimed', -1, false];
        for (const name of steps) {
          if (name === 'publish') publish(domain);
          if (name === 'withdraw') dns.zone.delete(domain.record.name);
          if (name === 'claim') domain = await claim(mine);
          isThere = dns.zone.has(domain.record.name);
          if (name === 'claim') [status, missing] = ['claimed', -1];
          if (name === 'verify') {
            await verify(mine).expect(isThere ? 200 : 409);
            if (isThere) [status, missing] = ['verified', -1];
          }
          if (name === 'day') {
            await nextDay(mine, domain);
            if (status === 'verified') missing = isThere ? -1 : missing + 1;
            if (missing === 3) [status, missing] = ['lapsed', -1];
          }
          const now = await read(mine);
          expect(now.status, name).to.equal(status);
          if (status === 'verified') expect(now.failingSince !== null, name).to.equal(missing >= 0);
          expect(await namedBy(mine), name).to.equal(status === 'verified' ? domain.host : null);
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe('tries to prove the domain of a company', () => {
  it('are so many for all its people and hosts together; what is refused asks nothing of DNS', async () => {
    const asked: string[] = [];
    const app = await startApp({
      limits: { ...LIMITS, lookup: { points: 3, per: 600 } },
      txtRecords: (name) => {
        asked.push(name);
        return Promise.resolve([]);
      },
    });
    try {
      const clientIn = async (companyId: string, role: string): Promise<Client> =>
        clientOf(app, await addPerson(app, { companyId, roles: [role] }));
      const [mine, theirs] = [await addCompany(app.database), await addCompany(app.database)];
      const [owner, admin, other] = [
        await clientIn(mine, 'owner'),
        await clientIn(mine, 'admin'),
        await clientIn(theirs, 'owner'),
      ];
      const verify = async (by: Client): Promise<string> => codeOf(await by.post(`${PATH}/verify`));
      await owner.put(PATH, { host: 'uno.mina.cl' }).expect(200);
      await other.put(PATH, { host: 'dos.mina.cl' }).expect(200);
      expect([await verify(owner), await verify(admin)]).to.deep.equal(['DOMAIN_NOT_PROVEN', 'DOMAIN_NOT_PROVEN']);
      await admin.put(PATH, { host: 'tres.mina.cl' }).expect(200);
      expect([await verify(admin), await verify(owner)]).to.deep.equal(['DOMAIN_NOT_PROVEN', 'TOO_MANY_REQUESTS']);
      const refused = await admin.post(`${PATH}/verify`).expect(429);
      expect(Number(refused.get('retry-after'))).to.be.within(1, 600);
      expect(await verify(other)).to.equal('DOMAIN_NOT_PROVEN');
      expect(asked).to.deep.equal([
        '_angelis.uno.mina.cl',
        '_angelis.uno.mina.cl',
        '_angelis.tres.mina.cl',
        '_angelis.dos.mina.cl',
      ]);
    } finally {
      await app.close();
    }
  });
});
