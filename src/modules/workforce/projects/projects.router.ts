import { crudModule } from '../../../platform/crud/module.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { projectLifecycle } from './projects.lifecycle.ts';
import { projectsReport } from './projects.report.ts';
import { Project } from './projects.repository.ts';
import type { createProjectsService } from './projects.service.ts';

interface ProjectsRouterDependencies {
  readonly service: ReturnType<typeof createProjectsService>;
  readonly list: List;
}

/** /admin/project */
export const projectsModule = (dependencies: ProjectsRouterDependencies): Module =>
  crudModule({
    ...dependencies,
    name: 'project',
    base: '/admin/project',
    permission: 'workforce:project',
    entity: Project,
    lifecycle: projectLifecycle,
    reports: [projectsReport],
  });
