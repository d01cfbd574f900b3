import type { Database } from '../../../platform/db/database.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import type { Reader, Tx } from '../../../platform/module.ts';
import { createLoginErasure } from './login-erasure.ts';
import type { LoginErasureDependencies } from './login-erasure.ts';
import { profilesOf } from './requests.ts';

interface LeavingDependencies extends LoginErasureDependencies {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly identityProvider: Pick<IdentityProvider, 'machineClients'>;
  /** The roles that a person holds now, as one of the operator's staff. */
  readonly staffRolesOf: (reader: Reader, personId: string) => Promise<readonly string[]>;
}

const LEAVE = 'identity.company.leave';
const SLICE = 200;

const peopleOf = async (reader: Reader): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select person_id as id from person_company where company_id = $1 order by person_id limit ${SLICE}`,
    [reader.companyId],
  );
  return rows.map(({ id }) => id);
};

/** A company that is purged takes its people and machines with it. */
export const createLeaving = (dependencies: LeavingDependencies) => {
  const { db, persons, identityProvider, staffRolesOf } = dependencies;
  const erase = createLoginErasure(dependencies);

  const leave = (companyId: string, personId: string, traceId: string): Promise<void> =>
    db.write(systemScope(OPERATOR_COMPANY, LEAVE, traceId), async (tx) => {
      // Also against who takes them in elsewhere at this moment.
      const person = await persons.repository.lockToRemove(tx, personId);
      await inCompany(tx, systemScope(companyId, LEAVE, traceId), async (there: Tx) => {
        await there.prepared('delete from person_company where company_id = $1 and person_id = $2', [
          companyId,
          personId,
        ]);
      });
      const isElsewhere = (await profilesOf(tx, personId)).length > 0;
      if (!isElsewhere && (await staffRolesOf(tx, personId)).length === 0) await erase(tx, person, LEAVE);
    });

  return {
    /** Whether a legal hold stands. */
    isHeld: async (reader: Reader): Promise<boolean> =>
      (
        await reader.prepared(
          `select 1 from legal_hold where company_id = $1 and status = 'standing' and deleted_at is null limit 1`,
          [reader.companyId],
        )
      ).length > 0,
    /** Everybody leaves; the login of who has no other place is erased, and with it the user at the identity provider. */
    people: async (companyId: string, traceId: string, signal: AbortSignal): Promise<void> => {
      const scope = systemScope(companyId, LEAVE, traceId);
      for (;;) {
        const ids = await db.read(scope, peopleOf);
        if (ids.length === 0) return;
        for (const id of ids) {
          signal.throwIfAborted();
          await leave(companyId, id, traceId);
        }
      }
    },
    machines: async (companyId: string, traceId: string, signal: AbortSignal): Promise<void> => {
      const clients = await db.read(systemScope(companyId, LEAVE, traceId), (reader) =>
        reader.prepared<{ clientId: string }>(
          'select client_id as "clientId" from api_client where company_id = $1 order by id',
          [companyId],
        ),
      );
      for (const { clientId } of clients) {
        signal.throwIfAborted();
        await identityProvider.machineClients.remove(clientId).catch((error: unknown) => {
          if (!isProviderError(error, 'not_found')) throw error;
        });
      }
    },
  };
};
