import { createCompanyLifecycle } from '../modules/organization/companies/companies.lifecycle.ts';
import {
  childCompanies,
  Company,
  companyList,
  ownCompany,
} from '../modules/organization/companies/companies.repository.ts';
import type { CompanyRow } from '../modules/organization/companies/companies.repository.ts';
import { companiesModule } from '../modules/organization/companies/companies.router.ts';
import { createDomainLifecycle } from '../modules/organization/companies/domains.lifecycle.ts';
import { CompanyDomain } from '../modules/organization/companies/domains.repository.ts';
import { domainsModule } from '../modules/organization/companies/domains.router.ts';
import { createDomains } from '../modules/organization/companies/domains.service.ts';
import type { PlanLimits } from '../modules/organization/companies/limits.ts';
import type { CompanyNotices } from '../modules/organization/companies/notices.ts';
import { createPurge } from '../modules/organization/companies/purge.service.ts';
import type { Leaving } from '../modules/organization/companies/purge.service.ts';
import { createSignUps } from '../modules/organization/companies/sign-ups.service.ts';
import type { SignUps } from '../modules/organization/companies/sign-ups.service.ts';
import { createCompaniesService } from '../modules/organization/companies/companies.service.ts';
import { CLOSING_SETTING } from '../modules/organization/companies/settings.ts';
import { createUsage } from '../modules/organization/companies/usage.service.ts';
import type { Founding } from '../modules/organization/profiles/founding.service.ts';
import type { Tx } from '../platform/db/database.ts';
import { inCompany } from '../platform/db/in-company.ts';
import { createOperatorRepository } from '../platform/db/operator-repository.ts';
import { createRowPurge } from '../platform/db/purge.ts';
import type { Module } from '../platform/http/module.ts';
import type { MoveContext } from '../platform/lifecycle/lifecycle.ts';
import type { Platform } from './platform.ts';

interface CompaniesNeeds {
  readonly founding: Founding;
  readonly notices: CompanyNotices;
  readonly limits: PlanLimits;
  readonly leaving: Leaving;
}

/** Companies themselves: the operator's table, and each company's page about itself. */
export const wireCompanies = (
  platform: Platform,
  { founding, notices, limits, leaving }: CompaniesNeeds,
): { readonly modules: readonly Module[]; readonly signUps: SignUps } => {
  const repository = createOperatorRepository(Company, platform.changes);
  const list = platform.list(companyList);
  const inside = <T>(
    tx: Tx,
    { row, worker }: MoveContext<CompanyRow, object>,
    work: (own: Tx) => Promise<T>,
  ): Promise<T> => {
    const { session: _session, ...scope } = worker.scope;
    return inCompany(tx, { ...scope, companyId: row.id }, work);
  };
  const lifecycle = createCompanyLifecycle(
    (tx, about, action) => {
      const { reason } = about.input as { reason?: string };
      const event = { entity: 'company', entityId: about.row.id, action, ...(reason && { reason }) };
      return inside(tx, about, (own) => platform.changes.event(own, event));
    },
    async (tx, about) =>
      (await inside(tx, about, (own) => platform.configuration.get(own, CLOSING_SETTING))).purgeAfterDays,
    platform.enqueue,
  );
  const mover = platform.mover(lifecycle, repository);
  const service = createCompaniesService({
    ...platform,
    repository,
    list,
    own: platform.list(ownCompany),
    children: platform.list(childCompanies),
    mover,
    owners: founding,
  });
  const domains = platform.repository(CompanyDomain);
  const domainLifecycle = createDomainLifecycle(platform.enqueue);
  const domainService = createDomains({
    ...platform,
    repository: domains,
    mover: platform.mover(domainLifecycle, domains),
    companies: repository,
    notices,
    host: new URL(platform.publicUrl).hostname,
  });
  return {
    modules: [
      companiesModule({
        service,
        usage: createUsage({ ...platform, limits, companies: repository }),
        jobs: [createPurge({ ...platform, repository, mover, leaving, rows: createRowPurge(platform.system) })],
      }),
      domainsModule(domainService, domainLifecycle),
    ],
    signUps: createSignUps({ repository, join: founding.join }),
  };
};
