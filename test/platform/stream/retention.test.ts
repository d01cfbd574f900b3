import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { trimStreams } from '../../../src/platform/stream/retention.ts';
import { addCompany } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

const DAY = 86_400_000;

describe('retention of streams', () => {
  let database: TestDatabase;
  before(async () => {
    database = await cloneDatabase();
  });
  after(() => database.drop());

  it('drops audiences over seven days old and ended tickets of all companies, and nothing else', async () => {
    const client = await database.superuser();
    const now = new Date();
    const companies = [await addCompany(database), await addCompany(database)];
    for (const company of companies) {
      for (const [age, count] of [
        [8 * DAY, 23],
        [7 * DAY, 2],
        [0, 3],
      ] as const)
        for (let n = 0; n < count; n += 1)
          await client.query('insert into change_recipient (company_id, change_id, profile_id) values ($1, $2, $3)', [
            company,
            uuidv7({ msecs: now.getTime() - age }),
            uuidv7(),
          ]);
      for (const left of [-1, 1_000])
        await client.query(
          'insert into stream_ticket (company_id, hash, session_id, expires_at) values ($1, $2, $3, $4)',
          [company, Buffer.from(`${left}`), uuidv7(), new Date(now.getTime() + left)],
        );
    }
    const system = database.pool('system');
    expect(await trimStreams(system, now, { signal: AbortSignal.abort() })).to.deep.equal({
      recipients: 0,
      tickets: 0,
    });
    expect(await trimStreams(system, now, { batch: 5 })).to.deep.equal({ recipients: 46, tickets: 2 });
    expect(await trimStreams(system, now)).to.deep.equal({ recipients: 0, tickets: 0 });
    const left = async (table: string) =>
      (await client.query<{ n: number }>(`select count(*)::int as n from ${table} group by company_id`)).rows;
    expect(await left('change_recipient')).to.deep.equal([{ n: 5 }, { n: 5 }]);
    expect(await left('stream_ticket')).to.deep.equal([{ n: 1 }, { n: 1 }]);
  });
});
