import { setting } from '../../../platform/configuration.ts';
import type { Configuration } from '../../../platform/configuration.ts';
import type { Database } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict, exact, integer, job, notFound, Problem } from '../../../platform/module.ts';
import type { Context, JobDefinition, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import type { Notices } from '../notices/notices.service.ts';
import type { Persons } from '../persons/persons.service.ts';
import { createLoginErasure } from './login-erasure.ts';
import type { LoginErasureDependencies } from './login-erasure.ts';
import { ERASE_PERSON, newestRequestOf, profilesOf } from './requests.ts';
import type { ErasureRequestRow, Place } from './requests.ts';

const DAY = 86_400_000;

/** How long a person may think it over; the company counts in which they ask. */
export const ERASURE_SETTING = setting({
  key: 'identity.erasure',
  schema: exact({ waitDays: integer(7, 90) }),
  default: { waitDays: 30 },
});

/** Profiles as the erasure of their person needs them; each in a transaction of its company. */
export interface ErasedProfiles {
  /** Codes of all that stands against it. */
  obstacles(tx: Tx, profileId: string): Promise<string[]>;
  /** Ends and erases; throws 409 when something stands against it. One that was erased already stays as it is. */
  erase(tx: Tx, profileId: string): Promise<void>;
}

interface PersonErasureDependencies extends LoginErasureDependencies {
  readonly db: Pick<Database, 'write'>;
  readonly work: UnitOfWork;
  readonly configuration: Configuration;
  readonly repository: Repository<ErasureRequestRow>;
  readonly mover: Mover<ErasureRequestRow>;
  readonly persons: Persons;
  readonly profiles: ErasedProfiles;
  readonly notices: Pick<Notices, 'send'>;
  /** The roles that a person holds now, as one of the operator's staff. */
  readonly staffRolesOf: (reader: Reader, personId: string) => Promise<readonly string[]>;
}

export interface PersonErasure {
  /** The caller's newest request. 404 without one. */
  mine(context: Context): Promise<ErasureRequestRow>;
  /** Asks for the caller's erasure. 409 when they asked already, or belong to the operator's staff. */
  ask(context: Context): Promise<ErasureRequestRow>;
  withdraw(context: Context, version: number): Promise<ErasureRequestRow>;
  readonly jobs: readonly JobDefinition[];
}

/** People have themselves erased: in every company, then their login. See docs/decisions/what-erasure-keeps.md. */
export const createPersonErasure = (dependencies: PersonErasureDependencies): PersonErasure => {
  const { db, work, configuration, repository, mover, persons, profiles, notices, staffRolesOf } = dependencies;
  const erase = createLoginErasure(dependencies);
  const operator = (traceId: string) => systemScope(OPERATOR_COMPANY, ERASE_PERSON, traceId);
  const system = (tx: Tx) => ({ scope: systemScope(tx.companyId, ERASE_PERSON, tx.scope.traceId) });
  const asOneself = <T>(context: Context, act: (own: Tx) => Promise<T>): Promise<T> =>
    work.write(context, (tx) => persons.asSelf(tx, context, act));
  const newest = async (own: Tx, { principal }: Context): Promise<ErasureRequestRow> => {
    const row = await newestRequestOf(own, principal.personId);
    if (row === undefined) throw notFound();
    return row;
  };

  /** In each of the places. */
  const everywhere = async (
    places: readonly Place[],
    traceId: string,
    act: (tx: Tx, profileId: string) => Promise<void>,
  ): Promise<void> => {
    for (const { companyId, profileId } of places)
      await db.write(systemScope(companyId, ERASE_PERSON, traceId), (tx) => act(tx, profileId));
  };

  /** Erases in all these places, or says what stands against it; nothing is erased anywhere while something does. */
  const eraseProfiles = async (places: readonly Place[], traceId: string): Promise<string[]> => {
    const blockedBy = new Set<string>();
    await everywhere(places, traceId, async (tx, profileId) => {
      for (const code of await profiles.obstacles(tx, profileId)) blockedBy.add(code);
    });
    if (blockedBy.size > 0) return [...blockedBy];
    try {
      await everywhere(places, traceId, (tx, profileId) => profiles.erase(tx, profileId));
      return [];
    } catch (error) {
      // Somebody was faster: what is erased stays erased, the rest waits.
      if (error instanceof Problem && error.status === 409) return [error.code];
      throw error;
    }
  };

  /** False where the person has come to places other than these meanwhile: who accepts an invitation holds the same lock. */
  const eraseLogin = async (tx: Tx, personId: string, places: readonly Place[]): Promise<boolean> => {
    const person = await persons.repository.lock(tx, personId);
    if (person.status === 'erased') return true;
    const known = new Set(places.map(({ profileId }) => profileId));
    if ((await profilesOf(tx, personId)).some(({ profileId }) => !known.has(profileId))) return false;
    await erase(tx, person, ERASE_PERSON);
    return true;
  };

  const putOff = async (tx: Tx, row: ErasureRequestRow, blockedBy: string[]): Promise<void> => {
    const dueAt = new Date(tx.now.getTime() + DAY).toISOString();
    await mover.moveAs(tx, system(tx), row, 'put_off', { dueAt, blockedBy });
  };

  const carryOut = job<{ requestId: string }>({
    name: ERASE_PERSON,
    run: async ({ requestId }, { scope: { traceId } }) => {
      const found = await db.write(operator(traceId), (tx) => repository.find(tx, requestId));
      if (found?.status !== 'running') return;
      const { personId } = found;
      /** One round; false where there is more to erase by now. */
      const round = async (): Promise<boolean> => {
        const places = await db.write(operator(traceId), (tx) => profilesOf(tx, personId));
        const blockedBy = await eraseProfiles(places, traceId);
        return db.write(operator(traceId), async (tx) => {
          if (blockedBy.length === 0 && !(await eraseLogin(tx, personId, places))) return false;
          const row = await repository.lock(tx, requestId);
          if (row.status !== 'running') return true;
          if (blockedBy.length === 0) await mover.moveAs(tx, system(tx), row, 'finish');
          else await putOff(tx, row, blockedBy);
          return true;
        });
      };
      while (!(await round()));
    },
    // What is given up is tried again tomorrow, and can be withdrawn until then.
    onDead: async (tx, { requestId }) => {
      const row = await repository.lock(tx, requestId);
      if (row.status === 'running') await putOff(tx, row, ['ERASURE_FAILED']);
    },
  });

  const ask = async (own: Tx, personId: string, waitDays: number): Promise<ErasureRequestRow> => {
    await persons.repository.lock(own, personId);
    if ((await staffRolesOf(own, personId)).length > 0) throw conflict('STAFF_LOGIN');
    const before = await newestRequestOf(own, personId);
    if (before?.status === 'waiting' || before?.status === 'running') throw conflict('ERASURE_ASKED');
    const dueAt = new Date(own.now.getTime() + waitDays * DAY).toISOString();
    const row = await repository.insert(own, { personId, status: 'waiting', dueAt, blockedBy: [] });
    await mover.schedule(own, row);
    await notices.send(own, personId, 'erasureAsked');
    return row;
  };

  return {
    mine: (context) => asOneself(context, (own) => newest(own, context)),
    ask: (context) =>
      work.write(context, async (tx) => {
        const { waitDays } = await configuration.get(tx, ERASURE_SETTING);
        return persons.asSelf(tx, context, (own) => ask(own, context.principal.personId, waitDays));
      }),
    withdraw: (context, version) =>
      asOneself(context, async (own) => {
        const { id } = await newest(own, context);
        return mover.moveAs(own, { scope: own.scope }, await repository.lock(own, id, version), 'withdraw');
      }),
    jobs: [carryOut],
  };
};
