import Type from 'typebox';
import { conflict, exact, lifecycle, move } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import { BatchUpload, dropStaged } from './batch.repository.ts';
import type { BatchUploadRow } from './batch.repository.ts';

/** How long a validated upload waits for its commit, in ms. */
const WAITS = 86_400_000;

const drop = (tx: Tx, { row }: { readonly row: BatchUploadRow }): Promise<void> => dropStaged(tx, row.id);

/** uploaded → validating → rejected or validated; validated → committing → committed or failed, or expired after a day. */
export const createBatchLifecycle = (commit: (tx: Tx, id: string) => Promise<unknown>) =>
  lifecycle<BatchUploadRow>({
    entity: BatchUpload,
    initial: 'uploaded',
    moves: {
      validate: move({ from: ['uploaded'], to: 'validating', system: true, summary: 'Its rows are read and checked' }),
      accept: move({
        from: ['validating'],
        to: 'validated',
        system: true,
        summary: 'It can be committed',
        set: (_about, now) => ({ expiresAt: new Date(now.getTime() + WAITS).toISOString(), progress: 100 }),
      }),
      reject: move({
        from: ['validating'],
        to: 'rejected',
        system: true,
        summary: 'Nothing of it can be committed',
        set: () => ({ progress: 100 }),
        effect: drop,
      }),
      commit: move({
        from: ['validated'],
        to: 'committing',
        permission: 'organization:batch-upload:write',
        summary: 'Add the people whose rows passed the dry run: all or nothing, unless partial',
        fields: exact({ partial: Type.Optional(Type.Boolean({ default: false })) }),
        when: ({ expiresAt }, now) => (expiresAt !== null && new Date(expiresAt) <= now ? 'BATCH_TOO_OLD' : undefined),
        check: (_tx, { row, input }) => {
          if (row.errorCount > 0 && input.partial !== true)
            throw conflict('BATCH_HAS_ERRORS', { params: { count: row.errorCount } });
          return Promise.resolve();
        },
        set: ({ input }): Partial<BatchUploadRow> => ({
          mode: 'commit',
          partial: input['partial'] === true,
          progress: 0,
        }),
        effect: async (tx, { row }) => {
          await commit(tx, row.id);
        },
      }),
      finish: move({
        from: ['committing'],
        to: 'committed',
        system: true,
        summary: 'Its people were added',
        set: () => ({ progress: 100 }),
        effect: drop,
      }),
      fail: move({
        from: ['committing'],
        to: 'failed',
        system: true,
        summary: 'Nobody was added; the faults say why',
        effect: drop,
      }),
      expire: move({
        from: ['validated'],
        to: 'expired',
        system: true,
        summary: 'Nobody committed it for a day',
        dueAt: ({ expiresAt }) => (expiresAt === null ? null : new Date(expiresAt)),
        effect: drop,
      }),
    },
  });
