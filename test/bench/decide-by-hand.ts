import { createHash } from 'node:crypto';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

interface Asked {
  readonly companyId: string;
  readonly id: string;
  readonly by: string;
  readonly seal: (text: string) => string;
}

const CHANGE = `insert into change (company_id, id, at, actor_kind, actor_id, action, entity, entity_id, before, after, trace_id, created_at)
  values ($1, $2, $3, 'profile', $4, $5, $6, $7, $8, $9, $10, $3)`;

/** A case decided as one would write it on pg without a program around it: the same rows locked, written and told of. */
export const decideByHand = async (pool: pg.Pool, { companyId, id, by, seal }: Asked): Promise<void> => {
  const client = await pool.connect();
  const run = async <R extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) =>
    (await client.query<R>({ name, text, values })).rows;
  const now = new Date();
  const trace = uuidv7().replaceAll('-', '');
  const note = async (action: string, entity: string, of: string, before: object, after: object, told: string[]) => {
    const change = uuidv7();
    const [was, is] = [JSON.stringify(before), JSON.stringify(after)];
    await run('change', CHANGE, [companyId, change, now, by, `${entity}.${action}`, entity, of, was, is, trace]);
    await run('pending', 'insert into change_pending (company_id, change_id) values ($1, $2)', [companyId, change]);
    if (told.length > 0)
      await run(
        'told',
        'insert into change_recipient (company_id, change_id, profile_id) select $1, $2, p from unnest($3::uuid[]) p',
        [companyId, change, told],
      );
  };
  try {
    await client.query(`begin; select app.enter_job('${companyId}')`);
    const [found] = await run<{ status: string; version: number; profile_id: string; lapse_at: Date }>(
      'case',
      'select * from fitness_case where company_id = $1 and id = $2 and deleted_at is null for no key update',
      [companyId, id],
    );
    if (found?.status !== 'acknowledged' || found.version !== 1 || found.profile_id === by) throw new Error('refused');
    const above = await run<{ id: string }>(
      'above',
      'select superior_id as id from reporting_closure where company_id = $1 and subordinate_id = $2 order by depth',
      [companyId, found.profile_id],
    );
    const told = [found.profile_id, ...above.map((one) => one.id)];
    await run(
      'decide',
      `update fitness_case set status = 'decided', decision = 'cleared', decided_by = $3, decided_at = $4,
         version = version + 1, updated_at = $4, updated_by = $3 where company_id = $1 and id = $2 and version = 1`,
      [companyId, id, by, now],
    );
    const after = { status: 'decided', decision: 'cleared', decidedBy: by, decidedAt: now };
    await note('decide', 'fitness_case', id, { status: 'acknowledged' }, after, told);
    const [made, sealed] = [
      uuidv7(),
      seal('{"assessment":{"sleepHistory":"slept seven hours"},"note":"fit after rest"}'),
    ];
    await run(
      'keep',
      `insert into fitness_decision (company_id, id, profile_id, case_id, decision, decided_by, decided_at, texts_sealed, created_at, created_by)
       values ($1, $2, $3, $4, 'cleared', $5, $6, $7, $6, $5)`,
      [companyId, made, found.profile_id, id, by, now, sealed],
    );
    const textsHash = createHash('sha256').update(sealed).digest('hex');
    await note('create', 'fitness_decision', made, {}, { ...after, caseId: id, textsHash }, []);
    const [hold] = await run<{ id: string }>(
      'hold',
      `select * from hold where company_id = $1 and case_id = $2 and kind = 'hold' and ended_at is null for no key update`,
      [companyId, id],
    );
    await run(
      'end',
      `update hold set ended_at = $3, ended_because = 'cleared', version = version + 1, updated_at = $3, updated_by = $4
       where company_id = $1 and id = $2`,
      [companyId, hold!.id, now, by],
    );
    await note('end', 'hold', hold!.id, { endedAt: null }, { endedAt: now, endedBecause: 'cleared' }, told);
    await run(
      'forget',
      `delete from due_move where company_id = $1 and entity = 'fitness_case' and entity_id = $2 and move <> 'close'`,
      [companyId, id],
    );
    await run(
      'close',
      `insert into due_move (company_id, entity, entity_id, move, due_at) values ($1, 'fitness_case', $2, 'close', $3)
       on conflict (company_id, entity, entity_id, move) do update set due_at = excluded.due_at`,
      [companyId, id, found.lapse_at],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
};
