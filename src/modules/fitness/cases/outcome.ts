import type { Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { AGAINST } from '../classification/classify.ts';
import type { FitnessPolicy } from '../classification/policy.ts';
import type { FitnessOutcome, JudgedResult, PolicyFacts, RosterFacts, ShiftFacts } from '../ports.ts';
import type { Attempts } from '../requirements/attempts.ts';
import { effectiveTime } from '../requirements/attempts.ts';
import type { Generation } from '../requirements/generation.ts';
import type { Breaches } from './breaches.repository.ts';
import { CASE_LEVELS } from './cases.repository.ts';
import type { CaseLevel, FitnessCaseRow } from './cases.repository.ts';
import type { Holds } from './holds.repository.ts';
import { exposureEnd, worse } from './opening.ts';
import type { OpenCase, Rise } from './opening.ts';

interface OutcomeDependencies {
  readonly cases: Repository<FitnessCaseRow>;
  readonly mover: Mover<FitnessCaseRow>;
  readonly holds: Holds;
  readonly openCase: OpenCase;
  readonly rise: Rise;
  readonly attempts: Attempts;
  readonly generation: Generation;
  readonly breaches: Breaches;
  readonly policies: Pick<PolicyFacts, 'policyOf'>;
  readonly roster: Pick<RosterFacts, 'shiftAround' | 'shiftsById'>;
  /** Tells the safety admins of a red that came late or with a wrong clock. */
  readonly alertSafety: (
    tx: Tx,
    about: { profileId: string; entity: 'fitness_case' | 'fitness_breach'; entityId: string; takenAt: string },
  ) => Promise<void>;
}

const isCaseLevel = (level: string): level is CaseLevel => (CASE_LEVELS as readonly string[]).includes(level);

/** Where a result stands: the policy of its person, its shift, and when the exposure that it is about ends. */
interface Standing {
  readonly policy: FitnessPolicy;
  readonly shift: ShiftFacts | undefined;
  readonly endsAt: string;
  /** It is over: the result can hold nobody any more. */
  readonly isOver: boolean;
}

/** What follows from results, in the transaction that stores them: requirements, cases, holds, restrictions, breaches. */
export const createOutcome = (dependencies: OutcomeDependencies): FitnessOutcome => {
  const { cases, mover, holds, openCase, rise, attempts, generation, breaches, alertSafety, policies, roster } =
    dependencies;

  const standingOf = async (tx: Tx, result: JudgedResult): Promise<Standing> => {
    const { policy } = await policies.policyOf(tx, result.profileId);
    const at = effectiveTime(result);
    const shift =
      result.shiftId === null
        ? await roster.shiftAround(tx, result.profileId, at)
        : (await roster.shiftsById(tx, [result.shiftId]))[0];
    const endsAt = exposureEnd(shift, at, policy);
    return { policy, shift, endsAt, isOver: Date.parse(endsAt) <= tx.now.getTime() };
  };

  const hold = async (tx: Tx, result: JudgedResult): Promise<void> => {
    const { profileId, highRisk, policyId, arrivalFlags, id: resultId } = result;
    const level = isCaseLevel(result.level) ? result.level : 'none';
    const { policy, shift, isOver } = await standingOf(tx, result);
    const isUntimely = arrivalFlags.length > 0;
    const about = { profileId, takenAt: result.takenAt };
    if (isOver) {
      if (level !== 'orange' && level !== 'red') return;
      const at = effectiveTime(result);
      const breach = await breaches.late(tx, { profileId, level, resultId, shift, arrivalFlags, at });
      if (level === 'red') await alertSafety(tx, { ...about, entity: 'fitness_breach', entityId: breach });
      return;
    }
    const row = await openCase(tx, { profileId, level, highRisk, policyId, policy, shift, resultId, arrivalFlags });
    if (isUntimely && level === 'red') await alertSafety(tx, { ...about, entity: 'fitness_case', entityId: row.id });
  };

  /** The case, when it waits for the retest: also where its rest is over and nobody has noticed yet. */
  const awaiting = async (tx: Tx, caseId: string): Promise<FitnessCaseRow | undefined> => {
    const row = await cases.lock(tx, caseId);
    const isRested = row.status === 'resting' && Date.parse(row.restUntil!) <= tx.now.getTime();
    const waiting = isRested ? await mover.moveAs(tx, tx, row, 'end_rest') : row;
    return waiting.status === 'awaiting_retest' ? waiting : undefined;
  };

  /** A valid retest is the case's; what comes when it waits for none, or is invalid, weighs as any other result. */
  const retest = async (tx: Tx, result: JudgedResult): Promise<void> => {
    const { level, caseId } = result;
    const row = caseId === null || !result.isValid ? undefined : await awaiting(tx, caseId);
    if (row !== undefined) {
      const worst = isCaseLevel(level) ? worse(row.level, level) : row.level;
      const moved = await mover.moveAs(tx, tx, row, 'retest', { resultId: result.id, level, worst });
      if (worst !== row.level) await rise(tx, moved);
    } else if (level === 'orange' || level === 'red') await hold(tx, result);
  };

  /** Outside high-risk groups yellow works on, restricted, until the second signal. */
  const restrict = async (tx: Tx, result: JudgedResult): Promise<void> => {
    const { policy, endsAt, isOver } = await standingOf(tx, result);
    if (isOver) return;
    const { profileId, id: resultId } = result;
    await holds.restrict(tx, { profileId, resultId, level: 'yellow', restrictions: policy.yellowRestrictions, endsAt });
  };

  /** Whether it is the second signal to whatever makes it yellow; a clock that cannot be trusted says nothing of before and after. */
  const settles = ({ secondSignal, reasons, arrivalFlags }: JudgedResult): boolean =>
    secondSignal !== null &&
    !arrivalFlags.includes('SKEWED') &&
    !reasons.some((reason) => AGAINST[secondSignal].includes(reason));

  /** `restricted`: the people on whom restrictions of yellow results stand, kept as they come and go. */
  const follow = async (tx: Tx, result: JudgedResult, restricted: Set<string>): Promise<void> => {
    if (result.attempt === 'retest') return retest(tx, result);
    const { profileId, shiftId, id: triggerResultId, secondSignal: kind, takenAt } = result;
    if (result.opensCase) await hold(tx, result);
    else if (kind !== null && settles(result)) {
      if (restricted.has(profileId)) await holds.settle(tx, { profileId, kind, takenAt });
    } else if (result.level === 'yellow') {
      await restrict(tx, result);
      restricted.add(profileId);
    }
    if (!result.isAlert || result.supersedes !== null) return;
    await generation.forCause(tx, { profileId, shiftId, triggerResultId, kind: 'for_cause' });
  };

  return {
    onResults: async (tx, all) => {
      const results = all.filter(({ practice }) => !practice);
      if (results.length === 0) return;
      await attempts(tx, tx, results);
      const restricted = await holds.restrictedAmong(
        tx,
        results.map(({ profileId }) => profileId),
      );
      for (const result of results) await follow(tx, result, restricted);
    },
  };
};
