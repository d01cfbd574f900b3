import { job } from '../../../platform/module.ts';
import type { JobDefinition } from '../../../platform/module.ts';
import type { createLicensesService } from './licenses.service.ts';

/** Asked for when a person's time in the company is over. */
export const FREE_LICENSES = 'commerce.licenses.free';

export const freeJob = ({ freeAll }: Pick<ReturnType<typeof createLicensesService>, 'freeAll'>): JobDefinition =>
  job<{ profileId: string }>({ name: FREE_LICENSES, run: ({ profileId }, { scope }) => freeAll(scope, profileId) });
