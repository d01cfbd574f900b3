import type { UnitOfWork, Worker } from '../../../platform/db/unit-of-work.ts';
import { filesOf } from '../../../platform/storage/company-files.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import type { Reader, Tx } from '../../../platform/module.ts';
import type { PlanLimits } from './limits.ts';

const MB = 1024 * 1024;

/** Bytes of a company's files: counted as they come, measured each night. */
const bytesOf = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ bytes: number }>('select bytes from company_storage where company_id = $1', [
    reader.companyId,
  ]);
  return row?.bytes ?? 0;
};

export const storedMb = async (reader: Reader): Promise<number> => (await bytesOf(reader)) / MB;

const count = async (tx: Tx, bytes: number): Promise<void> => {
  await tx.prepared(
    `insert into company_storage (company_id, bytes) values ($1, greatest(0, $2::bigint))
     on conflict (company_id) do update set bytes = greatest(0, company_storage.bytes + $2::bigint)`,
    [tx.companyId, bytes],
  );
};

/** Room for files as the plan has it. */
export const createFileRoom = (limits: Pick<PlanLimits, 'mustHaveRoom'>): FileRoom => ({
  take: async (tx, bytes) => {
    await limits.mustHaveRoom(tx, 'storageMb', bytes / MB);
    await count(tx, bytes);
  },
  count,
});

/** Measures the files of the worker's company. What is added meanwhile is counted as well. */
export const measureFiles = async (
  { work, files }: { readonly work: UnitOfWork; readonly files: Pick<FileStore, 'list'> },
  worker: Worker,
): Promise<void> => {
  const before = await work.read(worker, bytesOf);
  let measured = 0;
  for await (const { size } of filesOf(files, worker.scope.companyId)) measured += size;
  await work.write(worker, (tx) => count(tx, measured - before));
};
