import { crudRoutes, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { contractLifecycle } from './contracts.lifecycle.ts';
import { Contract } from './contracts.repository.ts';
import type { createContractsService } from './contracts.service.ts';

interface ContractsRouterDependencies {
  readonly service: ReturnType<typeof createContractsService>;
  readonly list: List;
}

/** /admin/contract */
export const contractsModule = ({ service, list }: ContractsRouterDependencies): Module => {
  const common = { name: 'contract', permission: 'workforce:contract', view: Contract.view, service } as const;
  return {
    name: 'contracts',
    base: '/admin/contract',
    permissions: ['workforce:contract:read', 'workforce:contract:write', 'workforce:contract:move'],
    lifecycles: [contractLifecycle],
    routes: [
      ...crudRoutes({
        ...common,
        base: '/admin/contract',
        list,
        createBody: Contract.createBody,
        editBody: Contract.editBody,
      }),
      ...moveRoutes({ ...common, lifecycle: contractLifecycle }),
    ],
  };
};
