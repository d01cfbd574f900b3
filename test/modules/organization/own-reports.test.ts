import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
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
});
