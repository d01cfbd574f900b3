import type { Database } from '../../../platform/db/database.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import type { StaffRole } from '../../../platform/identity-provider/port.ts';
import type { Context, Enqueue, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import { mustBeFree } from './addresses.ts';
import type { AddressKind } from './addresses.ts';
import { createContacts } from './contact.ts';
import type { Contacts } from './contact.ts';
import { identifierHashes, nationalIdText, readIdentifier, usernameOf } from './identifiers.ts';
import type { Identifier } from './identifiers.ts';
import { ALIGN_PERSON } from './persons.lifecycle.ts';
import { countSignIns, findPerson, personsBetween, staffRoles } from './persons.repository.ts';
import type { PersonKey, PersonRow } from './persons.repository.ts';

export type { PersonRow } from './persons.repository.ts';
export type { Identifier } from './identifiers.ts';

interface PersonsDependencies {
  readonly db: Database;
  readonly repository: Repository<PersonRow>;
  readonly mover: Mover<PersonRow>;
  readonly keys: { readonly data: KeyRing; readonly lookup: KeyRing };
  readonly enqueue: Enqueue;
}

/** Reads what somebody typed; the hashes are the only form in which it is looked up. */
export interface Persons {
  readonly contacts: Contacts;
  readonly mover: Mover<PersonRow>;
  readonly repository: Repository<PersonRow>;
  identifierOf(text: string): Identifier & { readonly hashes: readonly string[] };
  nationalIdHashes(kind: string, value: string): readonly string[];
  /** Throws 409 where somebody else has this address to sign in with. In the operator's transaction. */
  mustBeFree(tx: Tx, personId: string, kind: AddressKind, value: string): Promise<void>;
  /** The name under which the identity provider knows a person. */
  usernameOf(personId: string): string;
  /** The live person with this RUT or email; the same work whether there is one or not. */
  identify(identifier: Identifier, traceId: string): Promise<PersonRow | undefined>;
  byKeycloakId(id: string, traceId: string): Promise<PersonRow | undefined>;
  find(reader: Reader, key: PersonKey): Promise<PersonRow | undefined>;
  /** Persons who are not erased in the order of their ids, after one and up to another, `limit` at the most. */
  between(reader: Reader, after: string, upTo: string, limit: number): Promise<PersonRow[]>;
  /** The role of the realm that each of the staff holds now, by person. */
  staffRoles(reader: Reader): Promise<ReadonlyMap<string, StaffRole>>;
  /** Does `work` for the caller on their own row: its changes stand in the operator's log, not in a company's. */
  asSelf<T>(tx: Tx, context: Context, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** How often signing in failed since it last worked, and when that was; no change of the row. */
  countSignIns(tx: Tx, personId: string, counts: { failed: number; lastAt: Date | null }): Promise<void>;
  /** Does `work` in the operator's company, as the system. */
  asSystem<T>(traceId: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Asks for the identity provider to be brought in line with this person once the unit of work is committed. */
  align(tx: Tx, personId: string, options?: { readonly runAt?: Date; readonly newPassword?: boolean }): Promise<void>;
}

/** Persons: found by what they sign in with, changed in the operator's company only. */
export const createPersons = (dependencies: PersonsDependencies): Persons => {
  const { db, repository, mover, keys, enqueue } = dependencies;
  const systemic = (traceId: string): Scope => systemScope(OPERATOR_COMPANY, 'sign-in', traceId);

  return {
    contacts: createContacts(keys),
    mover,
    repository,
    find: findPerson,
    between: personsBetween,
    staffRoles,
    countSignIns,
    usernameOf,
    mustBeFree: mustBeFree(keys.lookup),
    nationalIdHashes: (kind, value) =>
      identifierHashes(keys.lookup, { kind: 'nationalId', value: nationalIdText(kind, value) }),
    identifierOf: (text) => {
      const identifier = readIdentifier(text);
      return { ...identifier, hashes: identifierHashes(keys.lookup, identifier) };
    },
    identify: (identifier, traceId) =>
      db.read(systemic(traceId), (reader) =>
        findPerson(reader, {
          by: identifier.kind === 'nationalId' ? 'nationalIdHash' : 'emailHash',
          hashes: identifierHashes(keys.lookup, identifier),
        }),
      ),
    byKeycloakId: (id, traceId) => db.read(systemic(traceId), (reader) => findPerson(reader, { by: 'keycloakId', id })),
    align: async (tx, personId, { runAt = tx.now, newPassword = false } = {}) => {
      await enqueue(tx, ALIGN_PERSON, { personId, newPassword }, { runAt });
    },
    asSystem: (traceId, work) => db.write(systemic(traceId), work),
    asSelf: (tx, { principal, scope: { traceId, address, agent } }, work) => {
      const actor = { kind: 'system', id: principal.personId, via: 'self' } as const;
      const about = { ...(address !== undefined && { address }), ...(agent !== undefined && { agent }) };
      return inCompany(tx, { companyId: OPERATOR_COMPANY, actor, traceId, ...about }, work);
    },
  };
};
