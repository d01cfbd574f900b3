import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

const GRANT_ABOVE_OWN = 'GRANT_ABOVE_OWN';

describe('whoever says who reports to whom', () => {
  let app: TestApp;
  let companyId: string;
  let boss: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const person = (...roles: string[]): Promise<TestPerson> => addPerson(app, { companyId, roles });
  const report = (by: Client, { profileId }: TestPerson, superior: TestPerson | null) =>
    by.put(`/admin/profile/${profileId}/superior`, { superiorId: superior?.profileId ?? null });

  it('lets nobody report to themselves over whom they would hold more by it', async () => {
    const both = await person('admin', 'supervisor');
    const client = await clientOf(app, both);
    const worker = await person('worker');
    expect(await codeOf(report(client, worker, both), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(report(boss, worker, both));
    await rowOf(report(client, worker, both));
    const plain = await person('admin');
    await rowOf(report(await clientOf(app, plain), await person('worker'), plain));
  });

  it('nor to those below themselves, with all who come along', async () => {
    const both = await person('admin', 'manager');
    const client = await clientOf(app, both);
    const [first, second, foreign, worker] = [
      await person('supervisor'),
      await person('supervisor'),
      await person('supervisor'),
      await person('worker'),
    ];
    for (const below of [first, second]) await addReportingLine(app, both, below);
    await addReportingLine(app, foreign, worker);
    for (const one of [foreign, worker])
      expect(await codeOf(report(client, one, first), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(report(boss, worker, first));
    for (const superior of [second, both, null]) await rowOf(report(client, worker, superior));
  });

  /** Somebody who changes and ends profiles, a superior below, and a worker: who leaves in between lifts the worker up. */
  const between = async () => {
    const both = await person('admin', 'supervisor');
    const [middle, worker] = [await person('worker'), await person('worker')];
    await addReportingLine(app, both, middle);
    return { both, client: await clientOf(app, both), middle, worker };
  };
  const versionOf = async ({ profileId }: TestPerson) =>
    version((await rowOf(boss.get(`/admin/profile/${profileId}`))).version);
  const move = async (by: Client, of: TestPerson, name: string) =>
    by.post(`/admin/profile/${of.profileId}/${name}`, { reason: 'test' }, await versionOf(of));
  const bound = async (by: Client, of: TestPerson, expiresAt: string | null) =>
    by.patch(`/admin/profile/${of.profileId}`, { expiresAt }, await versionOf(of));
  const inDays = (days: number): string => new Date(app.clock.now().getTime() + days * 86_400_000).toISOString();

  it('nor by way of somebody whom they end or erase', async () => {
    const { client, middle, worker } = await between();
    await rowOf(report(client, worker, middle));
    expect(await codeOf(move(client, middle, 'end'), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(move(boss, middle, 'suspend'));
    expect(await codeOf(move(client, middle, 'erase'), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(report(boss, worker, null));
    await rowOf(move(client, middle, 'erase'));
  });

  it('nor by way of somebody whose end they set', async () => {
    const { client, middle, worker } = await between();
    await rowOf(report(boss, worker, middle));
    expect(await codeOf(bound(client, middle, inDays(1)), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(bound(boss, middle, inDays(1)));
    for (const expiresAt of [inDays(2), inDays(1)]) await rowOf(bound(client, middle, expiresAt));
  });

  it('nor by way of somebody who leaves in time, or several', async () => {
    const { client, middle, worker } = await between();
    const below = await person('worker');
    await addReportingLine(app, middle, below);
    await rowOf(bound(boss, middle, inDays(1)));
    expect(await codeOf(report(client, worker, middle), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(report(client, worker, below));
    await rowOf(report(client, worker, null));
    await rowOf(bound(boss, below, inDays(2)));
    expect(await codeOf(report(client, worker, below), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(report(boss, worker, below));
    await rowOf(report(client, worker, middle));
  });

  it('and ends those by whom nobody comes to be reached who was not', async () => {
    const plain = await person('admin');
    const [middle, worker] = [await person('worker'), await person('worker')];
    await addReportingLine(app, plain, middle);
    await addReportingLine(app, middle, worker);
    await rowOf(move(await clientOf(app, plain), middle, 'end'));
    const wide = await person('admin', 'manager');
    const [other, others] = [await person('worker'), await person('worker')];
    await addReportingLine(app, wide, other);
    await addReportingLine(app, other, others);
    await rowOf(move(await clientOf(app, wide), other, 'end'));
  });
});
