import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { itemsOf, openMine, rowOf, tick } from '../../support/workforce.ts';
import type { Mine } from '../../support/workforce.ts';

interface Counted {
  readonly feature: string;
  readonly startsOn: string | null;
  readonly used: number | null;
  readonly quota: number | null;
  readonly companyUsed: number | null;
  readonly companyQuota: number | null;
}

const FORGET = 'organization.feature-use.trim';
/** Three in the morning of the first of February in Santiago, which is then three hours behind. */
const NOW = '2027-02-01T06:00:00.000Z';

describe('quotas of features', function quotas() {
  this.timeout(60_000);
  let app: TestApp;
  let mine: Mine;
  let staff: Client;
  let made = 0;

  before(async () => {
    app = await startApp();
    staff = await clientOf(app, await addStaff(app));
  });
  after(() => app.close());
  beforeEach(async () => {
    app.clock.set(new Date(NOW));
    mine = await openMine(app);
    staff = await clientOf(app, await addStaff(app));
  });

  const make = async (quota?: number): Promise<string> => {
    made += 1;
    const code = `counted_${made}`;
    const names = { es: code, en: code, fr: code };
    const body = { code, names, type: 'permission', onByDefault: false, unit: 'second', period: 'month' };
    await rowOf(staff.post('/admin/feature', body), 201);
    const planned = { plan: 'standard', feature: code, byGrant: false, ...(quota !== undefined && { quota }) };
    await rowOf(staff.post('/admin/feature/plan-feature', planned), 201);
    return code;
  };
  const give = (feature: string, profileId: string, quota: number) => {
    const body = { feature, profileId, quota, effect: 'allow', reason: 'Needed' };
    return rowOf(mine.admin.post('/admin/feature/grant', body), 201);
  };
  /** What a module is answered: `ok`, or the code of why not. */
  const take = (feature: string, amount = 1, profileId = mine.people.worker.profileId): Promise<string> =>
    app.platform.work
      .write({ scope: scopeOf(mine.companyId, profileId) }, (tx) => app.features.take(tx, profileId, feature, amount))
      .then(
        () => 'ok',
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      );
  const counted = async (feature: string, by = mine.worker): Promise<Counted> => {
    const items = await itemsOf<Counted>(by, '/auth/me/features');
    return items.find((item) => item.feature === feature)!;
  };
  const told = async (feature: string): Promise<string[]> => {
    const rows = await app.database.sql<{ id: string; text: string; percent: number }>(
      `select profile_id as id, text, params -> 'percent' as percent from notification
       where company_id = $1 and params ->> 'feature' = $2`,
      [mine.companyId, feature],
    );
    const { worker, admin } = mine.people;
    const whom = new Map([
      [worker.profileId, 'worker'],
      [admin.profileId, 'admin'],
    ]);
    return rows.map(({ id, text, percent }) => `${whom.get(id)} ${text} ${percent}`).toSorted();
  };

  it('of twenty who take at once five have it where five are left, one’s own or the company’s', async () => {
    const [own, whole] = [await make(), await make(5)];
    await give(own, mine.people.worker.profileId, 5);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => take(own)));
    const others = await Promise.all(Array.from({ length: 20 }, () => mine.addWorker()));
    const together = await Promise.all(others.map(({ profileId }) => take(whole, 1, profileId)));
    for (const answers of [outcomes, together])
      expect(answers.toSorted()).to.deep.equal([
        ...Array<string>(15).fill('FEATURE_QUOTA'),
        ...Array<string>(5).fill('ok'),
      ]);
    expect(await counted(own)).to.include({ used: 5, quota: 5, companyUsed: 5, companyQuota: null });
    expect(await counted(whole)).to.include({ used: 0, quota: null, companyUsed: 5, companyQuota: 5 });
  });

  it('are taken from whole or not at all, the company’s with the person’s', async () => {
    const code = await make(10);
    await give(code, mine.people.worker.profileId, 4);
    expect(await take(code, 5)).to.equal('FEATURE_QUOTA');
    expect(await counted(code)).to.include({ used: 0, companyUsed: 0 });
    expect(await take(code, 4)).to.equal('ok');
    expect(await take(code, 7, mine.people.manager.profileId)).to.equal('FEATURE_QUOTA');
    expect(await take(code, 6, mine.people.manager.profileId)).to.equal('ok');
    expect(await counted(code)).to.include({ used: 4, quota: 4, companyUsed: 10, companyQuota: 10 });
    const company = await itemsOf<Counted>(mine.admin, '/admin/feature/company');
    expect(company.find(({ feature }) => feature === code)).to.include({ companyUsed: 10, companyQuota: 10 });
  });

  it('do not begin anew with a grant that is taken back and given again', async () => {
    const code = await make();
    const { profileId } = mine.people.worker;
    const grant = await give(code, profileId, 2);
    expect(await take(code, 2)).to.equal('ok');
    const gone = { reason: 'Again' };
    await rowOf(mine.admin.post(`/admin/feature/grant/${grant.id}/revoke`, gone, version(grant.version)));
    await give(code, profileId, 3);
    expect(await take(code, 2)).to.equal('FEATURE_QUOTA');
    expect(await take(code, 1)).to.equal('ok');
  });

  it('begin anew with the month of the company’s zone', async () => {
    const code = await make(1);
    await mine.at('2027-02-01T02:59:59Z');
    expect(await take(code)).to.equal('ok');
    expect(await counted(code)).to.include({ startsOn: '2027-01-01', used: 1 });
    await mine.at('2027-02-01T03:00:00Z');
    expect(await counted(code)).to.include({ startsOn: '2027-02-01', used: 0, companyUsed: 0 });
    expect(await take(code)).to.equal('ok');
    expect(await take(code)).to.equal('FEATURE_QUOTA');
  });

  it('are told of at four fifths and at their end, once each: to who has them, the company’s to its admins', async () => {
    const code = await make(10);
    await give(code, mine.people.worker.profileId, 5);
    await take(code, 3);
    expect(await told(code)).to.deep.equal([]);
    await take(code);
    expect(await told(code)).to.deep.equal(['worker feature_quota 80']);
    await take(code);
    expect(await take(code)).to.equal('FEATURE_QUOTA');
    expect(await told(code)).to.deep.equal(['worker feature_quota 100', 'worker feature_quota 80']);
    const { profileId } = mine.people.manager;
    await take(code, 3, profileId);
    expect((await told(code))[0]).to.equal('admin feature_quota_company 80');
    await mine.at('2027-02-20T12:00:00Z');
    await take(code, 1, profileId);
    expect(await told(code)).to.have.length(3);
    await take(code, 1, profileId);
    expect((await told(code))[0]).to.equal('admin feature_quota_company 100');
  });

  it('are asked of features that somebody has, in whole units', async () => {
    const code = await make();
    const { profileId } = mine.people.worker;
    const body = { feature: code, profileId, effect: 'deny', reason: 'Not now' };
    const { id, version: at } = await rowOf(mine.admin.post('/admin/feature/grant', body), 201);
    expect(await take(code)).to.equal('FEATURE_OFF');
    await rowOf(mine.admin.post(`/admin/feature/grant/${id}/revoke`, { reason: 'Now' }, version(at)));
    expect(await take(code)).to.equal('ok');
    expect(await take('nothing')).to.equal('FEATURE_OFF');
    for (const amount of [0, -1, 1.5]) expect(await take(code, amount)).to.include('RangeError');
    expect(await counted(code)).to.include({ used: 1 });
  });

  it('are counted for a person until they are erased, who is given the counts with all else', async () => {
    const code = await make();
    const leaver = await addPerson(app, { companyId: mine.companyId, roles: ['member'] });
    await give(code, leaver.profileId, 9);
    await take(code, 7, leaver.profileId);
    const { body } = await (await clientOf(app, leaver)).get('/privacy/export').expect(200);
    expect(JSON.stringify(body)).to.include('"used":7').and.to.include('Needed');
    const move = async (name: string) => {
      const { version: at } = await rowOf(mine.admin.get(`/admin/profile/${leaver.profileId}`));
      await rowOf(mine.admin.post(`/admin/profile/${leaver.profileId}/${name}`, { reason: 'Left' }, version(at)));
    };
    await move('end');
    await move('erase');
    const left = await app.database.sql('select holder_id as holder, used::int from usage_counter where feature = $1', [
      code,
    ]);
    expect(left).to.deep.equal([{ holder: mine.companyId, used: 7 }]);
    const [grant] = await itemsOf<{ reason: string }>(mine.admin, `/admin/feature/grant?feature=${code}`);
    expect(grant!.reason).to.equal('–');
  });

  it('are counted for as long as anybody asks, and forgotten once they are long past, also where the company is suspended', async () => {
    const feature = await make(100);
    const used = async (): Promise<string[]> =>
      (
        await app.database.sql<{ day: string; used: string }>(
          `select starts_on::text as day, used from usage_counter
           where company_id = $1 and feature = $2 and holder_id = $1 order by 1`,
          [mine.companyId, feature],
        )
      ).map(({ day, used: units }) => `${day} ${units}`);
    expect(await take(feature, 7)).to.equal('ok');
    await mine.at('2028-02-15T06:00:00.000Z');
    expect(await take(feature, 3)).to.equal('ok');
    expect(await used()).to.deep.equal(['2027-02-01 7', '2028-02-01 3']);
    await app.database.sql(`update company set status = 'suspended' where id = $1`, [mine.companyId]);
    const found = app.modules.flatMap(({ ticks = [] }) => ticks).find(({ name }) => name === FORGET)!;
    expect([found.every, found.for]).to.deep.equal([86_400, 'each-company']);
    await tick(app, mine.companyId, FORGET);
    expect(await used()).to.deep.equal(['2027-02-01 7', '2028-02-01 3']);
    app.clock.set(new Date('2028-03-09T06:00:00.000Z'));
    await tick(app, mine.companyId, FORGET);
    expect(await used()).to.deep.equal(['2028-02-01 3']);
  });
});
