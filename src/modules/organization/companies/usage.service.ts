import { inCompany } from '../../../platform/db/in-company.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import { retention } from '../../../platform/module.ts';
import type { Context, Reader, Repository, TickDefinition } from '../../../platform/module.ts';
import { limitsOf } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';
import type { Limited, PlanLimits } from './limits.ts';
import { measureFiles } from './storage.ts';
import { forgetRequests, requestsOn } from './api-requests.repository.ts';
import { forgetUsage, lastUsage, usageDays, writeUsage } from './usage.repository.ts';
import type { UsageDay } from './usage.repository.ts';

const DAY = 86_400;
const TRIM = 'organization.usage.trim';

/** What stays written down of a company's days. */
const USAGE_RETENTION = retention({ of: 'company_usage', by: TRIM, ms: 400 * DAY * 1_000 });
const REQUESTS_RETENTION = retention({ of: 'api_requests', by: TRIM, ms: 400 * DAY * 1_000 });

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
      });
    },
  };
  /** Nothing is written down where a company is not active; what was still goes in its time. */
  const trim: TickDefinition = {
    name: TRIM,
    every: DAY,
    for: 'each-company',
    run: async (scope, { now }) => {
      await work.write({ scope }, async (tx) => {
        await forgetUsage(tx, dayOf(USAGE_RETENTION.before(now)));
        await forgetRequests(tx, dayOf(REQUESTS_RETENTION.before(now)));
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
    ticks: [tick, trim],
    retentions: [USAGE_RETENTION, REQUESTS_RETENTION],
  };
};

export type UsageService = ReturnType<typeof createUsage>;
