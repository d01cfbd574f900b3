import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository, TickDefinition } from '../../../platform/module.ts';
import { CLEAR_JOB } from './exports.lifecycle.ts';
import { EXPORT_RETENTION, exportsToPurge } from './exports.repository.ts';
import type { ExportRow } from './exports.repository.ts';
import { folderOf, removeFiles } from './exports.runner.ts';
import type { createRunner, ExportPayload } from './exports.runner.ts';

export const EXPORT_JOB = 'reporting.export.run';

const MINUTE_MS = 60_000;
const PURGED_AT_ONCE = 200;

/** Writes an export (three tries, two at once in a process), and clears what is left of one that came to nothing. */
export const exportJobs = (runner: ReturnType<typeof createRunner>): readonly JobDefinition[] => [
  job<ExportPayload>({
    name: EXPORT_JOB,
    maxAttempts: 3,
    timeout: 30 * MINUTE_MS,
    concurrency: 2,
    run: (payload, context) => runner.run(payload, context),
    onDead: (tx, payload) => runner.giveUp(tx, payload),
  }),
  job<ExportPayload>({ name: CLEAR_JOB, run: (payload, context) => runner.clear(payload, context) }),
];

interface PurgeDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<ExportRow>;
  readonly files: FileStore;
  readonly room: Pick<FileRoom, 'count'>;
}

/** Removes the files of exports whose time is over, hourly. */
export const purgeTick = ({ work, repository, files, room }: PurgeDependencies): TickDefinition => ({
  name: EXPORT_RETENTION.by,
  every: 3_600,
  timeout: 10 * MINUTE_MS,
  for: 'each-company',
  run: async (scope, { signal }) => {
    for (const { id } of await work.read({ scope }, (reader) => exportsToPurge(reader, PURGED_AT_ONCE))) {
      signal.throwIfAborted();
      await removeFiles(files, folderOf(scope.companyId, id));
      await work.write({ scope }, async (tx) => {
        const row = await repository.lock(tx, id);
        await repository.update(tx, row, { fileKey: null }, { action: 'purge' });
        await room.count(tx, -(row.size ?? 0));
      });
    }
  },
});
