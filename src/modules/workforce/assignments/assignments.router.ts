import { crudModule, keeps } from '../../../platform/module.ts';
import type { JobDefinition, Module, TickDefinition } from '../../../platform/module.ts';
import { WorkAssignment } from './assignments.repository.ts';
import type { createAssignmentsService } from './assignments.service.ts';

/** /admin/assignment */
export const assignmentsModule = (
  service: ReturnType<typeof createAssignmentsService>,
  ticks: readonly TickDefinition[],
  jobs: readonly JobDefinition[],
): Module =>
  crudModule({
    base: '/admin/assignment',
    clients: ['worker', 'admin'],
    permission: 'workforce:assignment',
    machines: true,
    about: 'rows',
    requires: ['projects', 'contracts', 'shifts', 'task-kinds'],
    service,
    ticks,
    jobs,
    erasures: [keeps(WorkAssignment)],
  });
