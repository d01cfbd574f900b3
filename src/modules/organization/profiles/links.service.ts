import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict, forbidden, invalid, notFound } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import type { Context, Repository, Tx } from '../../../platform/module.ts';
import { linkBasis, LINKED_SYSTEMS, linksOf } from './links.repository.ts';
import type { SystemLinkRow } from './links.repository.ts';
import type { OwnLimits } from './own-limits.ts';
import type { Profiles } from './profiles.service.ts';

interface LinksDependencies {
  readonly repository: Repository<SystemLinkRow>;
  /** A link is seen by whoever sees its profile. */
  readonly mustSee: Profiles['mustSee'];
  readonly mustManage: Profiles['mustManage'];
  /** Who left is linked to nothing more. */
  readonly lockHere: Profiles['lockHere'];
  /** Throws 403 for one's own. */
  readonly mayIdentify: OwnLimits['mayIdentify'];
  readonly work: UnitOfWork;
}

interface WantedLink {
  readonly profileId: string;
  readonly system: string;
  readonly externalId?: string;
  /** Who says which; absent: nobody does. */
  readonly by?: Caller;
}

/** Ids under which other systems know a person; an id of a system belongs to one person of the company. */
export const createLinksService = ({
  repository,
  mustSee,
  mustManage,
  lockHere,
  mayIdentify,
  work,
}: LinksDependencies) => ({
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
      await lockHere(tx, context, profileId);
      const links = await linksOf(tx, profileId);
      const isLinked = links.some((link) => link.system === system);
      await mayIdentify(tx, context, profileId, isLinked);
      return repository.insert(tx, { system, externalId: externalId.trim(), profileId });
    }),
  remove: (context: Context, profileId: string, id: string, version: number): Promise<void> =>
    work.write(context, async (tx) => {
      await mustManage(tx, context, profileId);
      if (context.principal.profileId === profileId) throw forbidden('OWN_LIMITS');
      const row = await repository.lock(tx, id, version);
      if (row.profileId !== profileId) throw notFound();
      await repository.remove(tx, row);
    }),
  /**
   * Links the profile where it has no link to the system yet, by the id given, else its employee number, else its own id.
   * An id that was given is linked or refused: 409 when another person has it, 422 at `/externalId` when the profile goes by
   * another one, or there is nothing to link. Without one there is nothing to do then. 403 where one's own is given.
   */
  ensure: async (tx: Tx, { profileId, system: wanted, externalId, by }: WantedLink): Promise<void> => {
    const system = LINKED_SYSTEMS.find((one) => one === wanted);
    if (system === undefined) {
      if (externalId !== undefined) throw invalid('/externalId', 'NOT_LINKED');
      return;
    }
    const given = externalId?.trim();
    const basis = await linkBasis(tx, profileId, system, given);
    if (basis === undefined || basis.holder === profileId) return;
    if (basis.holder !== null)
      throw conflict('DUPLICATE', { errors: [{ pointer: '/externalId', code: 'DUPLICATE', in: 'body' }] });
    if (basis.linked) {
      if (given !== undefined) throw invalid('/externalId', 'LINKED_OTHERWISE');
      return;
    }
    if (given !== undefined && by !== undefined) await mayIdentify(tx, by, profileId, false);
    await repository.insert(tx, { system, externalId: given ?? basis.employeeNumber ?? profileId, profileId });
  },
});
