import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { TestPerson } from '../../support/people.ts';
import { HOUR, MINUTE, startFitnessCompany } from '../fitness/company.ts';
import type { Answer, FitnessCompany } from '../fitness/company.ts';

interface Reason {
  readonly code: string;
  readonly params: object;
}

describe('questions to the gate', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());
  beforeEach(() => company.at(0));

  /** `$1` is the company, `$2` when it was written. */
  const sql = (text: string, values: readonly unknown[] = []) =>
    company.client.query(text, [company.companyId, company.start, ...values]);
  const ask = (worker: TestPerson, more: object = {}): Promise<Answer> =>
    company.ask(company.supervisor, 'post', '/gate/decisions', {
      profileId: worker.profileId,
      purpose: 'shift_start',
      ...more,
    });
  const reasonsOf = ({ body }: Answer) => (body['reasons'] as Reason[]).map(({ code, params }) => [code, params]);
  const factsOf = async ({ body }: Answer) =>
    (await company.ask(company.supervisor, 'get', `/gate/decisions/${body.id}`)).body['facts'] as Record<
      string,
      unknown
    >;
  const replayOf = async ({ body }: Answer) =>
    (await company.ask(company.manager, 'get', `/gate/decisions/${body.id}/replay`)).body;

  describe('about equipment', () => {
    const [truck, crane] = [uuidv7(), uuidv7()];
    before(() =>
      sql(
        `with kinds as (insert into equipment_kind (company_id, id, code, name, created_at, updated_at)
           values ($1, $3, 'TRUCK', 'Truck', $2, $2), ($1, $4, 'CRANE', 'Crane', $2, $2) returning id)
         insert into credential_requirement (company_id, id, kind, equipment_kind_id, created_at, updated_at)
         select $1, gen_random_uuid(), 'equipment_authorization', id, $2, $2 from kinds`,
        [truck, crane],
      ),
    );
    const authorize = ({ profileId }: TestPerson, kind: string, validTo: string | null = null) =>
      sql(
        `insert into credential (company_id, id, profile_id, kind, equipment_kind_id, issuer, valid_from, valid_to, has_evidence, status,
           created_at, updated_at)
         values ($1, gen_random_uuid(), $3, 'equipment_authorization', $4, 'Centro', '2020-01-01', $5, false, 'valid', $2, $2)`,
        [profileId, kind, validTo],
      );
    const about = (equipment: string) => ({
      credential: 'equipment_authorization',
      requiredBy: 'equipment',
      equipment,
    });

    it('want what it requires, for each kind by itself, record it, and replay', async () => {
      const { worker } = await company.addReady();
      await company.at(HOUR);
      const seen = async (...equipmentKindIds: string[]) => reasonsOf(await ask(worker, { equipmentKindIds }));
      expect(await seen(truck)).to.deep.equal([['CREDENTIAL_MISSING', about('TRUCK')]]);
      await authorize(worker, crane);
      expect(await seen(truck, crane)).to.deep.equal([['CREDENTIAL_MISSING', about('TRUCK')]]);
      expect(await seen(crane)).to.deep.equal([]);
      await authorize(worker, truck, '2020-02-01');
      const expired = await ask(worker, { equipmentKindIds: [truck] });
      expect(reasonsOf(expired)).to.deep.equal([['CREDENTIAL_EXPIRED', about('TRUCK')]]);
      expect((await factsOf(expired))['equipment']).to.deep.equal([{ id: truck, code: 'TRUCK' }]);
      expect(await replayOf(expired)).to.deep.include({ same: true, outcome: 'block' });
    });

    it('take that of the assignment where they name none', async () => {
      const { worker } = await company.addReady();
      await company.at(HOUR);
      const set = 'update work_assignment set equipment_kind_ids = $2 where profile_id = $1';
      await company.client.query(set, [worker.profileId, [truck]]);
      expect(reasonsOf(await ask(worker))).to.deep.equal([['CREDENTIAL_MISSING', about('TRUCK')]]);
      await authorize(worker, truck);
      expect(reasonsOf(await ask(worker))).to.deep.equal([]);
    });
  });

  it('name no task kind and no equipment that is not there', async () => {
    for (const name of ['taskKindIds', 'equipmentKindIds']) {
      const { status, body } = await ask(company.worker, { [name]: [uuidv7()] });
      const [fault] = body['errors'] as object[];
      expect(status).to.equal(422);
      expect(fault).to.include({ pointer: `/${name}`, code: 'UNKNOWN_REFERENCE' });
    }
  });

  describe('about people of a risk group with a policy of its own', () => {
    it('take its hours over the company’s, and an authorization over both', async () => {
      const { worker, shiftId: shift } = await company.addReady();
      const policyId = await company.givePolicy(worker, { hours: { maximumShiftMinutes: 600 } });
      await company.at(HOUR);
      const answer = await ask(worker);
      expect(reasonsOf(answer)).to.deep.equal([['SHIFT_TOO_LONG', { shift, hours: 12, limit: 10 }]]);
      const { hours } = (await factsOf(answer)) as { hours: object };
      expect(hours).to.deep.include({ policy: { policyId, limits: { maximumShiftMinutes: 600 } } });
      expect(await replayOf(answer)).to.deep.include({ same: true, outcome: 'block' });
      await sql(
        `insert into hour_authorization (company_id, id, reference, issuer, assignment_id, profile_id, limits, starts_on, ends_on, ends_at,
           status, created_at, updated_at)
         select $1, gen_random_uuid(), 'R-1', 'DT', id, profile_id, '{"maximumShiftMinutes": 720}', '2020-01-01', '2099-01-01', '2099-01-02',
           'active', $2, $2 from work_assignment where profile_id = $3`,
        [worker.profileId],
      );
      expect(reasonsOf(await ask(worker))).to.deep.equal([]);
    });

    it('hold for want of a test where it says so, and open a case as in a high-risk group', async () => {
      const [held, other] = [await company.addWorker(), await company.addWorker()];
      await company.givePolicy(held, { alsoHeld: { levels: [], missing: ['pre_shift'] } });
      await company.givePolicy(other, { alsoHeld: { levels: [], missing: ['mid_shift'] } });
      for (const worker of [held, other])
        await company.addShift(worker, { startsAt: new Date(company.start.getTime() + HOUR) });
      await company.tick('generate');
      await company.at(HOUR);
      const outcomes = [(await ask(held)).body['outcome'], (await ask(other)).body['outcome']];
      expect(outcomes).to.deep.equal(['block', 'restrict']);
      await company.at(HOUR + 3 * MINUTE);
      await company.tick('close');
      expect(await company.caseOf(held)).to.include({ level: 'none', trigger: 'missing_test' });
      expect(await company.caseOf(other)).to.equal(undefined);
    });
  });

  describe('that not every provider can answer', () => {
    const unavailable = (...providers: string[]) => providers.map((provider) => ['FACTS_UNAVAILABLE', { provider }]);
    /** Runs `what` while a table is away, as in a migration that went wrong. */
    const without = async (table: string, what: () => Promise<void>) => {
      await company.client.query(`alter table ${table} rename to away`);
      try {
        await what();
      } finally {
        await company.client.query(`alter table away rename to ${table}`);
      }
    };

    it('block by the one that fails, with what the others know, and replay', async () => {
      const { worker, shiftId } = await company.addReady();
      await company.at(HOUR);
      await without('license', async () => {
        const answer = await ask(worker, { shiftId });
        expect([answer.status, answer.body['outcome'], reasonsOf(answer)]).to.deep.equal([
          201,
          'block',
          unavailable('commerce'),
        ]);
        const facts = (await factsOf(answer)) as {
          unavailable: object[];
          profile: object;
          requirements: object[];
          hours: object;
        };
        expect(facts.unavailable).to.deep.equal([{ provider: 'commerce', facts: ['licenses'] }]);
        expect(facts.profile).to.include({ status: 'active' });
        expect(facts.hours).to.include({ shiftMinutes: 12 * 60 });
        expect(facts.requirements).to.have.length(1);
        expect(await replayOf(answer)).to.deep.include({ same: true, outcome: 'block' });
      });
      expect(reasonsOf(await ask(worker, { shiftId }))).to.deep.equal([]);
    });

    it('let no shift start, store that, and are overridden by nobody', async () => {
      const { shiftId } = await company.addReady();
      await company.at(HOUR);
      const start = () => company.ask(company.supervisor, 'post', `/admin/assignment/shift/${shiftId}/start`, {}, 1);
      await without('hold', async () => {
        const refused = await start();
        expect([refused.status, refused.body['code'], reasonsOf(refused)]).to.deep.equal([
          409,
          'GATE_BLOCKED',
          unavailable('fitness'),
        ]);
        const decision = `/gate/decisions/${String(refused.body['decisionId'])}`;
        const stored = await company.ask(company.manager, 'get', decision);
        expect([stored.status, reasonsOf(stored)]).to.deep.equal([200, unavailable('fitness')]);
        const override = {
          reasonKeys: ['FACTS_UNAVAILABLE:fitness'],
          endsAt: new Date(company.app.clock.now().getTime() + HOUR).toISOString(),
          reason: 'the system is slow',
        };
        const given = await company.ask(company.manager, 'post', `${decision}/override`, override);
        expect([given.status, given.body['code']]).to.deep.equal([409, 'OVERRIDE_FACTS_UNAVAILABLE']);
      });
      expect((await start()).status).to.equal(200);
    });

    it('block by all of them where the place is not known', async () => {
      const { worker } = await company.addReady();
      await without('site', async () => {
        const answer = await ask(worker);
        expect([answer.status, reasonsOf(answer)]).to.deep.equal([
          201,
          unavailable('workforce', 'commerce', 'fitness', 'gate'),
        ]);
        expect(await replayOf(answer)).to.deep.include({ same: true });
      });
    });

    it('block by the one that takes too long, and what follows in the transaction goes on', async () => {
      const { worker } = await company.addReady();
      await company.at(HOUR);
      const other = await company.app.database.superuser();
      await other.query('begin');
      await other.query('lock table credential in access exclusive mode');
      const answer = await ask(worker);
      await other.query('rollback');
      await other.end();
      expect([answer.status, reasonsOf(answer)]).to.deep.equal([201, unavailable('workforce')]);
      const facts = await factsOf(answer);
      expect(facts['requirements']).to.have.length(1);
      expect(facts['profile']).to.deep.equal({ id: worker.profileId, status: 'unknown', expiresAt: null });
      expect(await replayOf(answer)).to.deep.include({ same: true, outcome: 'block' });
    });
  });
});
