import { conflict } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import { lineageOf } from './authority.ts';
import type { RoleParts } from './authority.ts';
import { countPeople } from './roles.repository.ts';

/** A role as it is to be held: by whom in addition, and with what the company's own roles are then. */
interface Held {
  readonly roleId: string;
  /** The profile that comes to hold it; null: nobody new. */
  readonly joining: string | null;
  readonly all: ReadonlyMap<string, RoleParts>;
  /** How many may hold a role; those that any number may are not in it. */
  readonly limits: ReadonlyMap<string, number>;
}

/**
 * Throws 409 where a role, or one that it inherits from, is held by more people than it may be: whoever holds an heir of a role
 * takes one of its places. Roles must be serialized.
 */
export const mustHavePlaces = async (tx: Tx, { roleId, joining, all, limits }: Held): Promise<void> => {
  for (const { id } of lineageOf(all.get(roleId), all)) {
    const limit = limits.get(id);
    if (limit === undefined) continue;
    const heirs = [...all.values()].filter((each) => lineageOf(each, all).some((above) => above.id === id));
    const ids = heirs.map((heir) => heir.id);
    const people = (await countPeople(tx, ids, tx.now, joining)) + (joining === null ? 0 : 1);
    if (people > limit) throw conflict('ROLE_FULL', { params: { limit } });
  }
};
