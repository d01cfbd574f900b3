import type { Database, Reader, ReadOptions, Tx } from './database.ts';
import type { Scope } from './scope.ts';

/** What runs work: a request's context, or the scope of a job. */
export interface Worker {
  readonly scope: Scope;
  tx?: Tx;
  committed?: boolean;
  /** True once a transaction has compared the session with the database. */
  entered?: boolean;
}

export interface UnitOfWork {
  /** One transaction for everything `work` writes; joins the request's own when it has one. */
  write<T>(worker: Worker, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A read model's transaction: READ ONLY, unless the worker is already writing. */
  read<T>(worker: Worker, work: (reader: Reader) => Promise<T>, options?: ReadOptions): Promise<T>;
}

/** The two ways in which services reach the database. */
export const createUnitOfWork = (db: Database): UnitOfWork => ({
  write: async (worker, work) => {
    if (worker.tx !== undefined) return work(worker.tx);
    worker.entered = true;
    const result = await db.write(worker.scope, work);
    worker.committed = true;
    return result;
  },
  read: (worker, work, options) => {
    if (worker.tx !== undefined) return work(worker.tx);
    worker.entered = true;
    return db.read(worker.scope, work, options);
  },
});
