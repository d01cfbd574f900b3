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

interface SourcesDependencies {
  readonly list: List;
  readonly work: UnitOfWork;
  readonly owners: SourceOwners;
  readonly intake: Intake;
  readonly quarantine: Quarantine;
  readonly sources: readonly IngestSource[];
  readonly now: () => Date;
}

/** How the sources do, and what of a company waits in quarantine. */
export const createSourcesService = (dependencies: SourcesDependencies) => {
  const { list, work, owners, intake, quarantine, sources, now } = dependencies;
  return {
    health: (context: Context) => work.read(context, (reader) => sourceHealth(reader, now())),
    list: (context: Context, query: ListQuery & object) => work.read(context, (reader) => list.page(reader, query)),

    /** Tries a row again by hand, at once. 409 with the reason where it still is no result. */
    retry: (context: Context, id: string): Promise<string> =>
      work.write(context, async (tx) => {
        const shown = await list.one(tx, id);
        if (shown === undefined) throw notFound();
        const [row] = await quarantine.read(tx, [id]);
        if (row === undefined) throw conflict('QUARANTINE_RELEASED');
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
  };
};

export type SourcesService = ReturnType<typeof createSourcesService>;
