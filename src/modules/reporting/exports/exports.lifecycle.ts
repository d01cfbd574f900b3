import { lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import type { Move } from '../../../platform/lifecycle/lifecycle.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { Enqueue } from '../../../platform/module.ts';
import type { ExportNotice, Notices } from '../ports.ts';
import { ExportJob } from './exports.repository.ts';
import type { ExportRow } from './exports.repository.ts';

/** Removes the files of tries that nobody is offered. */
export const CLEAR_JOB = 'reporting.export.clear';

export const CANCEL_PERMISSION = 'reporting:export:cancel';

/** Made by the job: what it hands over is written into the row. */
const byJob = (definition: Pick<Move<ExportRow>, 'from' | 'to' | 'summary' | 'effect'>): Move<ExportRow> => ({
  ...definition,
  system: true,
  set: ({ input }) => input,
  audience: (row) => [row.requestedBy],
});

/** The moves of an export; who asked for it hears when it is ready, or given up. What its tries left goes when there is no file to offer. */
export const createExportLifecycle = (enqueue: Enqueue, notices?: Notices) => {
  const clear = async (tx: Tx, { id }: ExportRow): Promise<void> => {
    await enqueue(tx, CLEAR_JOB, { exportId: id });
  };
  const tell = async (tx: Tx, { id, requestedBy, error }: ExportRow, kind: ExportNotice['kind']): Promise<void> =>
    notices?.notify(tx, {
      kind,
      recipients: [requestedBy],
      profileId: requestedBy,
      entity: 'export_job',
      entityId: id,
      params: error === null ? {} : { error },
    });
  return lifecycle<ExportRow>({
    entity: ExportJob,
    initial: 'queued',
    moves: {
      start: byJob({ from: ['queued'], to: 'running', summary: 'Begin to write the file' }),
      finish: byJob({
        from: ['running'],
        to: 'ready',
        summary: 'Offer the file',
        effect: (tx, { row }) => tell(tx, row, 'export_ready'),
      }),
      fail: byJob({
        from: ['queued', 'running'],
        to: 'failed',
        summary: 'Give the export up',
        effect: async (tx, { row }) => {
          await tell(tx, row, 'export_failed');
          await clear(tx, row);
        },
      }),
      expire: {
        ...byJob({ from: ['ready'], to: 'expired', summary: 'End the time in which the file can be fetched' }),
        dueAt: ({ expiresAt }) => (expiresAt === null ? null : new Date(expiresAt)),
      },
      cancel: {
        from: ['queued', 'running'],
        to: 'cancelled',
        permission: CANCEL_PERMISSION,
        summary: 'Cancel an export',
        set: (_about, now) => ({ finishedAt: now.toISOString() }),
        effect: (tx, { row }) => clear(tx, row),
        audience: (row) => [row.requestedBy],
      },
    },
  });
};
