import type { List, ListQuery } from '../../../platform/db/list.ts';
import { OPERATOR_COMPANY } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import type { Sessions } from '../sessions/sessions.service.ts';
import { mayEnter } from './staff.repository.ts';

interface SupportDependencies {
  readonly work: UnitOfWork;
  readonly sessions: Pick<Sessions, 'exchange'>;
  readonly list: List;
  readonly now: () => Date;
}

export interface Support {
  /** Goes on inside a company, for an hour at most; its owner sees it, and why. */
  begin(context: Context, companyId: string, reason: string): Promise<{ companyId: string; expiresAt: string }>;
  /** Goes back to the operator. */
  end(context: Context): Promise<void>;
  page(context: Context, query: ListQuery & object): Promise<string>;
}

const HOUR = 3_600_000;

/** Support sessions: how staff enter a company. */
export const createSupport = ({ work, sessions, list, now }: SupportDependencies): Support => ({
  begin: async (context, companyId, reason) => {
    if (!(await work.read(context, (reader) => mayEnter(reader, companyId))))
      throw invalid('/companyId', 'UNKNOWN_REFERENCE');
    const expiresAt = new Date(now().getTime() + HOUR);
    await sessions.exchange(context, { companyId, profileId: null, kind: 'support', expiresAt, reason });
    return { companyId, expiresAt: expiresAt.toISOString() };
  },
  end: async (context) => {
    if (!context.principal.support) throw conflict('NO_SUPPORT_SESSION');
    await sessions.exchange(context, { companyId: OPERATOR_COMPANY, profileId: null, kind: 'operator' });
  },
  page: (context, query) => work.read(context, (reader) => list.page(reader, query)),
});
