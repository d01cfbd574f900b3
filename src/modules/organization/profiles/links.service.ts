import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { notFound } from '../../../platform/module.ts';
import type { Context, Repository, Tx } from '../../../platform/module.ts';
import { linkBasis, LINKED_SYSTEMS, linksOf } from './links.repository.ts';
import type { SystemLinkRow } from './links.repository.ts';
import type { Profiles } from './profiles.service.ts';

interface LinksDependencies {
  readonly repository: Repository<SystemLinkRow>;
  /** A link is seen by whoever sees its profile. */
  readonly mustSee: Profiles['mustSee'];
  readonly mustManage: Profiles['mustManage'];
  readonly work: UnitOfWork;
}

interface WantedLink {
  readonly profileId: string;
  readonly system: string;
  readonly externalId?: string;
}

/** Ids under which other systems know a person; an id of a system belongs to one person of the company. */
export const createLinksService = ({ repository, mustSee, mustManage, work }: LinksDependencies) => ({
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
      await mustManage(tx, context, profileId);
      return repository.insert(tx, { system, externalId: externalId.trim(), profileId });
    }),
  remove: (context: Context, profileId: string, id: string, version: number): Promise<void> =>
    work.write(context, async (tx) => {
      await mustManage(tx, context, profileId);
      const row = await repository.lock(tx, id, version);
      if (row.profileId !== profileId) throw notFound();
      await repository.remove(tx, row);
    }),
  /**
   * Links the profile where it has no link to the system yet, by the id given, else its employee number, else its own id.
   * Nothing for what is no linked system. 409 when another person has that id.
   */
  ensure: async (tx: Tx, { profileId, system: wanted, externalId }: WantedLink): Promise<void> => {
    const system = LINKED_SYSTEMS.find((one) => one === wanted);
    const basis = system === undefined ? undefined : await linkBasis(tx, profileId, system);
    if (system === undefined || basis === undefined || basis.linked) return;
    const id = externalId?.trim() ?? basis.employeeNumber ?? profileId;
    await repository.insert(tx, { system, externalId: id, profileId });
  },
});
