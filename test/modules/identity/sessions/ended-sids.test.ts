import { expect } from 'chai';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { until } from '../../../support/until.ts';

const DAY = 86_400_000;

describe('sids that ended', () => {
  let app: TestApp;
  let companyId: string;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
  });
  after(() => app.close());

  /** A token of a session that asked for nothing yet. */
  const newToken = async (): Promise<string> => {
    const { bearer } = await addPerson(app, { companyId, roles: ['worker'] });
    return (await bearer('angelis-worker')).slice('Bearer '.length);
  };
  const me = (token: string) => app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${token}` });
  const revoke = (token: string) => app.http.post('/angelis/auth/revoke').type('form').send({ token });
  const remembered = async (): Promise<number> =>
    (await (await app.database.superuser()).query('select 1 from ended_sid')).rows.length;

  it('are over where the first request is let in at the moment in which they end', async () => {
    const token = await newToken();
    const holder = await app.database.superuser();
    const waits = async (kind: 'relation' | 'advisory'): Promise<boolean> =>
      (
        await holder.query(
          `select 1 from pg_locks where locktype = $1 and not granted
           and database = (select oid from pg_database where datname = current_database())`,
          [kind],
        )
      ).rows.length > 0;
    // The request has found that nothing ended, and writes its row.
    await holder.query('begin');
    await holder.query('lock table session in share mode');
    const [first, ending] = [me(token).then(({ status }) => status), { isDone: false }];
    let revoked: Promise<number>;
    try {
      await until(() => waits('relation'));
      revoked = revoke(token).then(({ status }) => status);
      void revoked.then(() => (ending.isDone = true));
      await until(async () => ending.isDone || (await waits('advisory')));
    } finally {
      await holder.query('rollback');
    }
    expect(await first).to.be.oneOf([200, 401]);
    expect(await revoked).to.equal(204);
    await me(token).expect(401);
  });

  it('are remembered where no row says so, for as long as a session lives at the provider', async () => {
    const before = await remembered();
    const [used, unused] = [await newToken(), await newToken()];
    await me(used).expect(200);
    for (const token of [used, used, unused, unused]) await revoke(token).expect(204);
    expect(await remembered()).to.equal(before + 1);
    const purge = app.modules
      .flatMap(({ ticks = [] }) => ticks)
      .find(({ name }) => name === 'identity.ended-sids.purge')!;
    const purgeAt = (now: Date): Promise<void> =>
      purge.run(systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32)), { now, signal: new AbortController().signal });
    await purgeAt(new Date(Date.now() + 29 * DAY));
    expect(await remembered()).to.equal(before + 1);
    await purgeAt(new Date(Date.now() + 31 * DAY));
    expect(await remembered()).to.equal(0);
  });
});
