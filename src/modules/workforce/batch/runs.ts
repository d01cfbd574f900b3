import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import { removeCounted } from '../../../platform/storage/company-files.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import { refusalOf } from '../../../platform/problem.ts';
import type { BatchUploadRow } from './batch.repository.ts';
import { noteFaults } from './batch.staging.ts';
import { UnreadableFile } from './parse.ts';
import type { RowFault } from './parse.ts';

export interface RunDependencies {
  readonly repository: Repository<BatchUploadRow>;
  readonly mover: Mover<BatchUploadRow>;
  readonly work: UnitOfWork;
  readonly files: Pick<FileStore, 'get' | 'remove' | 'stat'>;
  readonly room: Pick<FileRoom, 'count'>;
  /** Throws 409 where the company takes nobody in. */
  readonly mustTakeIn: (reader: Reader) => Promise<void>;
}

/** What a dry run found: rows of the file, those without a fault, and whether all of it could be read. */
interface Settled {
  readonly rows: number;
  readonly valid: number;
  readonly isWhole: boolean;
}

/** Which upload a job is about; ids only. */
export interface UploadPayload {
  readonly uploadId: string;
}

const LONGEST = 600_000;
/** Statements over a whole file take longer than those of a request may. */
export const PATIENCE = `set local statement_timeout = '300s'`;

/** What the jobs of every kind of upload do alike: take it up, settle it, and end it where they cannot go on. */
export const createRuns = ({ repository, mover, work, files, room, mustTakeIn }: RunDependencies) => {
  /** Why nothing is read or committed now, as a fault of the file as a whole: none while the company takes people in. */
  const closed = async (scope: Scope): Promise<readonly RowFault[]> => {
    const code = await work.read({ scope }, (reader) => refusalOf(mustTakeIn(reader)));
    return code === undefined ? [] : [{ row: 1, column: null, code }];
  };
  /** The upload, moved on unless another run did. */
  const begin = (scope: Scope, uploadId: string): Promise<BatchUploadRow> =>
    work.write({ scope }, async (tx) => {
      const row = await repository.lock(tx, uploadId);
      return row.status === 'uploaded' ? mover.moveAs(tx, { scope, tx }, row, 'validate') : row;
    });
  const refuse = (scope: Scope, uploadId: string, faults: readonly RowFault[]): Promise<void> =>
    work.write({ scope }, async (tx) => {
      await noteFaults(tx, uploadId, faults);
      await mover.moveAs(tx, { scope, tx }, await repository.lock(tx, uploadId), 'reject');
    });
  const committed = async (
    tx: Tx,
    scope: Scope,
    uploadId: string,
    counts: Pick<BatchUploadRow, 'committedCount' | 'errorCount'>,
    move: 'finish' | 'fail',
  ): Promise<void> => {
    const counted = await repository.update(tx, await repository.lock(tx, uploadId), counts);
    await mover.moveAs(tx, { scope, tx }, counted, move);
  };
  const fail = (scope: Scope, uploadId: string, faults: readonly RowFault[]): Promise<void> =>
    work.write({ scope }, async (tx) => {
      const { status, errorCount } = await repository.get(tx, uploadId);
      if (status !== 'committing') return;
      await noteFaults(tx, uploadId, faults);
      await committed(tx, scope, uploadId, { committedCount: 0, errorCount: errorCount + faults.length }, 'fail');
    });
  /** Runs a dry run, or refuses the file as a whole. */
  const check = async (run: () => Promise<void>, scope: Scope, uploadId: string): Promise<void> => {
    const faults = await closed(scope);
    if (faults.length > 0) return refuse(scope, uploadId, faults);
    try {
      await run();
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      await refuse(scope, uploadId, error.faults);
    }
  };
  return {
    /** Ends the dry run: what was counted, and whether anything can be committed; of a file that is not whole nothing can. */
    settled: async (tx: Tx, scope: Scope, uploadId: string, { rows, valid, isWhole }: Settled): Promise<void> => {
      const row = await repository.lock(tx, uploadId);
      const counts = { rowCount: rows, validCount: valid, errorCount: rows - valid };
      const counted = await repository.update(tx, row, counts);
      await mover.moveAs(tx, { scope, tx }, counted, isWhole && valid > 0 ? 'accept' : 'reject');
    },
    /** Ends the commit. */
    committed,
    /** Ends a commit of which nothing is left, unless another run did; says why. */
    fail,
    /** A dry run over the stored file, which goes afterwards; a file that cannot be read is refused as a whole. */
    dryRunJob: <P extends UploadPayload>(
      name: string,
      run: (scope: Scope, payload: P, fileKey: string) => Promise<void>,
    ): JobDefinition =>
      job<P>({
        name,
        timeout: LONGEST,
        concurrency: 1,
        run: async (payload, { scope }) => {
          const { uploadId } = payload;
          const { status, fileKey } = await begin(scope, uploadId);
          if (fileKey === null) return;
          if (status === 'validating') await check(() => run(scope, payload, fileKey), scope, uploadId);
          // Also where a run before settled it, and came no further.
          await removeCounted(files, fileKey, (bytes) => work.write({ scope }, (tx) => room.count(tx, bytes)));
        },
        onDead: async (tx, { uploadId }) => {
          const row = await repository.lock(tx, uploadId);
          if (row.status === 'validating') await mover.moveAs(tx, { scope: tx.scope, tx }, row, 'reject');
          if (row.fileKey !== null) await removeCounted(files, row.fileKey, (bytes) => room.count(tx, bytes));
        },
      }),
    /** A commit of what was staged. */
    commitJob: <P extends UploadPayload>(
      name: string,
      run: (scope: Scope, payload: P) => Promise<void>,
    ): JobDefinition =>
      job<P>({
        name,
        timeout: LONGEST,
        concurrency: 1,
        run: async (payload, { scope }) => {
          const faults = await closed(scope);
          if (faults.length > 0) await fail(scope, payload.uploadId, faults);
          else await run(scope, payload);
        },
        onDead: async (tx, { uploadId }) => {
          const row = await repository.lock(tx, uploadId);
          if (row.status === 'committing') await mover.moveAs(tx, { scope: tx.scope, tx }, row, 'fail');
        },
      }),
  };
};
