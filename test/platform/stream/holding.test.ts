import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../../src/platform/db/database.ts';
import { SessionEnded, StaleSession } from '../../../src/platform/db/errors.ts';
import { createSystemQuery } from '../../../src/platform/db/system-query.ts';
import { createEventSource } from '../../../src/platform/stream/events.ts';
import type { EventSource } from '../../../src/platform/stream/events.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { rowsRead } from '../../support/rows-read.ts';

const NOW = new Date('2027-03-01T12:00:00Z');

/** Mostly as it is where people work, so that each of the others decides by itself. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(usual, ...others) });

const sessions = fc.record({
  kind: fc.constantFrom('member', 'support', 'operator', 'machine'),
  endsInMs: mostly(60_000, 1, 0, -1),
  isRevoked: mostly(false, true),
  personStatus: mostly('active', 'invited', 'locked', 'disabled', 'erased'),
  hasProfile: mostly(true, false),
  profileStatus: mostly('active', 'draft', 'invited', 'suspended', 'ended'),
  isProfileDeleted: mostly(false, true),
  epochs: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  isOfAnother: mostly(false, true),
  lag: mostly(0, 1, -1),
});
type Given = typeof sessions extends fc.Arbitrary<infer T> ? T : never;

describe('Whose streams go on', () => {
  let database: TestDatabase;
  let db: Database;
  let source: EventSource;
  let another: string;
  before(async () => {
    database = await cloneDatabase();
    db = database.open({ now: () => NOW });
    source = createEventSource(db, createSystemQuery(database.pool('system'), 'streams'), () => NOW);
    another = await addCompany(database);
  });
  after(() => database.drop());

  const add = async (company: string, given: Given): Promise<{ id: string; epoch: number }> => {
    const [person, profile, id] = [uuidv7(), uuidv7(), uuidv7()];
    const [sessionEpoch, personEpoch, profileEpoch] = given.epochs;
    const companyId = given.isOfAnother ? another : company;
    const isMachine = given.kind === 'machine';
    await database.sql(
      `insert into person (id, first_name, last_name, locale, status, data_key, epoch, created_at, updated_at)
       values ($1, 'A', 'B', 'es', $2, 'k', $3, $4, $4)`,
      [person, given.personStatus, personEpoch, NOW],
    );
    await database.sql(
      `insert into profile (company_id, id, person_id, first_name, last_name, national_id_kind, kind, status, epoch, deleted_at, created_at, updated_at)
       values ($1, $2, $3, 'A', 'B', 'RUT', 'employee', $4, $5, $6, $7, $7)`,
      [companyId, profile, person, given.profileStatus, profileEpoch, given.isProfileDeleted ? NOW : null, NOW],
    );
    await database.sql(
      `insert into session (company_id, id, person_id, profile_id, kind, client, sid, epoch, last_seen_at, expires_at, revoked_at, created_at, updated_at)
       values ($1, $2::uuid, $3, $4, $5, $6, $2::uuid::text, $7, $8, $9, $10, $8, $8)`,
      [
        companyId,
        id,
        isMachine ? null : person,
        given.hasProfile ? profile : null,
        given.kind,
        isMachine ? 'machine' : 'worker',
        sessionEpoch,
        NOW,
        new Date(NOW.getTime() + given.endsInMs),
        given.isRevoked ? NOW : null,
      ],
    );
    const [row] = await database.sql<{ access_epoch: number }>('select access_epoch from company where id = $1', [
      companyId,
    ]);
    const ofPerson = isMachine ? 0 : personEpoch;
    const ofProfile = given.hasProfile ? profileEpoch : 0;
    return { id, epoch: sessionEpoch + ofPerson + ofProfile + row!.access_epoch + given.lag };
  };

  /** What a request of this session is told. */
  const mayEnter = (company: string, session: { id: string; epoch: number }): Promise<boolean> =>
    db
      .read({ ...scopeOf(company), session }, () => Promise.resolve(true))
      .catch((error: unknown) => {
        if (error instanceof SessionEnded || error instanceof StaleSession) return false;
        throw error;
      });

  it('is decided by the rule by which requests are let in, of whatever session', async () => {
    const seen = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('active', 'active', 'pending', 'suspended', 'archived', 'purged'),
        fc.array(sessions, { minLength: 12, maxLength: 12 }),
        async (companyStatus, given) => {
          const company = await addCompany(database);
          await database.sql('update company set status = $2, access_epoch = 7 where id = $1', [
            company,
            companyStatus,
          ]);
          const known: { id: string; epoch: number }[] = [];
          for (const one of given) known.push(await add(company, one));
          known.push({ id: uuidv7(), epoch: 1 });
          const asked: boolean[] = [];
          for (const session of known) asked.push(await mayEnter(company, session));
          for (const answer of asked) seen.add(answer);
          expect(await source.holding(company, known)).to.deep.equal(asked);
        },
      ),
      { numRuns: 40 },
    );
    expect(seen.size, 'answers that came').to.equal(2);
  }).timeout(30_000);

  it('is looked up by key, also by whoever asked first when nobody was signed in', async () => {
    const pool = database.pool('system');
    const asking = createEventSource(db, createSystemQuery(pool, 'first'), () => NOW);
    const company = await addCompany(database);
    await database.sql('delete from session');
    await database.sql('analyze session');
    for (let n = 0; n < 10; n += 1) await asking.holding(company, [{ id: uuidv7(), epoch: 1 }]);
    const made = await database.sql<{ id: string; epoch: number }>(
      `insert into session (company_id, id, kind, client, sid, epoch, last_seen_at, expires_at, created_at, updated_at)
       select $1, gen_random_uuid(), 'machine', 'machine', n::text, 1, $2, $3, $2, $2 from generate_series(1, 5000) n
       returning id, (select access_epoch from company where id = $1) + 1 as epoch`,
      [company, NOW, new Date(NOW.getTime() + 60_000)],
    );
    const read = () => rowsRead(database, ['session'], (text) => pool.query(text));
    const before = await read();
    const held = await asking.holding(company, made.slice(0, 200));
    expect(held).to.deep.equal(held.map(() => true));
    expect((await read()) - before).to.be.within(200, 2_000);
  });

  it('and who enters is looked up by key, also where the connection has let in others when nobody was there', async () => {
    const fresh = await cloneDatabase();
    try {
      // One connection: it keeps its plans.
      const entering = fresh.open({ max: 1, now: () => NOW });
      const company = await addCompany(fresh);
      await fresh.sql('analyze session, person, profile');
      const enter = (session: { id: string; epoch: number }, read = 'select 1') =>
        entering.read({ ...scopeOf(company), session }, (reader) => reader.query(read));
      for (let n = 0; n < 10; n += 1)
        await enter({ id: uuidv7(), epoch: 1 }).then(
          () => expect.fail('nobody is there'),
          (error: unknown) => expect(error).to.be.instanceOf(SessionEnded),
        );
      const made = await fresh.sql<{ id: string; epoch: number }>(
        `with people as (
           insert into person (id, first_name, last_name, locale, status, data_key, created_at, updated_at)
           select gen_random_uuid(), 'A', 'B', 'es', 'active', 'k', $2, $2 from generate_series(1, 2000) returning id),
         profiles as (
           insert into profile (company_id, id, person_id, first_name, last_name, national_id_kind, kind, status, created_at, updated_at)
           select $1, gen_random_uuid(), id, 'A', 'B', 'RUT', 'employee', 'active', $2, $2 from people returning id, person_id),
         sessions as (
           insert into session (company_id, id, person_id, profile_id, kind, client, sid, last_seen_at, expires_at, created_at, updated_at)
           select $1, gen_random_uuid(), person_id, id, 'member', 'worker', id::text, $2, $3, $2, $2 from profiles returning *)
         select s.id, (s.epoch + 1 + 1 + c.access_epoch)::integer as epoch from sessions s, company c where c.id = $1`,
        [company, NOW, new Date(NOW.getTime() + 60_000)],
      );
      const read = () => rowsRead(fresh, ['session', 'person', 'profile'], (text) => enter(made.at(-1)!, text));
      const before = await read();
      for (const session of made.slice(-20)) await enter(session);
      expect((await read()) - before).to.be.within(60, 200);
    } finally {
      await fresh.drop();
    }
  }).timeout(30_000);
});
