import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context, Tx } from '../../../platform/module.ts';
import { Contract } from './contracts.repository.ts';
import type { ContractRow } from './contracts.repository.ts';

const permission = 'workforce:contract:move';

const notOver = ({ endsAt }: ContractRow, now: Date): string | undefined =>
  endsAt !== null && new Date(endsAt) <= now ? 'CONTRACT_OVER' : undefined;

interface ContractLifecycleDependencies {
  /** Throws 403 for a caller who would hold more over somebody once the work under a contract is over. */
  readonly mayEnd: (tx: Tx, caller: Context, id: string) => Promise<void>;
}

/** Contracts: with one that is over, the work under it ends. */
export const createContractLifecycle = ({ mayEnd }: ContractLifecycleDependencies) => {
  const check = async (
    tx: Tx,
    { row, caller }: { readonly row: ContractRow; readonly caller?: Context },
  ): Promise<void> => {
    if (caller !== undefined) await mayEnd(tx, caller, row.id);
  };
  return lifecycle<ContractRow>({
    entity: Contract,
    initial: 'draft',
    moves: {
      activate: move({
        from: ['draft'],
        to: 'active',
        permission,
        summary: 'Put a contract in force',
        when: notOver,
      }),
      suspend: move({
        from: ['active'],
        to: 'suspended',
        permission,
        summary: 'Suspend a contract',
        fields: exact({ reason: text(500) }),
      }),
      resume: move({
        from: ['suspended'],
        to: 'active',
        permission,
        summary: 'Put a suspended contract in force again',
        when: notOver,
      }),
      end: move({
        from: ['active'],
        to: 'ended',
        permission,
        summary: 'End a contract before its last day',
        check,
      }),
      expire: move({
        from: ['active', 'suspended'],
        to: 'ended',
        system: true,
        summary: 'The last day of a contract is over',
        dueAt: ({ endsAt }) => (endsAt === null ? null : new Date(endsAt)),
      }),
    },
  });
};
