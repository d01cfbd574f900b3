import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { TestPerson } from '../../support/people.ts';
import { HOUR, startFitnessCompany } from '../fitness/company.ts';
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
});
