import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { notFound } from '../../../platform/problem.ts';
import { linksOf } from './links.repository.ts';
import type { SystemLinkRow } from './links.repository.ts';
import type { Profiles } from './profiles.service.ts';

interface LinksDependencies {
  readonly repository: Repository<SystemLinkRow>;
  /** A link is seen by whoever sees its profile. */
  readonly mustSee: Profiles['mustSee'];
  readonly work: UnitOfWork;
}

/** Ids under which other systems know a person; an id of a system belongs to one person of the company. */
export const createLinksService = ({ repository, mustSee, work }: LinksDependencies) => ({
  all: (context: Context, profileId: string): Promise<SystemLinkRow[]> =>
    work.read(context, async (reader) => {
      await mustSee(reader, context, profileId);
      return linksOf(reader, profileId);
    }),
  add: (
    context: Context,
    profileId: string,
    { system, externalId }: Pick<SystemLinkRow, 'system' | 'externalId'>,
  ): Promise<SystemLinkRow> =>
    work.write(context, async (tx) => {
      await mustSee(tx, context, profileId);
      return repository.insert(tx, { system, externalId: externalId.trim(), profileId });
    }),
  remove: (context: Context, profileId: string, id: string, version: number): Promise<void> =>
    work.write(context, async (tx) => {
      await mustSee(tx, context, profileId);
      const row = await repository.lock(tx, id, version);
      if (row.profileId !== profileId) throw notFound();
      await repository.remove(tx, row);
    }),
});
