import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { isUnbounded } from '../../../platform/access/allowance.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { csvStream } from '../../../platform/render/csv.ts';
import { faultText } from '../../../platform/i18n/faults.ts';
import { companyKey } from '../../../platform/storage/company-files.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import { createCrud, forbidden } from '../../../platform/module.ts';
import type { Context, Enqueue, List, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import type { BulkInviting } from '../ports.ts';
import { VALIDATE, validation } from './batch.jobs.ts';
import type { BatchUploadRow } from './batch.repository.ts';
import { SHEETS } from './columns.ts';
import type { BatchKind } from './columns.ts';
import { REHEARSE } from './invitees.jobs.ts';
import type { RehearsePayload } from './invitees.jobs.ts';
import { storeUpload } from './upload.ts';

interface BatchDependencies {
  readonly repository: Repository<BatchUploadRow>;
  readonly list: List;
  readonly errors: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<BatchUploadRow>;
  readonly files: FileStore;
  readonly room: Pick<FileRoom, 'take'>;
  readonly enqueue: Enqueue;
  readonly inviting: BulkInviting;
  /** Throws 409 where the company takes nobody in. */
  readonly mustTakeIn: (reader: Reader) => Promise<void>;
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
  const { repository, work, files, room, enqueue, errors, inviting, mustTakeIn } = dependencies;
  const crud = createCrud(dependencies);
  /** Asks for the dry run, by the kind of upload. */
  const begin: Readonly<Record<BatchKind, (tx: Tx, id: string, context: Context) => Promise<unknown>>> = {
    profiles: (tx, id, { principal }) => enqueue(tx, VALIDATE, validation(id, principal)),
    invitations: (tx, id, { principal, locale }) => {
      const payload: RehearsePayload = { uploadId: id, by: principal.profileId!, locale };
      return enqueue(tx, REHEARSE, payload);
    },
  };
  return {
    ...crud,
    move: (...[context, ...rest]: Parameters<typeof crud.move>) => {
      mustReachAll(context);
      return crud.move(context, ...rest);
    },
    /** Stores the file and begins the dry run. */
    upload: async (context: Context, request: IncomingMessage, kind: BatchKind): Promise<BatchUploadRow> => {
      mustReachAll(context);
      if (kind === 'invitations') inviting.mayInvite(context.principal);
      await work.read(context, mustTakeIn);
      const id = uuidv7();
      const fileKey = companyKey('batch', context.scope.companyId, `${id}.csv`);
      const { fileName, size } = await storeUpload(request, files, fileKey);
      const store = async (tx: Tx): Promise<BatchUploadRow> => {
        await room.take(tx, size);
        const row = await repository.insert(tx, {
          id,
          kind,
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
        await begin[kind](tx, id, context);
        return repository.entity.show(row) as BatchUploadRow;
      };
      try {
        return await work.write(context, store);
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
    template: (kind: BatchKind): Readable => {
      const { columns, template } = SHEETS[kind];
      return csvStream([template], { columns: columns.map((key) => ({ key, label: key })), bom: true });
    },
  };
};
