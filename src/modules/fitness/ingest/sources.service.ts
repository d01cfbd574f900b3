import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { List, ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { SourceOwners } from '../../../platform/access/source-owners.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, notFound } from '../../../platform/problem.ts';
import type { Intake } from '../intake/intake.ts';
import { readRow, refusalOf } from './ingest.ts';
import type { IngestSource } from './ingest.ts';
import type { Quarantine } from './quarantine.ts';
import { sourceHealth } from './sources.repository.ts';

interface Discarding {
  readonly list: List;
  readonly quarantine: Pick<Quarantine, 'discard'>;
  readonly changes: ChangeRecorder;
}

/** Gives up a row of `list`, with the reason in the change log. 409 where it waits no more. Answers the row as JSON text. */
export const discardRow = async (
  tx: Tx,
  { list, quarantine, changes }: Discarding,
  id: string,
  reason: string,
): Promise<string> => {
  if ((await list.one(tx, id)) === undefined) throw notFound();
  if (!(await quarantine.discard(tx, id))) throw conflict('QUARANTINE_RESOLVED');
  await changes.event(tx, { entity: 'ingest_quarantine', entityId: id, action: 'discard', reason });
  return (await list.one(tx, id))!.text;
};

interface SourcesDependencies {
  readonly list: List;
  readonly work: UnitOfWork;
  readonly owners: SourceOwners;
  readonly intake: Intake;
  readonly quarantine: Quarantine;
  readonly changes: ChangeRecorder;
  readonly sources: readonly IngestSource[];
  readonly now: () => Date;
}

/** How the sources do, and what of a company waits in quarantine. */
export const createSourcesService = (dependencies: SourcesDependencies) => {
  const { list, work, owners, intake, quarantine, changes, sources, now } = dependencies;
  return {
    health: (context: Context) => work.read(context, (reader) => sourceHealth(reader, now())),
    list: (context: Context, query: ListQuery & object) => work.read(context, (reader) => list.page(reader, query)),

    /** Tries a row again by hand, at once. 409 with the reason where it still is no result. */
    retry: (context: Context, id: string): Promise<string> =>
      work.write(context, async (tx) => {
        const shown = await list.one(tx, id);
        if (shown === undefined) throw notFound();
        const [row] = await quarantine.read(tx, [id]);
        if (row === undefined) throw conflict('QUARANTINE_RESOLVED');
        const from = sources.find(({ source }) => source === row.source);
        if (from === undefined) throw conflict('SOURCE_NOT_READ');
        const read = readRow(from.read, row.raw);
        const [owner] = await owners.find(from.source, [read.identity]);
        const refusal = owner === undefined ? undefined : refusalOf(read, owner);
        const profileId = owner?.profileId ?? null;
        if (refusal !== undefined || read.test === undefined || profileId === null)
          throw conflict('QUARANTINE_REFUSED', { params: { reason: refusal?.reason ?? 'UNKNOWN_PERSON' } });
        if (owner?.companyId !== tx.companyId) throw notFound();
        await intake.take(tx, [{ ...read.test, profileId }]);
        await quarantine.release(tx, row.source, [read.identity.externalId]);
        const released = await list.one(tx, id);
        if (released === undefined) throw notFound();
        return released.text;
      }),

    discard: (context: Context, id: string, reason: string): Promise<string> =>
      work.write(context, (tx) => discardRow(tx, { list, quarantine, changes }, id, reason)),
  };
};

export type SourcesService = ReturnType<typeof createSourcesService>;
