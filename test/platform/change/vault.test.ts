import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createVault } from '../../../src/platform/change/vault.ts';
import { createKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

describe('personal vault', () => {
  let database: TestDatabase;
  let db: Database;
  let company: string;
  let other: string;
  const vault = createVault(randomRing());

  before(async () => {
    database = await cloneDatabase();
    db = database.open({ max: 20 });
    company = await addCompany(database);
    other = await addCompany(database);
  });
  after(() => database.drop());

  const sealFor = (subject: string, text: string, companyId = company) =>
    db.write(scopeOf(companyId), (tx) => vault.seal(tx, subject, text));
  const openFor = (subject: string, sealed: string, companyId = company) =>
    db.read(scopeOf(companyId), (reader) => vault.open(reader, subject, sealed));
  const keysOf = (subject: string) =>
    db.read(scopeOf(company), (reader) =>
      reader.query<{ wrapped: string }>('select wrapped from data_key where company_id = $1 and subject_id = $2', [
        company,
        subject,
      ]),
    );

  it('gives a subject one key, and opens what it sealed', async () => {
    const subject = uuidv7();
    const [first, second] = [await sealFor(subject, 'María'), await sealFor(subject, 'María')];
    expect(first).to.not.equal(second).and.not.include('María');
    expect(await openFor(subject, first)).to.equal('María');
    expect(await openFor(subject, second)).to.equal('María');
    expect(await keysOf(subject)).to.have.length(1);
  });

  it('makes one key when one unit of work seals many values at once', async () => {
    const subject = uuidv7();
    await db.write(scopeOf(company), (tx) =>
      Promise.all(Array.from({ length: 10 }, (_, n) => vault.seal(tx, subject, `${n}`))),
    );
    expect(await keysOf(subject)).to.have.length(1);
  });

  it('opens all that racing units of work sealed, whatever the order in which they met their subjects', async () => {
    const subjects = [uuidv7(), uuidv7()];
    const sealed = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        db.write(scopeOf(company), async (tx) => {
          const values: [subject: string, sealed: string][] = [];
          for (const subject of n % 2 === 0 ? subjects : subjects.toReversed())
            values.push([subject, await vault.seal(tx, subject, `${n}`)]);
          return values;
        }),
      ),
    );
    for (const [n, values] of sealed.entries())
      for (const [subject, value] of values) expect(await openFor(subject, value)).to.equal(`${n}`);
  });

  it('does not wait for a unit of work that made a key for the same subject and is still open', async () => {
    const subject = uuidv7();
    const value = await db.write(scopeOf(company), async (tx) => {
      await vault.seal(tx, subject, 'first');
      return sealFor(subject, 'second');
    });
    expect(await openFor(subject, value)).to.equal('second');
  });

  it('opens nothing once the key is erased, and starts anew afterwards', async () => {
    const subject = uuidv7();
    const lost = await sealFor(subject, 'old');
    const withinOne = await db.write(scopeOf(company), async (tx) => {
      await vault.seal(tx, subject, 'same unit of work');
      await vault.erase(tx, subject);
      return vault.seal(tx, subject, 'new');
    });
    expect(await openFor(subject, lost)).to.equal(undefined);
    expect(await openFor(subject, withinOne)).to.equal('new');
    expect(await keysOf(subject)).to.have.length(1);
  });

  it('keeps keys apart: another subject or company opens nothing, a changed value is refused', async () => {
    const [subject, neighbor] = [uuidv7(), uuidv7()];
    const sealed = await sealFor(subject, 'mine');
    await sealFor(neighbor, 'theirs');
    expect(await openFor(neighbor, sealed)).to.equal(undefined);
    expect(await openFor(subject, sealed, other)).to.equal(undefined);
    const middle = Math.floor((sealed.length + 40) / 2);
    const changed = sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1);
    const error = await openFor(subject, changed).catch((cause: unknown) => cause);
    expect(error).to.have.property('reason', 'forged');
  });

  it('stores keys only wrapped: without the ring that wrapped them they open nothing', async () => {
    const subject = uuidv7();
    const sealed = await sealFor(subject, 'mine');
    const stranger = createVault(createKeyRing([{ id: 'k1', bytes: new Uint8Array(32) }]));
    const error = await db
      .read(scopeOf(company), (reader) => stranger.open(reader, subject, sealed))
      .catch((cause: unknown) => cause);
    expect(error).to.have.property('reason', 'forged');
  });
});
