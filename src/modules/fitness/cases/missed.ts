import type { Tx } from '../../../platform/db/database.ts';
import { holdsWithout } from '../classification/missing.ts';
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
    /** Exposure began without a test that does not hold the person: the policy's restrictions until the exposure ends, and the supervisor hears of it. */
    lacking: async (tx: Tx, row: MissedTest): Promise<void> => {
      const { id: requirementId, profileId, terms } = row;
      await telling.missed(tx, row);
      const { endsAt } = await exposureOf(tx, row);
      const { restrictions } = terms.missing;
      await holds.restrict(tx, { profileId, requirementId, level: 'none', restrictions, endsAt });
    },

    /** A test that nobody took: a case where the table holds, as a red does. The supervisor hears of it, unless they have. */
    missed: async (tx: Tx, row: MissedTest): Promise<void> => {
      const { id: requirementId, profileId, policyId, highRisk, terms, lackingSince } = row;
      if (lackingSince === null) await telling.missed(tx, row);
      if (!holdsWithout(terms.missing, highRisk)) return;
      const { shift, policy } = await exposureOf(tx, row);
      await openCase(tx, { profileId, level: 'none', highRisk, policyId, policy, shift, requirementId });
    },

    /** Somebody was found not fit, face to face, where no test could be taken: held in a case, whatever their group. */
    unfit: async (tx: Tx, row: MissedTest): Promise<void> => {
      const { id: requirementId, profileId, policyId, highRisk } = row;
      const { shift, policy } = await exposureOf(tx, row);
      await openCase(tx, { profileId, level: 'none', highRisk, policyId, policy, shift, requirementId });
    },
  };
};
