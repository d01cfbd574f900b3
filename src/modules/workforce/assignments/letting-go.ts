import type { Context, Tx } from '../../../platform/module.ts';
import type { MayWork } from '../ports.ts';
import { worksOn } from './assignments.repository.ts';
import type { Ground } from './assignments.repository.ts';

const sooner = (a: string | null, b: string): string => (a !== null && Date.parse(a) < Date.parse(b) ? a : b);

/**
 * Asks the question of each work assignment for all that stand on a ground: by which whoever ends it ends them too, though the
 * system writes them. `at`: when it ends; null: at once. Throws 403 for a caller who would hold more over somebody then.
 */
export const createMayEnd =
  (mayWork: MayWork, kind: Ground['kind']) =>
  async (tx: Tx, caller: Context, id: string, at: string | null = null): Promise<void> => {
    const works = await worksOn(tx, { kind, id });
    const isActive = at !== null;
    const changes = works.map((work) => ({ ...work, isActive, ...(isActive && { endsAt: sooner(work.endsAt, at) }) }));
    await mayWork(tx, caller, changes);
  };
