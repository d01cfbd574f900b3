import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../../../platform/db/database.ts';
import type { FitnessNotice, Notices } from '../notices.ts';
import type { EscalationStep, MissedTest, Recipients } from '../ports.ts';
import type { FitnessCaseRow } from './cases.repository.ts';

/** Tells people in the transaction of what they are told about, and writes down whom a case was put before. */
export const createTelling = (notices: readonly Notices[], { recipientsOf }: Pick<Recipients, 'recipientsOf'>) => {
  const notify = async (tx: Tx, notice: FitnessNotice): Promise<void> => {
    for (const each of notices) await each.notify(tx, notice);
  };
  return {
    tell: async (tx: Tx, row: FitnessCaseRow, step: EscalationStep): Promise<void> => {
      const { id: entityId, profileId, level } = row;
      const recipients = await recipientsOf(tx, step, profileId, tx.now);
      await tx.prepared(
        `insert into case_escalation (company_id, id, case_id, step, at, profile_ids, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $5, $7) on conflict do nothing`,
        [tx.companyId, uuidv7(), entityId, step, tx.now, recipients, tx.scope.actor.id],
      );
      const kind = step === 'supervisor' ? 'test_alert' : 'case_escalation';
      await notify(tx, { kind, recipients, profileId, entity: 'fitness_case', entityId, params: { level, step } });
    },

    recheck: async (tx: Tx, { id: entityId, profileId }: FitnessCaseRow): Promise<void> => {
      const recipients = await recipientsOf(tx, 'supervisor', profileId, tx.now);
      await notify(tx, { kind: 'case_recheck', recipients, profileId, entity: 'fitness_case', entityId, params: {} });
    },

    missed: async (tx: Tx, { id: entityId, profileId, kind }: MissedTest): Promise<void> => {
      const recipients = await recipientsOf(tx, 'supervisor', profileId, tx.now);
      await notify(tx, {
        kind: 'test_missed',
        recipients,
        profileId,
        entity: 'requirement',
        entityId,
        params: { kind },
      });
    },

    alertSafety: async (
      tx: Tx,
      {
        profileId,
        entity,
        entityId,
        takenAt,
      }: Pick<FitnessNotice, 'entity' | 'entityId'> & {
        readonly profileId: string;
        readonly takenAt: string;
      },
    ): Promise<void> => {
      const recipients = await recipientsOf(tx, 'safety_admin', profileId, tx.now);
      await notify(tx, {
        kind: 'test_alert',
        recipients,
        profileId,
        entity,
        entityId,
        params: { level: 'red', step: 'safety_admin', takenAt },
      });
    },
  };
};

export type Telling = ReturnType<typeof createTelling>;
