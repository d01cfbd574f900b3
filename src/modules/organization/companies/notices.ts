import type { Tx } from '../../../platform/module.ts';
import type { CompanyDomainRow } from './domains.repository.ts';
import type { Level, Limited } from './limits.ts';

/** Tells a company's owners and admins. */
export interface CompanyNotices {
  /** That their domain is not proven any more, or names them no more. */
  domain(tx: Tx, notice: 'domain_failing' | 'domain_lapsed', domain: CompanyDomainRow): Promise<void>;
  /** That what they use of their plan has reached so many percent of a limit. */
  limit(
    tx: Tx,
    reached: { readonly counted: Limited; readonly level: Level; readonly limit: number; readonly day?: string },
  ): Promise<void>;
}
