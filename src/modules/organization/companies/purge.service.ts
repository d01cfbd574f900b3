import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { Database } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { RowPurge } from '../../../platform/db/purge.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import { filesOf } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import { PURGE_COMPANY } from './companies.lifecycle.ts';
import { PURGE_STEPS } from './companies.repository.ts';
import type { CompanyRow, PurgeStep } from './companies.repository.ts';

const HOUR_MS = 3_600_000;

/** What of a company's people and machines goes with it. Done again it does what is left. */
export interface Leaving {
  /** Whether something has to be known still: a legal hold. In a transaction of the company. */
  isHeld(reader: Reader): Promise<boolean>;
  /** Everybody leaves the company; who has no other place is erased. */
  people(companyId: string, traceId: string, signal: AbortSignal): Promise<void>;
  /** The company's machine clients go from the realm. */
  machines(companyId: string, traceId: string, signal: AbortSignal): Promise<void>;
}

interface PurgeDependencies {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly repository: Repository<CompanyRow>;
  readonly mover: Pick<Mover<CompanyRow>, 'moveAs'>;
  readonly leaving: Leaving;
  readonly files: Pick<FileStore, 'list' | 'remove'>;
  readonly rows: Pick<RowPurge, 'all'>;
  readonly vault: Pick<PersonalVault, 'erase'>;
}

/**
 * Purges archived companies whose time has come. Which step a purge has reached stands in the company's row, and each step
 * can be done again: a process that is killed loses nothing but the slice it was at. See docs/decisions/what-a-purge-leaves.md.
 */
export const createPurge = (dependencies: PurgeDependencies): JobDefinition => {
  const { db, repository, mover, leaving, files, rows, vault } = dependencies;

  const isHeld = (companyId: string, traceId: string): Promise<boolean> =>
    db.read(systemScope(companyId, PURGE_COMPANY, traceId), (reader) => leaving.isHeld(reader));

  /** Works on the company under lock, while it is to be purged. */
  const locked = <T>(
    companyId: string,
    traceId: string,
    work: (tx: Tx, row: CompanyRow) => Promise<T>,
  ): Promise<T | undefined> =>
    db.write(systemScope(OPERATOR_COMPANY, PURGE_COMPANY, traceId), async (tx) => {
      const row = await repository.lock(tx, companyId);
      return row.status === 'archived' ? work(tx, row) : undefined;
    });

  const reach = async (tx: Tx, row: CompanyRow, purgeStep: PurgeStep): Promise<PurgeStep> => {
    await repository.update(tx, row, { purgeStep }, { action: `purge_${purgeStep}` });
    return purgeStep;
  };

  /** The step after `done`; the company is purged when there is none. Whoever else got further is followed. */
  const advance = (companyId: string, traceId: string, done: PurgeStep): Promise<PurgeStep | undefined> =>
    locked(companyId, traceId, async (tx, row) => {
      if (row.purgeStep !== done) return row.purgeStep ?? undefined;
      const next = PURGE_STEPS[PURGE_STEPS.indexOf(done) + 1];
      if (next !== undefined) return reach(tx, row, next);
      await mover.moveAs(tx, { scope: tx.scope }, row, 'purge');
      // The company's own keys went with its rows; this one sealed whom to call there in the operator's log.
      await vault.erase(tx, companyId);
      return undefined;
    });

  const steps: Readonly<Record<PurgeStep, (companyId: string, traceId: string, signal: AbortSignal) => Promise<void>>> =
    {
      people: (...about) => leaving.people(...about),
      files: async (companyId, _traceId, signal) => {
        for await (const { key } of filesOf(files, companyId)) {
          signal.throwIfAborted();
          await files.remove(key);
        }
      },
      realm: (...about) => leaving.machines(...about),
      // What was under way when it began may still write: until a whole round finds nothing.
      rows: async (companyId, _traceId, signal) => {
        while ((await rows.all(companyId, signal)) > 0);
      },
    };

  return job<{ companyId: string }>({
    name: PURGE_COMPANY,
    timeout: HOUR_MS,
    concurrency: 1,
    run: async ({ companyId }, { scope: { traceId }, signal }) => {
      if (await isHeld(companyId, traceId)) return;
      let step = await locked(companyId, traceId, async (tx, row) => row.purgeStep ?? reach(tx, row, PURGE_STEPS[0]));
      while (step !== undefined) {
        await steps[step](companyId, traceId, signal);
        step = await advance(companyId, traceId, step);
      }
    },
  });
};
