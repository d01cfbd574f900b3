import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Reader } from '../../../platform/db/database.ts';
import type { List, ListQuery } from '../../../platform/db/list.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, notFound } from '../../../platform/problem.ts';
import type { Ingest, IngestSource } from './ingest.ts';
import type { Quarantine, QuarantinedRow } from './quarantine.ts';
import { discardRow } from './sources.service.ts';

interface StaffQuarantineDependencies {
  /** Rows of no company. */
  readonly unowned: List;
  /** Any row, for the answer once it has found its company. */
  readonly anyRow: List;
  readonly work: UnitOfWork;
  readonly ingest: Pick<Ingest, 'take'>;
  readonly quarantine: Quarantine;
  readonly changes: ChangeRecorder;
  readonly sources: readonly IngestSource[];
}

/** What waits in quarantine for a company that nobody knows, in the hands of the operator's staff. */
export const createStaffQuarantine = (dependencies: StaffQuarantineDependencies) => {
  const { unowned, anyRow, work, ingest, quarantine, changes, sources } = dependencies;
  const waiting = async (reader: Reader, id: string): Promise<QuarantinedRow> => {
    if ((await unowned.one(reader, id)) === undefined) throw notFound();
    const [row] = await quarantine.read(reader, [id]);
    if (row === undefined) throw conflict('QUARANTINE_RESOLVED');
    return row;
  };
  return {
    list: (context: Context, query: ListQuery & object) => work.read(context, (reader) => unowned.page(reader, query)),

    /** Tries a row again, at once: as a result of its company, or into the quarantine of that. 409 where it is still nobody's. */
    retry: (context: Context, id: string): Promise<string> =>
      work.write(context, async (tx) => {
        const row = await waiting(tx, id);
        const from = sources.find(({ source }) => source === row.source);
        if (from === undefined) throw conflict('SOURCE_NOT_READ');
        await ingest.take(from, [row.raw], systemScope(OPERATOR_COMPANY, 'quarantine:retry', tx.scope.traceId));
        const after = await anyRow.one(tx, id);
        if (after === undefined) throw notFound();
        const { status, reason, companyId } = JSON.parse(after.text) as Record<string, string | null>;
        if (status === 'waiting' && companyId === null)
          throw conflict('QUARANTINE_REFUSED', { params: { reason: reason ?? '' } });
        await changes.event(tx, { entity: 'ingest_quarantine', entityId: id, action: 'retry' });
        return after.text;
      }),

    discard: (context: Context, id: string, reason: string): Promise<string> =>
      work.write(context, (tx) => discardRow(tx, { list: unowned, quarantine, changes }, id, reason)),
  };
};

export type StaffQuarantine = ReturnType<typeof createStaffQuarantine>;
