import { crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { CredentialRequirement } from './requirements.repository.ts';
import type { createRequirementsService } from './requirements.service.ts';

interface RequirementsRouterDependencies {
  readonly service: ReturnType<typeof createRequirementsService>;
  readonly list: List;
}

/** /admin/credential/requirement */
export const requirementsModule = ({ service, list }: RequirementsRouterDependencies): Module => {
  const routes = crudRoutes({
    name: 'credentialRequirement',
    base: '/admin/credential/requirement',
    permission: 'workforce:credential-requirement',
    view: CredentialRequirement.view,
    createBody: CredentialRequirement.createBody,
    editBody: CredentialRequirement.editBody,
    list,
    service,
  });
  return {
    name: 'credential-requirements',
    base: '/admin/credential/requirement',
    permissions: ['workforce:credential-requirement:read', 'workforce:credential-requirement:write'],
    routes: routes.filter(({ contract }) => contract.method !== 'patch'),
  };
};
