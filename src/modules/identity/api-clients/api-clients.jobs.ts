import type { Database } from '../../../platform/db/database.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository } from '../../../platform/module.ts';
import type { ApiClientRow } from './api-clients.repository.ts';

/** Switches a machine client at the identity provider as it stands here. */
export const ALIGN_CLIENT = 'identity.api-client.align';

interface ApiClientJobsDependencies {
  readonly db: Pick<Database, 'read'>;
  readonly repository: Pick<Repository<ApiClientRow>, 'find'>;
  readonly identityProvider: Pick<IdentityProvider, 'machineClients'>;
}

/** One that the provider does not have needs no switch: a secret is given once, so it is not made anew. */
export const apiClientJobs = ({ db, repository, identityProvider }: ApiClientJobsDependencies): JobDefinition[] => [
  job<{ id: string }>({
    name: ALIGN_CLIENT,
    run: async ({ id }, { scope }) => {
      const row = await db.read(scope, (reader) => repository.find(reader, id));
      if (row === undefined) return;
      try {
        await identityProvider.machineClients.setEnabled(row.clientId, row.status === 'active');
      } catch (error) {
        if (!isProviderError(error, 'not_found')) throw error;
      }
    },
  }),
];
