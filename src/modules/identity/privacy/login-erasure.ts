import type { PersonalVault } from '../../../platform/change/vault.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { Tx } from '../../../platform/module.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';

export interface LoginErasureDependencies {
  readonly persons: Pick<Persons, 'repository' | 'mover'>;
  readonly vault: Pick<PersonalVault, 'erase'>;
  /** What else the operator has of a login: codes, links, attempts. */
  readonly forget: (tx: Tx, personId: string) => Promise<void>;
}

/** Erases a login that is locked, in the operator's transaction; one that is erased stays as it is. `via` names the job. */
export const createLoginErasure =
  ({ persons, vault, forget }: LoginErasureDependencies) =>
  async (tx: Tx, person: PersonRow, via: string): Promise<void> => {
    if (person.status === 'erased') return;
    await persons.mover.moveAs(tx, { scope: systemScope(tx.companyId, via, tx.scope.traceId) }, person, 'erase');
    await forget(tx, person.id);
    await vault.erase(tx, person.id);
  };
