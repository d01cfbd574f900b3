import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { DECISION, HOUR, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

describe('decisions of fitness cases keep what was written', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());
  beforeEach(() => company.at(0));

  const notesOf = (id: string) => company.ask(company.manager, 'get', `/fitness/cases/${id}/notes`);
  const decisionsOf = async (id: string) => (await notesOf(id)).body['decisions'] as Record<string, unknown>[];
  const decided = async () => {
    const worker = await company.addWorker();
    await company.judge(worker, { level: 'orange' });
    const row = await company.caseOf(worker);
    await company.move(company.supervisor, row.id, 'acknowledge');
    expect((await company.move(company.supervisor, row.id, 'decide', DECISION)).status).to.equal(200);
    return { worker, id: row.id };
  };

  it('sealed, with its hash in the trail, and log who read it before it is answered', async () => {
    const { id } = await decided();
    const { rows } = await company.client.query<{ sealed: string; log: string; hash: string }>(
      `select d.texts_sealed as sealed, c.after ->> 'textsHash' as hash,
         (select json_agg(x)::text from change x where x.entity_id in (d.id, d.case_id)) as log
       from fitness_decision d join change c on c.company_id = d.company_id and c.entity_id = d.id
       where d.case_id = $1`,
      [id],
    );
    expect(rows).to.have.length(1);
    const { sealed, log, hash } = rows[0]!;
    expect(hash).to.equal(createHash('sha256').update(sealed).digest('hex'));
    for (const text of [DECISION.note, DECISION.assessment.observation]) expect(sealed + log).to.not.contain(text);
    expect(await decisionsOf(id)).to.have.length(1);
    const read = await company.client.query(
      `select actor_id from change where entity_id = $1 and action = 'fitness_case.read_notes'`,
      [id],
    );
    expect(read.rows).to.deep.equal([{ actor_id: company.manager.profileId }]);
  });

  it('of every decision, in their order, after it was opened again', async () => {
    const { worker, id } = await decided();
    await company.at(HOUR);
    await company.move(company.safety, id, 'reopen', { reason: 'new facts' });
    const earlier = {
      decision: 'cleared',
      restrictions: null,
      transportArranged: null,
      decidedBy: company.supervisor.profileId,
      decidedAt: company.start.toISOString(),
      text: 'open',
      assessment: DECISION.assessment,
      note: DECISION.note,
    };
    expect(await decisionsOf(id)).to.have.length(1);
    expect((await decisionsOf(id))[0]).to.deep.include(earlier);
    await company.move(company.manager, id, 'acknowledge');
    const again = { decision: 'sent_home', transportArranged: true, note: 'still drowsy' };
    expect((await company.move(company.manager, id, 'decide', { ...DECISION, ...again })).status).to.equal(200);
    const [first, second] = await decisionsOf(id);
    expect(first).to.deep.include(earlier);
    expect(second).to.deep.include({ ...again, decidedBy: company.manager.profileId });
    expect((await company.caseOf(worker)).status).to.equal('decided');
  });

  it('and say where it is no longer what the trail has the hash of, or its key was erased', async () => {
    const { id } = await decided();
    const other = await decided();
    await company.client.query(
      `update fitness_decision d set texts_sealed = o.texts_sealed from fitness_decision o
       where d.case_id = $1 and o.case_id = $2`,
      [id, other.id],
    );
    expect((await decisionsOf(id))[0]).to.include({ text: 'changed', assessment: null, note: null });
    const { rows } = await company.client.query('delete from company_key where company_id = $1 returning *', [
      company.companyId,
    ]);
    try {
      const [gone] = await decisionsOf(other.id);
      expect(gone).to.include({ text: 'erased', assessment: null, note: null, decision: 'cleared' });
    } finally {
      await company.client.query(
        'insert into company_key select * from jsonb_populate_recordset(null::company_key, $1)',
        [JSON.stringify(rows)],
      );
    }
  });
});
