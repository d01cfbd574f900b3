import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { TickDefinition } from '../../../platform/jobs/definitions.ts';
import type { Notices } from '../ports.ts';
import { takeExpiryNotices } from './credentials.repository.ts';

interface ExpiryTickDependencies {
  readonly work: UnitOfWork;
  readonly notices: Notices;
}

/** Tells people and their superiors 30, 7 and 1 days before a credential ends, once each, in their own days. */
export const expiryTick = ({ work, notices }: ExpiryTickDependencies): TickDefinition => ({
  name: 'workforce.credentials.notify',
  every: 3_600,
  for: 'each-active-company',
  run: (scope) =>
    work.write({ scope }, async (tx) => {
      for (const { credentialId, kind, validTo, days, profileIds } of await takeExpiryNotices(tx))
        await notices.notify(tx, {
          kind: 'credential.expiring',
          profileIds,
          entity: 'credential',
          entityId: credentialId,
          params: { credential: kind, days, validTo },
        });
    }),
});
