import { crudModule, keeps } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { projectsReport } from './projects.report.ts';
import { Project } from './projects.repository.ts';
import type { createProjectsService } from './projects.service.ts';

/** /admin/project */
export const projectsModule = (service: ReturnType<typeof createProjectsService>): Module =>
  crudModule({
    base: '/admin/project',
    permission: 'workforce:project',
    machines: true,
    permissions: { 'workforce:project:read': 'everybody' },
    service,
    reports: [projectsReport],
    erasures: [keeps(Project, { by: 'owner_id' })],
  });
