import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY } from '../../src/platform/db/scope.ts';
import { eventually } from './people.ts';
import type { visitorsOf } from './people.ts';

/** The comparison of the provider with what stands here, as it is made each night. */
export const nightOf = ({ sql }: Pick<ReturnType<typeof visitorsOf>, 'sql'>) => ({
  /** Compares, to the end. */
  compare: async (): Promise<void> => {
    const id = uuidv7();
    await sql(
      `insert into outbox (company_id, id, job, payload, trace_id, run_at, state, created_at)
       values ($1, $2, 'identity.provider.reconcile', '{}', $3, $4, 'waiting', $4)`,
      [OPERATOR_COMPANY, id, 'a'.repeat(32), new Date()],
    );
    await eventually(async () => (await sql(`select 1 from outbox where id = $1 and state = 'done'`, [id])).length > 0);
  },
  /** What it found about these. */
  drift: async (subjects: readonly string[]): Promise<unknown[]> =>
    (
      await sql<{ kind: string; subject: string; mended: boolean }>(
        'select kind, subject, mended from provider_drift where subject = any($1)',
        [subjects],
      )
    ).map(({ kind, subject, mended }) => [kind, subject, mended]),
});
