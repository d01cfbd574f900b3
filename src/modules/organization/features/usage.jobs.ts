import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { retention } from '../../../platform/module.ts';
import type { TickDefinition } from '../../../platform/module.ts';
import { forgetUse } from './usage.repository.ts';

const DAY = 86_400_000;

/** What was used of features. The longest period is a year: a count goes when no zone is in its period any more. */
export const USE_RETENTION = retention({ of: 'usage_counter', by: 'organization.feature-use.trim', ms: 400 * DAY });

/** Forgets counts of periods that are long past, daily. */
export const forgetUseTick = ({ work }: { readonly work: UnitOfWork }): TickDefinition => ({
  name: USE_RETENTION.by,
  every: DAY / 1_000,
  for: 'each-company',
  run: async (scope, { now }) => {
    await work.write({ scope }, (tx) => forgetUse(tx, USE_RETENTION.before(now).toISOString().slice(0, 10)));
  },
});
