import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { isUnbounded } from '../../../platform/access/allowance.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { csvStream } from '../../../platform/render/csv.ts';
import { faultText } from '../../../platform/i18n/faults.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import { createCrud, forbidden } from '../../../platform/module.ts';
import type { Context, Enqueue, List, Mover, Repository, Tx } from '../../../platform/module.ts';
import { VALIDATE, validation } from './batch.jobs.ts';
import type { BatchUploadRow } from './batch.repository.ts';
import { COLUMNS, TEMPLATE_ROWS } from './columns.ts';
import { storeUpload } from './upload.ts';

interface BatchDependencies {
  readonly repository: Repository<BatchUploadRow>;
  readonly list: List;
  readonly errors: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<BatchUploadRow>;
  readonly files: FileStore;
  readonly enqueue: Enqueue;
  readonly now: () => Date;
}

interface StoredError {
  readonly row: number;
  readonly column: string | null;
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** Whoever adds people by a file adds them anywhere in the company. */
const mustReachAll = ({ allowance }: Context): void => {
  if (!isUnbounded(allowance)) throw forbidden('OUT_OF_REACH');
};

/** Uploads of people: a dry run in the background, then the commit of what passed it. */
export const createBatchService = (dependencies: BatchDependencies) => {
  const { repository, work, files, enqueue, errors } = dependencies;
  const crud = createCrud(dependencies);
  return {
    ...crud,
    move: (...[context, ...rest]: Parameters<typeof crud.move>) => {
      mustReachAll(context);
      return crud.move(context, ...rest);
    },
    /** Stores the file and begins the dry run. */
    upload: async (context: Context, request: IncomingMessage): Promise<BatchUploadRow> => {
      mustReachAll(context);
      const id = uuidv7();
      const fileKey = `batch/${context.scope.companyId}/${id}.csv`;
      const fileName = await storeUpload(request, files, fileKey);
      const begin = async (tx: Tx): Promise<BatchUploadRow> => {
        const row = await repository.insert(tx, {
          id,
          kind: 'profiles',
          fileName,
          fileKey,
          mode: 'dry_run',
          partial: false,
          rowCount: 0,
          validCount: 0,
          errorCount: 0,
          committedCount: 0,
          progress: 0,
          expiresAt: null,
          status: 'uploaded',
        });
        await enqueue(tx, VALIDATE, validation(id, context.principal));
        return repository.entity.show(row) as BatchUploadRow;
      };
      try {
        return await work.write(context, begin);
      } catch (error) {
        // Nobody else would ever remove it.
        await files.remove(fileKey);
        throw error;
      }
    },
    /** A page of what is wrong with the file, with texts in the caller's language. */
    errors: async (context: Context, id: string, query: ListQuery & object) => {
      await crud.detail(context, id);
      const text = await work.read(context, (reader) =>
        errors.page(reader, query, (bind) => `e.upload_id = ${bind(id)}`),
      );
      const page = JSON.parse(text) as { items: StoredError[]; next: string | null };
      const items = page.items.map(({ params, ...error }) => ({
        ...error,
        message: faultText(context.t, error.code, params),
      }));
      return { items, next: page.next };
    },
    /** The file that shows which columns there are. */
    template: (): Readable =>
      csvStream(TEMPLATE_ROWS, { columns: COLUMNS.map((key) => ({ key, label: key })), bom: true }),
  };
};
