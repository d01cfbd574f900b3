import { inCompany } from '../../../platform/db/in-company.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import type { Context, Reader, Repository, TickDefinition } from '../../../platform/module.ts';
import { limitsOf } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';
import type { Limited, PlanLimits } from './limits.ts';
import { measureFiles } from './storage.ts';
import { forgetRequests, requestsOn } from './api-requests.repository.ts';
import { forgetUsage, lastUsage, usageDays, writeUsage } from './usage.repository.ts';
import type { UsageDay } from './usage.repository.ts';

const DAY = 86_400;
/** Days that stay written down. */
const KEPT_DAYS = 400;

interface UsageDependencies {
  readonly work: UnitOfWork;
  readonly files: Pick<FileStore, 'list'>;
  readonly limits: PlanLimits;
  readonly companies: Pick<Repository<CompanyRow>, 'get'>;
  readonly now: () => Date;
}

export interface Usage {
  readonly limits: CompanyRow['limits'];
  readonly used: Readonly<Record<Limited, number>>;
  readonly days: UsageDay[];
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** What companies use of their plans, now and day by day. */
export const createUsage = ({ work, files, limits, companies, now: clock }: UsageDependencies) => {
  const read = async (reader: Reader): Promise<Usage> => ({
    limits: await limitsOf(reader),
    used: { ...(await limits.used(reader)), apiPerDay: await requestsOn(reader, clock()) },
    days: await usageDays(reader),
  });
  const tick: TickDefinition = {
    name: 'organization.usage.snapshot',
    every: DAY,
    timeout: 1_800_000,
    for: 'each-active-company',
    run: async (scope, { now }) => {
      await measureFiles({ work, files }, { scope });
      await work.write({ scope }, async (tx) => {
        const allowed = await limitsOf(tx);
        const used = await limits.used(tx);
        const before = await lastUsage(tx);
        if (!(await writeUsage(tx, dayOf(now), used, allowed))) return;
        await limits.warn(tx, allowed, used, before);
        const first = dayOf(new Date(now.getTime() - KEPT_DAYS * DAY * 1_000));
        await forgetUsage(tx, first);
        await forgetRequests(tx, first);
      });
    },
  };
  return {
    /** Of the caller's own company. */
    own: (context: Context): Promise<Usage> => work.read(context, read),
    /** Of any company, for the operator's staff. 404 for one that is not there. */
    of: (context: Context, id: string): Promise<Usage> =>
      work.write(context, async (tx) => {
        await companies.get(tx, id);
        const { session: _session, ...rest } = context.scope;
        const there: Scope = { ...rest, companyId: id };
        return inCompany(tx, there, read);
      }),
    ticks: [tick],
  };
};

export type UsageService = ReturnType<typeof createUsage>;
