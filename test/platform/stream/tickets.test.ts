import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../../src/platform/db/database.ts';
import { createTickets, TICKET_MS } from '../../../src/platform/stream/tickets.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

describe('stream tickets', () => {
  let database: TestDatabase;
  let db: Database;
  let company: string;
  let clock = new Date('2026-11-21T12:00:00.000Z');
  const holder = { sessionId: uuidv7(), profileId: uuidv7() };

  before(async () => {
    database = await cloneDatabase();
    db = database.open({ now: () => clock, max: 20 });
    company = await addCompany(database);
  });
  after(() => database.drop());
  beforeEach(() => {
    clock = new Date('2026-11-21T12:00:00.000Z');
  });

  const issue = (of: { sessionId: string; profileId: string | null } = holder) =>
    db.write(scopeOf(company), (tx) => createTickets(db).issue(tx, of));
  const redeem = (ticket: string) => createTickets(db).redeem(ticket, '');
  const later = (ms: number) => {
    clock = new Date(clock.getTime() + ms);
  };

  it('opens once, for its holder, in its company', async () => {
    const { ticket, expiresAt } = await issue();
    expect(expiresAt).to.equal('2026-11-21T12:00:30.000Z');
    expect(await redeem(ticket)).to.deep.equal({ ...holder, companyId: company });
    expect(await redeem(ticket)).to.equal(undefined);
  });

  it('has one winner of fifty that race for it', async () => {
    const { ticket } = await issue({ sessionId: uuidv7(), profileId: null });
    const won = await Promise.all(Array.from({ length: 50 }, () => redeem(ticket)));
    expect(won.filter((one) => one !== undefined)).to.have.length(1);
  });

  it('ends after 30 s', async () => {
    const [kept, late] = [await issue(), await issue()];
    later(TICKET_MS - 1);
    expect(await redeem(kept.ticket)).to.not.equal(undefined);
    later(1);
    expect(await redeem(late.ticket)).to.equal(undefined);
  });

  it('opens nothing when a character is changed, cut or added, or it is carried to another company', async () => {
    const { ticket } = await issue();
    const foreign = Buffer.from((await addCompany(database)).replaceAll('-', ''), 'hex');
    const carried = Buffer.concat([foreign, Buffer.from(ticket, 'base64url').subarray(16)]).toString('base64url');
    const last = ticket.at(-1) === 'A' ? 'B' : 'A';
    for (const wrong of ['', 'x', ticket.slice(0, -1), `${ticket}A`, `${ticket}=`, ticket.slice(0, -1) + last, carried])
      expect(await redeem(wrong)).to.equal(undefined);
    expect(await redeem(ticket)).to.not.equal(undefined);
  });

  it('is not kept: only its hash stands in the table', async () => {
    const { ticket } = await issue();
    const { rows } = await (
      await database.superuser()
    ).query<{ row: string }>('select t::text as row from stream_ticket t');
    const secret = Buffer.from(ticket, 'base64url').subarray(16).toString('hex');
    expect(rows).to.have.length.greaterThan(0);
    expect(rows.some(({ row }) => row.includes(ticket) || row.includes(secret))).to.equal(false);
  });
});
