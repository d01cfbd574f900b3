import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import { Project } from './projects.repository.ts';
import type { ProjectRow } from './projects.repository.ts';

const permission = 'workforce:project:move';
const reason = exact({ reason: text(500) });

export const projectLifecycle = lifecycle<ProjectRow>({
  entity: Project,
  initial: 'planning',
  moves: {
    activate: move({
      from: ['planning', 'on_hold'],
      to: 'active',
      permission,
      summary: 'Begin or go on with a project',
    }),
    hold: move({ from: ['active'], to: 'on_hold', permission, summary: 'Put a project on hold', fields: reason }),
    complete: move({ from: ['active', 'on_hold'], to: 'completed', permission, summary: 'Complete a project' }),
    cancel: move({
      from: ['planning', 'active', 'on_hold', 'completed'],
      to: 'cancelled',
      permission,
      summary: 'Cancel a project',
      fields: reason,
    }),
    reopen: move({
      from: ['completed'],
      to: 'active',
      permission,
      summary: 'Reopen a completed project',
      fields: reason,
    }),
  },
});
