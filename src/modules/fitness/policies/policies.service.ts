import type { List, ListQuery } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, notFound, Problem } from '../../../platform/problem.ts';
import { CLASSIFICATION_VERSION } from '../classification/classify.ts';
import { checkPolicy, DEFAULT_FITNESS_POLICY } from '../classification/policy.ts';
import type { FitnessPolicy } from '../classification/policy.ts';
import type { StoredPolicyRow } from './policies.repository.ts';

interface PoliciesDependencies {
  readonly repository: Repository<StoredPolicyRow>;
  readonly list: List;
  readonly work: UnitOfWork;
}

const mustFit = (policy: FitnessPolicy): void => {
  const problems = checkPolicy(policy);
  if (problems.length > 0)
    throw new Problem(422, 'INVALID', {
      errors: problems.map((code) => ({ pointer: '/policy', code, in: 'body' as const })),
    });
};

/** Two first versions at once meet in the database; so does a group of another company. */
const isTaken = (error: unknown): boolean =>
  error instanceof Problem &&
  error.code === 'DUPLICATE' &&
  error.options.constraint?.startsWith('fitness_policy') === true;

/** Fitness policies of risk groups and the company's default. They are never changed: each change is a version of its own. */
export const createPoliciesService = ({ repository, list, work }: PoliciesDependencies) => {
  return {
    /** What holds without a policy of one's own. The empty read asks whether the session still stands. */
    byDefault: (context: Context) =>
      work.read(context, () =>
        Promise.resolve({ policy: DEFAULT_FITNESS_POLICY, ruleVersion: CLASSIFICATION_VERSION }),
      ),
    list: (context: Context, query: ListQuery & object) => work.read(context, (reader) => list.page(reader, query)),
    detail: async (context: Context, id: string) => {
      const found = await work.read(context, (reader) => list.one(reader, id));
      if (found === undefined) throw notFound();
      return found;
    },
    /** The first policy of a risk group (or, without one, the company's default). 409 where there is one. */
    create: async (
      context: Context,
      body: { riskGroupId?: string | null; policy: FitnessPolicy; reason?: string | null },
    ): Promise<StoredPolicyRow> => {
      mustFit(body.policy);
      const riskGroupId = body.riskGroupId ?? null;
      try {
        return await work.write(context, async (tx) => {
          await repository.references.hold(tx, { riskGroupId });
          const own = { status: 'active' as const, revision: 1, reason: body.reason ?? null, supersededAt: null };
          return repository.insert(tx, { riskGroupId, policy: body.policy, ...own });
        });
      } catch (error) {
        throw isTaken(error) ? conflict('POLICY_EXISTS') : error;
      }
    },
    /** A new version in place of the active one. 409 for a version that is superseded already. */
    revise: (
      context: Context,
      id: string,
      { policy, reason }: { policy: FitnessPolicy; reason: string },
      version: number,
    ): Promise<StoredPolicyRow> => {
      mustFit(policy);
      return work.write(context, async (tx) => {
        const old = await repository.lock(tx, id, version);
        if (old.status !== 'active') throw conflict('POLICY_SUPERSEDED');
        const supersededAt = tx.now.toISOString();
        await repository.update(tx, old, { status: 'superseded', supersededAt }, { action: 'supersede', reason });
        const { riskGroupId } = old;
        const next = { riskGroupId, policy, reason, revision: old.revision + 1, supersededAt: null };
        return repository.insert(tx, { ...next, status: 'active' as const }, { reason });
      });
    },
  };
};
