import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Tx } from '../../../src/platform/db/database.ts';
import type { Scope } from '../../../src/platform/db/scope.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

describe('works that stand in the way of each other', () => {
  let database: TestDatabase;
  let db: Database;
  let scope: Scope;
  before(async () => {
    database = await cloneDatabase();
    db = database.open({ max: 2, observed: false });
    scope = scopeOf(await addCompany(database));
  });
  after(() => database.drop());

  const rename = (tx: Tx, code: string) => tx.query(`update site set name = name || '+' where code = $1`, [code]);

  it('come to an end: one is done, and the other answers 503 and when to come back', async () => {
    await db.write(scope, (tx) =>
      tx.query(
        `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at)
         select $1, n.id, '/' || n.id || '/', 1, n.code, n.code, 'Etc/UTC', $2, $2
         from (values ($3::uuid, 'LEFT'), ($4::uuid, 'RIGHT')) n(id, code)`,
        [scope.companyId, tx.now, uuidv7(), uuidv7()],
      ),
    );
    const [left, right] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const crossing = (codes: readonly [string, string], own: () => void, other: Promise<void>) =>
      db.write(scope, async (tx) => {
        await rename(tx, codes[0]);
        own();
        await other;
        await rename(tx, codes[1]);
      });
    const both = await Promise.allSettled([
      crossing(['LEFT', 'RIGHT'], left.resolve, right.promise),
      crossing(['RIGHT', 'LEFT'], right.resolve, left.promise),
    ]);
    const refused = both.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []));
    expect(refused).to.have.length(1);
    expect(refused[0]).to.be.an.instanceOf(Problem);
    const { status, code, options } = refused[0] as Problem;
    expect([status, code, options.retryAfter]).to.deep.equal([503, 'WORK_COLLIDED', 1]);
    const names = await database.sql<{ name: string }>('select name from site order by code');
    expect(names.map(({ name }) => name)).to.deep.equal(['LEFT+', 'RIGHT+']);
  });

  it('are read once more where the server cut the reading short, and no oftener', async () => {
    const read = (times: number): Promise<unknown> => {
      let tries = 0;
      const done = db.read(scope, async (reader) => {
        tries += 1;
        if (tries <= times) await reader.query(`do $$ begin raise 'cut short' using errcode = '40001'; end $$`);
        return tries;
      });
      return done.catch((error: unknown) => (error as Problem).code);
    };
    expect([await read(0), await read(1), await read(2)]).to.deep.equal([1, 2, 'WORK_COLLIDED']);
  });
});
