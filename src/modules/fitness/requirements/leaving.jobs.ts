import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository } from '../../../platform/module.ts';
import { dueOfProfile } from './requirements.repository.ts';
import type { RequirementRow } from './requirements.repository.ts';

/** Asked for when a person's time in the company is over. */
export const DROP_REQUIREMENTS = 'fitness.requirements.drop';

interface LeavingDependencies {
  readonly work: UnitOfWork;
  readonly requirements: Repository<RequirementRow>;
  readonly now: () => Date;
}

/** Of somebody who left nothing is required any more: what was not missed by then never is. */
export const dropJob = ({ work, requirements, now }: LeavingDependencies): JobDefinition =>
  job<{ profileId: string }>({
    name: DROP_REQUIREMENTS,
    run: async ({ profileId }, { scope }) => {
      const ids = await work.read({ scope }, (reader) => dueOfProfile(reader, profileId, now()));
      for (const id of ids)
        await work.write({ scope }, async (tx) => {
          const row = await requirements.lock(tx, id);
          if (row.status === 'due') await requirements.remove(tx, row, { reason: 'PROFILE_ENDED' });
        });
    },
  });
