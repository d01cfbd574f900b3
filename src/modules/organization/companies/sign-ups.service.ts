import { inCompany } from '../../../platform/db/in-company.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { isZone } from '../../../platform/time/zone.ts';
import { invalid } from '../../../platform/module.ts';
import type { Repository, Tx } from '../../../platform/module.ts';
import type { CompanyRow } from './companies.repository.ts';
import { slugFault } from './slugs.ts';

export interface SignedUpCompany {
  readonly name: string;
  readonly slug: string;
  readonly timezone: string;
  readonly locale: Locale;
}

interface SignUpsDependencies {
  readonly repository: Repository<CompanyRow>;
  /** Makes the person the active owner of a company, inside a transaction of that company. */
  readonly join: (
    tx: Tx,
    founder: { firstName: string; lastName: string; email: string },
    personId: string,
  ) => Promise<string>;
}

/** Companies that their own people sign up. */
export interface SignUps {
  /**
   * In the operator's transaction: a company of the standard kind and plan that waits to be let in, and its owner. 409 when
   * the name or slug is taken, 422 when the slug cannot be.
   */
  found(
    tx: Tx,
    company: SignedUpCompany,
    founder: { firstName: string; lastName: string; email: string },
    personId: string,
  ): Promise<CompanyRow>;
}

/** Founds companies for identity, whose sign-up proved who asks. */
export const createSignUps = ({ repository, join }: SignUpsDependencies): SignUps => ({
  found: async (tx, { name, slug, timezone, locale }, founder, personId) => {
    const fault = slugFault(slug);
    if (fault !== undefined) throw invalid('/company/slug', fault);
    if (!isZone(timezone)) throw invalid('/company/timezone', 'TIME_ZONE');
    const company = await repository.insert(
      tx,
      {
        name,
        slug,
        timezone,
        locale,
        kind: 'standard',
        plan: 'standard',
        status: 'pending',
        accessEpoch: 1,
        limits: {},
        addresses: [],
        contacts: [],
        taxId: null,
        parentId: null,
        customDomain: null,
        archiveAt: null,
        purgeAt: null,
        purgeStep: null,
      },
      { action: 'sign_up' },
    );
    await inCompany(tx, { ...tx.scope, companyId: company.id }, (own) => join(own, founder, personId));
    return company;
  },
});
