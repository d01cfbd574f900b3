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

/** What follows when there is no test. The profiles must be locked. */
export const createMissed = ({ holds, openCase, telling, policies, roster }: MissedDependencies) => {
  const exposureOf = async (tx: Tx, { profileId, shiftId, dueAt }: MissedTest) => {
    const shift = shiftId === null ? undefined : (await roster.shiftsById(tx, [shiftId]))[0];
    const { policy } = await policies.policyOf(tx, profileId);
    return { shift, policy, endsAt: exposureEnd(shift, dueAt, policy) };
  };
  return {
    /**
     * A test that nobody took: in high-risk groups a case that holds, as a red does; elsewhere the policy's restrictions for the
     * rest of the shift. The supervisor hears of it either way.
     */
    missed: async (tx: Tx, row: MissedTest): Promise<void> => {
      const { id: requirementId, profileId, policyId, highRisk } = row;
      await telling.missed(tx, row);
      const { shift, policy, endsAt } = await exposureOf(tx, row);
      if (highRisk) {
        await openCase(tx, { profileId, level: 'none', highRisk, policyId, policy, shift, requirementId });
      } else if (Date.parse(endsAt) > tx.now.getTime()) {
        const { missingRestrictions: restrictions } = policy;
        await holds.restrict(tx, { profileId, requirementId, level: 'none', restrictions, endsAt });
      }
    },

    /** Somebody was found not fit, face to face, where no test could be taken: held in a case, whatever their group. */
    unfit: async (tx: Tx, row: MissedTest): Promise<void> => {
      const { id: requirementId, profileId, policyId, highRisk } = row;
      const { shift, policy } = await exposureOf(tx, row);
      await openCase(tx, { profileId, level: 'none', highRisk, policyId, policy, shift, requirementId });
    },
  };
};
