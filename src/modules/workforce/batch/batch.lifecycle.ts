import Type from 'typebox';
import { conflict, exact, lifecycle, move } from '../../../platform/module.ts';
import type { Context, Tx } from '../../../platform/module.ts';
import { BatchUpload, dropStaged } from './batch.repository.ts';
import type { BatchUploadRow } from './batch.repository.ts';

/** How long a validated upload waits for its commit, in ms. */
const WAITS = 86_400_000;

const drop = (tx: Tx, { row }: { readonly row: BatchUploadRow }): Promise<void> => dropStaged(tx, row.id);

interface BatchLifecycleDependencies {
  /** Throws 403 for a caller who may not do one by one what the upload does, 409 where the company takes nobody in. */
  readonly mayCommit: (tx: Tx, row: BatchUploadRow, caller: Context) => Promise<void>;
  /** Asks for the job that commits it. */
  readonly commit: (tx: Tx, row: BatchUploadRow, caller: Context) => Promise<unknown>;
}

/** uploaded → validating → rejected or validated; validated → committing → committed or failed, or expired after a day. */
export const createBatchLifecycle = ({ mayCommit, commit }: BatchLifecycleDependencies) =>
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
        summary: 'Add, or invite, the people whose rows passed the dry run: all or nothing, unless partial',
        fields: exact({ partial: Type.Optional(Type.Boolean({ default: false })) }),
        when: ({ expiresAt }, now) => (expiresAt !== null && new Date(expiresAt) <= now ? 'BATCH_TOO_OLD' : undefined),
        check: async (tx, { row, input, caller }) => {
          await mayCommit(tx, row, caller!);
          if (row.errorCount > 0 && input.partial !== true)
            throw conflict('BATCH_HAS_ERRORS', { params: { count: row.errorCount } });
        },
        set: ({ input }): Partial<BatchUploadRow> => ({
          mode: 'commit',
          partial: input['partial'] === true,
          progress: 0,
        }),
        effect: async (tx, { row, caller }) => {
          await commit(tx, row, caller!);
        },
      }),
      finish: move({
        from: ['committing'],
        to: 'committed',
        system: true,
        summary: 'Its people were added, or invited',
        set: () => ({ progress: 100 }),
        effect: drop,
      }),
      fail: move({
        from: ['committing'],
        to: 'failed',
        system: true,
        summary: 'Nobody was added, or invited; the faults say why',
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
