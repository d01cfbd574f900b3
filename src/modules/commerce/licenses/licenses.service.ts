import type { Restriction } from '../../../platform/db/list.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { Worker } from '../../../platform/db/unit-of-work.ts';
import { conflict, createCrud } from '../../../platform/module.ts';
import type { Context, MovingParts, Tx } from '../../../platform/module.ts';
import type { SystemLinks } from '../ports.ts';
import { hasLeft, licenseOf, licensesHeldBy, licensesOf, licensesUnder } from './licenses.repository.ts';
import type { LicenseRow } from './licenses.repository.ts';

/** Where the seats of an offering are counted: the live subscription, locked. */
interface SeatSource {
  lock(tx: Tx, offering: string): Promise<{ id: string; seats: number } | undefined>;
  used(tx: Tx, subscriptionId: string): Promise<number>;
}

interface LicensesDependencies extends MovingParts<LicenseRow> {
  readonly seats: SeatSource;
  /** Makes the link to the offering's system. */
  readonly links: SystemLinks;
  /** The caller's reach over people. */
  readonly people: {
    restrict(context: Context): Restriction;
    mustReach(tx: Tx, context: Context, profileId: string): Promise<void>;
  };
}

interface Wanted {
  readonly profileId: string;
  readonly offering: string;
  /** The work assignment that needs it; absent: assigned by hand. */
  readonly holder?: string;
  readonly externalId?: string;
  /** Who assigns it by hand. */
  readonly by?: Context;
}

export interface AssignBody {
  readonly offering: string;
  readonly profileId: string;
  readonly externalId?: string;
}

const STATES_BEFORE = { suspend: ['active'], resume: ['suspended'], expire: ['active', 'suspended'] };

/** Licenses: one a profile and offering, shared by its work assignments; never more than seats that were bought. */
export const createLicensesService = (dependencies: LicensesDependencies) => {
  const { repository, work, mover, seats, links, people } = dependencies;

  const take = async (tx: Tx, { profileId, offering, holder, externalId, by }: Wanted): Promise<LicenseRow> => {
    const subscription = await seats.lock(tx, offering);
    if (subscription === undefined) throw conflict('NO_SUBSCRIPTION', { params: { offering } });
    const link = { profileId, system: offering, ...(externalId !== undefined && { externalId }), ...(by && { by }) };
    const known = await licenseOf(tx, profileId, offering);
    if (known !== undefined) {
      if (externalId !== undefined) await links.ensure(tx, link);
      const row = await repository.lock(tx, known);
      const holders = holder === undefined ? row.holders : [...new Set([...row.holders, holder])];
      return repository.update(tx, row, { holders, byHand: row.byHand || holder === undefined });
    }
    if ((await seats.used(tx, subscription.id)) >= subscription.seats)
      throw conflict('NO_SEAT', { params: { offering, seats: subscription.seats } });
    const row = await repository.insert(
      tx,
      {
        subscriptionId: subscription.id,
        offering,
        profileId,
        status: 'active',
        byHand: holder === undefined,
        holders: holder === undefined ? [] : [holder],
        assignedAt: tx.now.toISOString(),
        releasedAt: null,
      },
      { audience: [profileId] },
    );
    await links.ensure(tx, link);
    return row;
  };

  return {
    ...createCrud({ ...dependencies, restrict: (context) => people.restrict(context) }),
    /** Assigns a license by hand, and links the profile to the offering's system. Throws 409 for somebody whose time is over. */
    assign: (context: Context, body: AssignBody): Promise<LicenseRow> =>
      work.write(context, async (tx) => {
        await people.mustReach(tx, context, body.profileId);
        if (await hasLeft(tx, body.profileId)) throw conflict('PROFILE_ENDED');
        await repository.references.hold(tx, { profileId: body.profileId });
        return repository.entity.show(await take(tx, { ...body, by: context })) as LicenseRow;
      }),
    /** A license of each offering for a work assignment; they are taken in one order, so that none waits in a circle. */
    reserve: async (tx: Tx, wanted: { profileId: string; offerings: readonly string[]; holder: string }) => {
      const { profileId, holder } = wanted;
      for (const offering of [...new Set(wanted.offerings)].toSorted()) await take(tx, { profileId, offering, holder });
    },
    /** Gives back what a work assignment held; what nobody holds any more is released, unless it was assigned by hand. */
    release: async (tx: Tx, { profileId, holder }: { profileId: string; holder: string }): Promise<void> => {
      for (const id of await licensesHeldBy(tx, profileId, holder)) {
        const row = await repository.lock(tx, id);
        const holders = row.holders.filter((other) => other !== holder);
        const after = await repository.update(tx, row, { holders });
        if (holders.length === 0 && !row.byHand) await mover.moveAs(tx, { scope: tx.scope, tx }, after, 'free');
      }
    },
    /** Releases all that a person has, by hand or for work: their time in the company is over. */
    freeAll: async (scope: Scope, profileId: string): Promise<void> => {
      for (const id of await work.read({ scope }, (reader) => licensesOf(reader, profileId)))
        await work.write({ scope }, async (tx) => {
          const row = await repository.lock(tx, id);
          if (row.status === 'active' || row.status === 'suspended')
            await mover.moveAs(tx, { scope, tx }, row, 'free', { reason: 'PROFILE_ENDED' });
        });
    },
    /** Licenses go the way of their subscription. */
    follow: async (tx: Tx, worker: Worker, subscriptionId: string, move: keyof typeof STATES_BEFORE): Promise<void> => {
      for (const id of await licensesUnder(tx, subscriptionId, STATES_BEFORE[move])) {
        const row = await repository.lock(tx, id);
        if (STATES_BEFORE[move].includes(row.status)) await mover.moveAs(tx, worker, row, move);
      }
    },
  };
};
