import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import { Contract } from './contracts.repository.ts';
import type { ContractRow } from './contracts.repository.ts';

const permission = 'workforce:contract:move';

const notOver = ({ endsAt }: ContractRow, now: Date): string | undefined =>
  endsAt !== null && new Date(endsAt) <= now ? 'CONTRACT_OVER' : undefined;

export const contractLifecycle = lifecycle<ContractRow>({
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
