import { expect } from 'chai';
import { createCompanyVault } from '../../../src/platform/change/company-vault.ts';
import { SealError } from '../../../src/platform/crypto/sealed.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

describe('company vault', () => {
  const vault = createCompanyVault(randomRing());
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await cloneDatabase();
    db = database.open();
  });
  after(() => database.drop());

  const sealed = async (company: string, place: string, plaintext: string) =>
    db.write(scopeOf(company), async (tx) => (await vault.sealer(tx))(place, plaintext));
  const opened = async (company: string, place: string, text: string) =>
    db.read(scopeOf(company), async (reader) => (await vault.opener(reader))(place, text));

  it('opens what it sealed, in another transaction, and never twice the same text', async () => {
    const company = await addCompany(database);
    const first = await sealed(company, 'test_result.metrics:1', 'ñandú 355 ms');
    const second = await sealed(company, 'test_result.metrics:1', 'ñandú 355 ms');
    expect(first).not.to.equal(second);
    expect(first).not.to.contain('355 ms');
    expect(await opened(company, 'test_result.metrics:1', first)).to.equal('ñandú 355 ms');
    expect(await opened(company, 'test_result.metrics:1', second)).to.equal('ñandú 355 ms');
  });

  const refusal = async (work: Promise<unknown>): Promise<unknown> => {
    try {
      return await work;
    } catch (error) {
      return error instanceof SealError ? error.reason : error;
    }
  };

  it('opens nothing that was moved to another row or another company', async () => {
    const [company, other] = [await addCompany(database), await addCompany(database)];
    const text = await sealed(company, 'test_result.metrics:1', 'x');
    await sealed(other, 'test_result.metrics:1', 'y');
    expect(await refusal(opened(company, 'test_result.metrics:2', text))).to.equal('forged');
    expect(await refusal(opened(other, 'test_result.metrics:1', text))).to.equal('unknown_key');
  });

  it('keeps everything readable when two units of work make the first key at once', async () => {
    const company = await addCompany(database);
    const texts = await Promise.all([1, 2, 3, 4].map((n) => sealed(company, `p:${n}`, `v${n}`)));
    const back = await Promise.all(texts.map((text, index) => opened(company, `p:${index + 1}`, text)));
    expect(back).to.deep.equal(['v1', 'v2', 'v3', 'v4']);
  });

  it('opens nothing once the company’s keys are erased', async () => {
    const company = await addCompany(database);
    const text = await sealed(company, 'p:1', 'v');
    await db.write(scopeOf(company), (tx) => tx.query('delete from company_key where company_id = $1', [tx.companyId]));
    expect(await refusal(opened(company, 'p:1', text))).to.equal('unknown_key');
  });
});
