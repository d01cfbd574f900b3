import type { Worker } from '../../../platform/db/unit-of-work.ts';
import { conflict, exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context, Tx } from '../../../platform/module.ts';
import type { AssignmentGate, MayWork, Seats } from '../ports.ts';
import type { Rosters } from '../rosters/rosters.service.ts';
import { hasOtherActive, isWorking, standingOf, taskKindsOf, WorkAssignment } from './assignments.repository.ts';
import type { AssignmentRow, Standing } from './assignments.repository.ts';

export interface AssignmentLifecycleDependencies {
  readonly seats: Seats;
  readonly rosters: Rosters;
  readonly gate: AssignmentGate;
  /** Throws 409 when the company's plan has no room for one more person who works. */
  readonly mustHaveRoom: (tx: Tx) => Promise<void>;
  readonly mayWork: MayWork;
}

/** A row that a move is about, and who asks for it; nobody: the system. */
interface Asked {
  readonly row: AssignmentRow;
  readonly caller?: Context;
}

const permission = 'workforce:assignment:move';

/** Whether a contract is in force on every day of the work, and is of its project. */
export const isLive = (contract: Standing['contract'], row: AssignmentRow): boolean => {
  if (contract?.status !== 'active' || contract.startsOn > row.startsOn) return false;
  if (contract.projectId !== null && contract.projectId !== row.projectId) return false;
  return contract.endsOn === null || (row.endsOn !== null && row.endsOn <= contract.endsOn);
};

const mustStand = (row: AssignmentRow, { profile, project, contract }: Standing): void => {
  if (profile?.status !== 'active') throw conflict('PROFILE_NOT_ACTIVE');
  if (row.contractId === null && profile.kind === 'contractor') throw conflict('CONTRACT_REQUIRED');
  if (row.contractId !== null && !isLive(contract, row)) throw conflict('CONTRACT_NOT_LIVE');
  if (project?.status !== 'active') throw conflict('PROJECT_NOT_ACTIVE');
};

/** Work assignments: who may work where. Active ones hold the seats of their tests and have shifts. */
export const createAssignmentLifecycle = (dependencies: AssignmentLifecycleDependencies) => {
  const { seats, rosters, gate, mustHaveRoom, mayWork } = dependencies;
  const judge = async (tx: Tx, { row, caller }: Asked, isActive: boolean): Promise<void> => {
    if (caller !== undefined) await mayWork(tx, caller, [{ ...row, isActive }]);
  };
  const mayLeave = (tx: Tx, asked: Asked): Promise<void> => judge(tx, asked, false);
  const check = async (tx: Tx, asked: Asked): Promise<void> => {
    const { row } = asked;
    await judge(tx, asked, true);
    mustStand(row, await standingOf(tx, row));
    if (await hasOtherActive(tx, row)) throw conflict('ASSIGNMENT_ALREADY_ACTIVE');
    await gate.askForAssignment(tx, { profileId: row.profileId, assignment: row });
    if (!(await isWorking(tx, row.profileId))) await mustHaveRoom(tx);
  };
  const begin = async (tx: Tx, { row }: { readonly row: AssignmentRow }): Promise<void> => {
    const { offerings } = await taskKindsOf(tx, row.taskKindIds);
    await seats.reserve(tx, { profileId: row.profileId, offerings, holder: row.id });
    await rosters.expand(tx, row, true);
  };
  const finish = async (tx: Tx, { row, worker }: { readonly row: AssignmentRow; readonly worker: Worker }) => {
    await rosters.clear(tx, worker, row.id, 'ended');
    await seats.release(tx, { profileId: row.profileId, holder: row.id });
  };
  const when = ({ endsAt }: AssignmentRow, now: Date): string | undefined =>
    endsAt !== null && new Date(endsAt) <= now ? 'ASSIGNMENT_OVER' : undefined;
  const audience = ({ profileId }: AssignmentRow): readonly string[] => [profileId];
  const reason = exact({ reason: text(500) });
  return lifecycle<AssignmentRow>({
    entity: WorkAssignment,
    initial: 'draft',
    moves: {
      activate: move({
        from: ['draft'],
        to: 'active',
        permission,
        summary: 'Begin a work assignment: reserves seats, plans shifts',
        when,
        check,
        effect: begin,
        audience,
      }),
      suspend: move({
        from: ['active'],
        to: 'suspended',
        permission,
        summary: 'Suspend a work assignment: its future shifts are cancelled',
        fields: reason,
        check: mayLeave,
        effect: (tx, { row, worker }) => rosters.clear(tx, worker, row.id, 'suspension'),
        audience,
      }),
      resume: move({
        from: ['suspended'],
        to: 'active',
        permission,
        summary: 'Go on with a suspended work assignment',
        when,
        check,
        effect: begin,
        audience,
      }),
      end: move({
        from: ['active', 'suspended'],
        to: 'ended',
        permission,
        summary: 'End a work assignment: its seats are released',
        check: mayLeave,
        effect: finish,
        audience,
      }),
      expire: move({
        from: ['active', 'suspended'],
        to: 'ended',
        system: true,
        summary: 'The last day of a work assignment is over',
        dueAt: ({ endsAt }) => (endsAt === null ? null : new Date(endsAt)),
        effect: finish,
        audience,
      }),
      cancel: move({ from: ['draft'], to: 'cancelled', permission, summary: 'Give up a draft', audience }),
    },
  });
};
