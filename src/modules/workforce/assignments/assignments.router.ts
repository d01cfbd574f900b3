import { crudRoutes, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import type { TickDefinition } from '../../../platform/jobs/definitions.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { WorkAssignment } from './assignments.repository.ts';
import type { AssignmentRow } from './assignments.repository.ts';
import type { createAssignmentsService } from './assignments.service.ts';

interface AssignmentsRouterDependencies {
  readonly service: ReturnType<typeof createAssignmentsService>;
  readonly list: List;
  readonly lifecycle: Lifecycle<AssignmentRow>;
  readonly ticks: readonly TickDefinition[];
}

/** /admin/assignment */
export const assignmentsModule = ({ service, list, lifecycle, ticks }: AssignmentsRouterDependencies): Module => {
  const common = {
    name: 'assignment',
    permission: 'workforce:assignment',
    view: WorkAssignment.view,
    service,
  } as const;
  return {
    name: 'assignments',
    requires: ['projects', 'contracts', 'shifts', 'task-kinds'],
    base: '/admin/assignment',
    permissions: ['workforce:assignment:read', 'workforce:assignment:write', 'workforce:assignment:move'],
    lifecycles: [lifecycle],
    ticks,
    routes: [
      ...crudRoutes({
        ...common,
        base: '/admin/assignment',
        list,
        createBody: WorkAssignment.createBody,
        editBody: WorkAssignment.editBody,
      }),
      ...moveRoutes({ ...common, lifecycle }),
    ],
  };
};
