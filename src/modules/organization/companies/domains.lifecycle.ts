import { lifecycle, move } from '../../../platform/module.ts';
import type { Enqueue, Lifecycle, Tx } from '../../../platform/module.ts';
import { CompanyDomain } from './domains.repository.ts';
import type { CompanyDomainRow } from './domains.repository.ts';

export const CHECK_DOMAIN = 'organization.domain.check';

const DAY = 86_400_000;
const tomorrow = (now: Date): string => new Date(now.getTime() + DAY).toISOString();

/**
 * claimed -> verified <-> lapsed. What is verified is looked up again each day; `miss` notes that the record is not there any
 * more, `lapse` ends it. All of it is the system's to do, for it is DNS that says so.
 */
export const createDomainLifecycle = (enqueue: Enqueue): Lifecycle<CompanyDomainRow> => {
  const look = async (tx: Tx, { row }: { readonly row: CompanyDomainRow }): Promise<void> => {
    await enqueue(tx, CHECK_DOMAIN, { domainId: row.id });
  };
  return lifecycle<CompanyDomainRow>({
    entity: CompanyDomain,
    initial: 'claimed',
    moves: {
      verify: move({
        from: ['claimed', 'verified', 'lapsed'],
        to: 'verified',
        system: true,
        summary: 'The record is there',
        set: ({ row }, now) => ({
          verifiedAt: row.status === 'verified' ? row.verifiedAt : now.toISOString(),
          checkedAt: now.toISOString(),
          failingSince: null,
          checkAt: tomorrow(now),
        }),
      }),
      recheck: move({
        from: ['verified'],
        to: 'verified',
        system: true,
        summary: 'It is time to look again',
        dueAt: ({ checkAt }) => (checkAt === null ? null : new Date(checkAt)),
        set: (_about, now) => ({ checkAt: tomorrow(now) }),
        effect: look,
      }),
      miss: move({
        from: ['verified'],
        to: 'verified',
        system: true,
        summary: 'The record is not there any more',
        set: ({ row }, now) => ({
          failingSince: row.failingSince ?? now.toISOString(),
          checkedAt: now.toISOString(),
        }),
      }),
      lapse: move({
        from: ['verified'],
        to: 'lapsed',
        system: true,
        summary: 'The record was missing for too long',
        set: (_about, now) => ({ checkedAt: now.toISOString(), verifiedAt: null, checkAt: null }),
      }),
    },
  });
};
