import { createCompanyLifecycle } from '../modules/organization/companies/companies.lifecycle.ts';
import { Company, companyList, ownCompany } from '../modules/organization/companies/companies.repository.ts';
import { companiesModule } from '../modules/organization/companies/companies.router.ts';
import { createSignUps } from '../modules/organization/companies/sign-ups.service.ts';
import type { SignUps } from '../modules/organization/companies/sign-ups.service.ts';
import { createCompaniesService } from '../modules/organization/companies/companies.service.ts';
import { countUsers } from '../modules/organization/profiles/profiles.repository.ts';
import type { Founding } from '../modules/organization/profiles/founding.service.ts';
import { inCompany } from '../platform/db/in-company.ts';
import { createOperatorRepository } from '../platform/db/operator-repository.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

/** Companies themselves: the operator's table, and each company's page about itself. */
export const wireCompanies = (
  platform: Platform,
  { founding }: { readonly founding: Founding },
): { readonly module: Module; readonly signUps: SignUps } => {
  const repository = createOperatorRepository(Company, platform.changes);
  const list = platform.list(companyList);
  const lifecycle = createCompanyLifecycle((tx, { row, input, worker }, action) => {
    const { session: _session, ...scope } = worker.scope;
    const { reason } = input as { reason?: string };
    return inCompany(tx, { ...scope, companyId: row.id }, (inside) =>
      platform.changes.event(inside, { entity: 'company', entityId: row.id, action, ...(reason && { reason }) }),
    );
  });
  const service = createCompaniesService({
    ...platform,
    repository,
    list,
    own: platform.list(ownCompany),
    mover: platform.mover(lifecycle, repository),
    owners: founding,
    countUsers,
  });
  return {
    module: companiesModule(service),
    signUps: createSignUps({ repository, join: founding.join }),
  };
};
