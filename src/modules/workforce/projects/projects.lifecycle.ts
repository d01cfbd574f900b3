import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context, Tx } from '../../../platform/module.ts';
import { Project } from './projects.repository.ts';
import type { ProjectRow } from './projects.repository.ts';

const permission = 'workforce:project:move';
const reason = exact({ reason: text(500) });

interface ProjectLifecycleDependencies {
  /** Throws 403 for a caller who would hold more over somebody once the work in a project is over. */
  readonly mayEnd: (tx: Tx, caller: Context, id: string) => Promise<void>;
}

/** Projects: with one that is over, the work in it ends. */
export const createProjectLifecycle = ({ mayEnd }: ProjectLifecycleDependencies) => {
  const check = async (
    tx: Tx,
    { row, caller }: { readonly row: ProjectRow; readonly caller?: Context },
  ): Promise<void> => {
    if (caller !== undefined) await mayEnd(tx, caller, row.id);
  };
  return lifecycle<ProjectRow>({
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
      complete: move({
        from: ['active', 'on_hold'],
        to: 'completed',
        permission,
        summary: 'Complete a project',
        check,
      }),
      cancel: move({
        from: ['planning', 'active', 'on_hold', 'completed'],
        to: 'cancelled',
        permission,
        summary: 'Cancel a project',
        check,
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
};
