import type { ChainReport } from '../../../platform/change/report.ts';
import type { Trail, TrailEntry } from '../../../platform/change/trail.ts';
import type { Verifier } from '../../../platform/change/verifier.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { notFound } from '../../../platform/module.ts';
import type { ChangeRecorder, Context } from '../../../platform/module.ts';

interface AuditTrailDependencies {
  readonly trail: Trail;
  readonly verifier: Verifier;
  readonly work: UnitOfWork;
  readonly changes: ChangeRecorder;
}

/** What was changed in the company, by whom, and whether the record of it is whole. */
export const createAuditTrailService = ({ trail, verifier, work, changes }: AuditTrailDependencies) => ({
  search: (context: Context, query: ListQuery & object): Promise<string> =>
    work.read(context, (reader) => trail.search.page(reader, query)),
  history: (context: Context, entity: string, entityId: string, query: ListQuery): Promise<string> =>
    work.read(context, (reader) => trail.history(reader, entity, entityId, query)),
  entry: (context: Context, id: string): Promise<TrailEntry> =>
    work.read(context, async (reader) => {
      const entry = await trail.entry(reader, id, { openPersonal: false });
      if (entry === undefined) throw notFound();
      return entry;
    }),
  /** The entry with its personal values. That it was read is committed before it is answered. */
  reveal: (context: Context, id: string): Promise<TrailEntry> =>
    work.write(context, async (tx) => {
      const entry = await trail.entry(tx, id, { openPersonal: true });
      if (entry === undefined) throw notFound();
      await changes.event(tx, {
        entity: entry.entity,
        entityId: entry.entityId,
        action: 'reveal_change',
        after: { changeId: id },
      });
      return entry;
    }),
  /** Walks the chain of the caller's company; without a range all of it. */
  verify: (context: Context, range: { from?: number; to?: number }): Promise<ChainReport> =>
    work.read(context, (reader) => verifier.verify(reader, range)),
});

export type AuditTrail = ReturnType<typeof createAuditTrailService>;
