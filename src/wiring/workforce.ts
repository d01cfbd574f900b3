import { projectLifecycle } from '../modules/workforce/projects/projects.lifecycle.ts';
import { Project, projectList } from '../modules/workforce/projects/projects.repository.ts';
import { projectsModule } from '../modules/workforce/projects/projects.router.ts';
import { createProjectsService } from '../modules/workforce/projects/projects.service.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

const wireProjects = (platform: Platform): Module => {
  const repository = platform.repository(Project);
  const list = platform.list(projectList);
  const mover = platform.mover(projectLifecycle, repository);
  return projectsModule({ list, service: createProjectsService({ ...platform, repository, list, mover }) });
};

/** Projects, contracts, work assignments, shifts, credentials. */
export const wireWorkforce = (platform: Platform): readonly Module[] => [wireProjects(platform)];
