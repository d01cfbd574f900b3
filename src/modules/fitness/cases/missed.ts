import type { Tx } from '../../../platform/db/database.ts';
import type { MissedTest, PolicyFacts, RosterFacts } from '../ports.ts';
import type { Telling } from './escalation.ts';
import type { Holds } from './holds.repository.ts';
import { exposureEnd } from './opening.ts';
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
    const { policy } = await policies.policyOf(tx, profileId);
    const endsAt = exposureEnd(shift, row.dueAt, policy);
    if (highRisk) {
      await openCase(tx, { profileId, level: 'none', highRisk, policyId, policy, shift, requirementId });
    } else if (Date.parse(endsAt) > tx.now.getTime()) {
      const { missingRestrictions: restrictions } = policy;
      await holds.restrict(tx, { profileId, requirementId, level: 'none', restrictions, endsAt });
    }
  };
