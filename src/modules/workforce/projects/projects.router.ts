import { crudRoutes, moveRoutes } from '../../../platform/crud/routes.ts';
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
export const projectsModule = ({ service, list }: ProjectsRouterDependencies): Module => {
  const common = { name: 'project', permission: 'workforce:project', view: Project.view, service } as const;
  const base = '/admin/project';
  return {
    name: 'projects',
    base,
    permissions: ['workforce:project:read', 'workforce:project:write', 'workforce:project:move'],
    lifecycles: [projectLifecycle],
    reports: [projectsReport],
    routes: [
      ...crudRoutes({ ...common, base, list, createBody: Project.createBody, editBody: Project.editBody }),
      ...moveRoutes({ ...common, lifecycle: projectLifecycle }),
    ],
  };
};
