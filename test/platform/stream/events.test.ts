import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import type { Sealer } from '../../../src/platform/change/sealer.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { createSystemQuery } from '../../../src/platform/db/system-query.ts';
import { createEventSource } from '../../../src/platform/stream/events.ts';
import type { EventSource } from '../../../src/platform/stream/events.ts';
import { failLoudly } from '../../support/background.ts';
import { commitChange, plainRecorder } from '../../support/changes.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { rowsRead } from '../../support/rows-read.ts';

const recorder = plainRecorder();

describe('What streams are told', () => {
  let database: TestDatabase;
  let db: Database;
  let source: EventSource;
  let sealer: Sealer;
  // A database of its own for each: what is counted of a table's rows stands there a while after it happened.
  beforeEach(async () => {
    database = await cloneDatabase();
    // One connection: it keeps its plans.
    db = database.open({ max: 1 });
    const system = database.pool('system');
    const now = () => new Date();
    source = createEventSource(db, createSystemQuery(system, 'streams'), now);
    sealer = createSealer({ system, keyRing: randomRing(), now, onError: failLoudly });
  });
  afterEach(() => database.drop());

  it('is what was addressed to those that are asked for, few or many', async () => {
    const people = Array.from({ length: 25 }, () => uuidv7()).toSorted();
    const some = fc.subarray(people);
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 4 }), some, async (audiences, asked) => {
        const company = await addCompany(database);
        for (const audience of audiences) await commitChange(db, recorder, company, { audience });
        await sealer.sealAll();
        const told = (await source.between(company, 0, audiences.length, asked)).map(({ seq, profileIds }) => [
          seq,
          profileIds.toSorted(),
        ]);
        const expected = audiences
          .map((audience, at) => [at + 1, audience.filter((id) => asked.includes(id))] as const)
          .filter(([, ids]) => ids.length > 0);
        expect(told).to.deep.equal(expected);
      }),
      {
        numRuns: 40,
        examples: [
          [[people], people.slice(0, 10)],
          [[people], people.slice(0, 11)],
        ],
      },
    );
  });

  for (const [many, most] of [
    [1, 100],
    [1_000, 2_500],
  ] as const)
    it(`is looked up by key for ${many}, also by whoever asked first when there was nothing`, async () => {
      const company = await addCompany(database);
      await database.sql('vacuum analyze change_recipient');
      const people = Array.from({ length: 1_000 }, () => uuidv7());
      const asked = people.slice(0, many);
      for (let n = 0; n < 10; n += 1) await source.between(company, 0, 1, asked);
      for (let n = 0; n < 20; n += 1) await commitChange(db, recorder, company, { audience: people });
      await sealer.sealAll();
      const read = () =>
        rowsRead(database, ['change_recipient'], (text) => db.read(scopeOf(company), (reader) => reader.query(text)));
      const before = await read();
      const [event] = await source.between(company, 9, 10, asked);
      expect(event!.profileIds).to.have.members(asked);
      expect((await read()) - before).to.be.within(many, most);
    });
});
