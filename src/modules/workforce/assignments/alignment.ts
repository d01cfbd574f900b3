import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import type { Rosters } from '../rosters/rosters.service.ts';
import { openAssignments, standingOf } from './assignments.repository.ts';
import type { AssignmentRow, Ground, Standing } from './assignments.repository.ts';

interface AlignmentDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<AssignmentRow>;
  readonly mover: Mover<AssignmentRow>;
  readonly rosters: Rosters;
}

const PAGE = 100;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Why an assignment can go on no more: its person, its project or its contract is over for good. */
const endOf = ({ contractId }: AssignmentRow, { profile, project, contract }: Standing): string | undefined => {
  if (profile === undefined || profile.status === 'ended') return 'PROFILE_ENDED';
  if (project === undefined || ['completed', 'cancelled'].includes(project.status)) return 'PROJECT_OVER';
  return contractId !== null && contract?.status === 'ended' ? 'CONTRACT_ENDED' : undefined;
};

/** Whether all that an assignment stands on is in force just now. */
const stands = ({ contractId }: AssignmentRow, { profile, project, contract }: Standing): boolean =>
  profile?.status === 'active' &&
  project?.status === 'active' &&
  (contractId === null || contract?.status === 'active');

/**
 * Keeps work assignments in line with their person, project and contract: with one of them over they end, and their shifts,
 * seats and required tests with them; while one is suspended they have no future shifts; else they have those of the pattern.
 */
export const createAlignment = ({ work, repository, mover, rosters }: AlignmentDependencies) => {
  const close = async (tx: Tx, row: AssignmentRow, reason: string): Promise<void> => {
    // A draft may still get another contract.
    if (row.status === 'draft' && reason === 'CONTRACT_ENDED') return;
    await mover.moveAs(tx, { scope: tx.scope, tx }, row, row.status === 'draft' ? 'cancel' : 'end', { reason });
  };
  /** Aligns one assignment in a transaction of its own; answers how many of its days the person has other shifts on. */
  const align = (scope: Scope, id: string): Promise<number> =>
    work.write({ scope }, async (tx) => {
      const row = await repository.lock(tx, id);
      if (row.status === 'ended' || row.status === 'cancelled') return 0;
      const standing = await standingOf(tx, row);
      const reason = endOf(row, standing);
      if (reason !== undefined) await close(tx, row, reason);
      if (reason !== undefined || row.status !== 'active') return 0;
      if (stands(row, standing)) return (await rosters.expand(tx, row, false)).overlapping;
      await rosters.clear(tx, { scope, tx }, id, 'suspension');
      return 0;
    });
  return {
    align,
    /** Aligns all that is open of a person, a project or a contract. Done again it changes nothing. */
    alignAll: async (scope: Scope, ground: Ground, signal: AbortSignal): Promise<void> => {
      let after = FIRST;
      for (;;) {
        const ids = await work.read({ scope }, (reader) => openAssignments(reader, ground, after, PAGE));
        for (const id of ids) {
          signal.throwIfAborted();
          await align(scope, id);
        }
        if (ids.length < PAGE) return;
        after = ids.at(-1)!;
      }
    },
  };
};

export type Alignment = ReturnType<typeof createAlignment>;
