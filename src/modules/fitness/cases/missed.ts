import type { Tx } from '../../../platform/db/database.ts';
import type { MissedTest, PolicyFacts, RosterFacts } from '../ports.ts';
import type { Telling } from './escalation.ts';
import type { Holds } from './holds.repository.ts';
import { endOf, EXPOSURE_MS } from './opening.ts';
import type { OpenCase } from './opening.ts';

interface MissedDependencies {
  readonly holds: Holds;
  readonly openCase: OpenCase;
  readonly telling: Telling;
  readonly policies: Pick<PolicyFacts, 'policyOf'>;
  readonly roster: Pick<RosterFacts, 'shiftsById'>;
}

/**
 * What a test that nobody took brings: in high-risk groups a case that holds, as a red does; elsewhere the policy's
 * restrictions for the rest of the shift. The supervisor hears of it either way. The profile must be locked.
 */
export const createMissed =
  ({ holds, openCase, telling, policies, roster }: MissedDependencies) =>
  async (tx: Tx, row: MissedTest): Promise<void> => {
    const { id: requirementId, profileId, policyId, highRisk, shiftId } = row;
    await telling.missed(tx, row);
    const shift = shiftId === null ? undefined : (await roster.shiftsById(tx, [shiftId]))[0];
    const end = shift === undefined ? Date.parse(row.dueAt) + EXPOSURE_MS : Date.parse(endOf(shift));
    const { policy } = await policies.policyOf(tx, profileId);
    if (highRisk) {
      await openCase(tx, { profileId, level: 'none', highRisk, policyId, policy, shift, requirementId });
    } else if (end > tx.now.getTime()) {
      const { missingRestrictions: restrictions } = policy;
      const endsAt = new Date(end).toISOString();
      await holds.restrict(tx, { profileId, requirementId, level: 'none', restrictions, endsAt });
    }
  };
