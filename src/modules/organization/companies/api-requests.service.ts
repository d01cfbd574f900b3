import type { Database } from '../../../platform/db/database.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { MachineRequests } from '../../../platform/http/serve.ts';
import { Problem } from '../../../platform/module.ts';
import { dateAt, dayBounds } from '../../../platform/time/zone.ts';
import { NO_LIMIT, takeRequests } from './api-requests.repository.ts';
import { limitsOf } from './companies.repository.ts';
import type { PlanLimits } from './limits.ts';

interface ApiRequestsDependencies {
  readonly db: Pick<Database, 'write'>;
  readonly limits: Pick<PlanLimits, 'tell'>;
  readonly now: () => Date;
}

/** What this process may still let through of a company's day. */
interface Allotment {
  readonly day: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  left: number;
  /** The limit at which there was nothing left for it, and until when that is not asked again. */
  usedUp?: { readonly limit: number; readonly until: number };
  taking?: Promise<void>;
}

/** How long a plan that is enlarged may go unnoticed by a process that has nothing left; milliseconds. */
const UNASKED = 1_000;

const allotmentOf = (at: Date, zone: string): Allotment => {
  const day = dateAt(at, zone);
  const { from, to } = dayBounds(day, zone);
  return { day, from: from.getTime(), to: to.getTime(), left: 0 };
};

/**
 * Counts what a company's machine clients ask in a day of its zone, and refuses what its plan does not have. The count is one row
 * in PostgreSQL for all processes; each takes some at once, one of a hundred, so that few requests write and none is let through
 * too many. A process that ends leaves what it took and did not use: one of a hundred at most.
 */
export const createApiRequests = ({ db, limits, now }: ApiRequestsDependencies): MachineRequests => {
  const known = new Map<string, Allotment>();
  const today = (companyId: string, timezone: string): Allotment => {
    const at = now();
    const found = known.get(companyId);
    if (found !== undefined && found.from <= at.getTime() && at.getTime() < found.to) return found;
    const fresh = allotmentOf(at, timezone);
    known.set(companyId, fresh);
    return fresh;
  };
  const take = async (companyId: string, allotment: Allotment, traceId: string): Promise<void> => {
    const { day } = allotment;
    const { taken, limit } = await db.write(systemScope(companyId, 'machine-requests', traceId), async (tx) => {
      const { apiPerDay } = await limitsOf(tx);
      const found = await takeRequests(tx, day, apiPerDay ?? NO_LIMIT);
      const { used } = found;
      if (apiPerDay !== undefined)
        await limits.tell(tx, { counted: 'apiPerDay', limit: apiPerDay, used, before: used - found.taken, day });
      return { ...found, limit: apiPerDay ?? NO_LIMIT };
    });
    if (taken === 0) allotment.usedUp = { limit, until: now().getTime() + UNASKED };
    else allotment.left += taken;
  };
  return {
    count: async ({ companyId, timezone }, { traceId }) => {
      const allotment = today(companyId, timezone);
      while (allotment.left === 0) {
        const { usedUp } = allotment;
        const at = now().getTime();
        if (usedUp !== undefined && at < usedUp.until)
          throw new Problem(429, 'API_LIMIT', {
            retryAfter: Math.ceil((allotment.to - at) / 1_000),
            params: { limit: usedUp.limit },
          });
        allotment.taking ??= take(companyId, allotment, traceId).finally(() => delete allotment.taking);
        await allotment.taking;
      }
      allotment.left -= 1;
    },
  };
};
