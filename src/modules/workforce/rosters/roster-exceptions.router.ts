import { crudRoutes, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { RosterExceptionEntity } from './roster-exceptions.repository.ts';
import type { RosterExceptionRow } from './roster-exceptions.repository.ts';
import type { createRosterExceptionsService } from './roster-exceptions.service.ts';

interface RosterExceptionsRouterDependencies {
  readonly service: ReturnType<typeof createRosterExceptionsService>;
  readonly list: List;
  readonly lifecycle: Lifecycle<RosterExceptionRow>;
}

/** /admin/assignment/roster-exception */
export const rosterExceptionsModule = ({ service, list, lifecycle }: RosterExceptionsRouterDependencies): Module => {
  const base = '/admin/assignment/roster-exception';
  const common = {
    name: 'rosterException',
    permission: 'workforce:roster-exception',
    view: RosterExceptionEntity.view,
    service,
  } as const;
  const { createBody, editBody } = RosterExceptionEntity;
  const routes = crudRoutes({ ...common, base, list, createBody, editBody });
  return {
    name: 'roster-exceptions',
    requires: ['shifts'],
    base,
    permissions: [
      'workforce:roster-exception:read',
      'workforce:roster-exception:write',
      'workforce:roster-exception:decide',
    ],
    lifecycles: [lifecycle],
    routes: [...routes.filter(({ contract }) => contract.method !== 'patch'), ...moveRoutes({ ...common, lifecycle })],
  };
};
