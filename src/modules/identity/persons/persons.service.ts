import { v7 as uuidv7 } from 'uuid';
import type { Directory } from '../../../platform/access/directory.ts';
import type { Database } from '../../../platform/db/database.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import type { CompanyHint } from '../../../platform/http/company-hints.ts';
import type { StaffRole } from '../../../platform/identity-provider/port.ts';
import { Problem } from '../../../platform/module.ts';
import type { Context, Enqueue, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import { mustBeFree } from './addresses.ts';
import type { AddressKind } from './addresses.ts';
import { createContacts } from './contact.ts';
import type { Contacts } from './contact.ts';
import { identifierHashes, normalizeEmail, readIdentifier, usernameOf } from './identifiers.ts';
import type { Identifier } from './identifiers.ts';
import type { AlignmentOptions } from './alignment.service.ts';
import { ALIGN_PERSON } from './persons.lifecycle.ts';
import { countSignIns, findPerson, personOfNationalId, personsBetween, staffRoles } from './persons.repository.ts';
import type { PersonRow } from './persons.repository.ts';

export type { PersonRow } from './persons.repository.ts';

interface PersonsDependencies {
  readonly db: Database;
  readonly repository: Repository<PersonRow>;
  readonly mover: Mover<PersonRow>;
  readonly keys: { readonly data: KeyRing; readonly lookup: KeyRing };
  readonly enqueue: Enqueue;
  readonly directory: Pick<Directory, 'company'>;
  /** The keyed hashes under which a RUT may stand among the profiles of a company. */
  readonly rutHashes: (companyId: string, rut: string) => readonly string[];
}

/** Who is meant by what somebody typed. */
export interface Wanted extends Pick<Identifier, 'kind'> {
  /** Of a RUT the company that was named, and where there is none of that name the operator's, which has no profiles. */
  readonly companyId: string;
  /** The only form in which it is looked for and counted, the current key's first. */
  readonly hashes: readonly string[];
}

export interface Persons {
  readonly contacts: Contacts;
  readonly mover: Mover<PersonRow>;
  readonly repository: Repository<PersonRow>;
  /** Reads an email, or a RUT in the company that is named. 400 for a RUT without a company, which names nobody. */
  wantedBy(text: string, hints: readonly CompanyHint[]): Promise<Wanted>;
  /** Throws 409 where somebody else has this address to sign in with. In the operator's transaction. */
  mustBeFree(tx: Tx, personId: string, kind: AddressKind, value: string): Promise<void>;
  /** The name under which the identity provider knows a person. */
  usernameOf(personId: string): string;
  /** The live person with this email, or whose profile has this RUT; the same work whether there is one or not. */
  identify(wanted: Wanted, traceId: string): Promise<PersonRow | undefined>;
  /** The live person with this email. In the operator's transaction. */
  findByEmail(reader: Reader, email: string): Promise<PersonRow | undefined>;
  byKeycloakId(id: string, traceId: string): Promise<PersonRow | undefined>;
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
  align(tx: Tx, personId: string, options?: AlignmentOptions & { readonly runAt?: Date }): Promise<void>;
}

/** Persons: found by what they sign in with, changed in the operator's company only. */
export const createPersons = (dependencies: PersonsDependencies): Persons => {
  const { db, repository, mover, keys, enqueue, directory, rutHashes } = dependencies;
  const systemic = (traceId: string): Scope => systemScope(OPERATOR_COMPANY, 'sign-in', traceId);
  const findByEmail: Persons['findByEmail'] = (reader, email) =>
    findPerson(reader, {
      by: 'emailHash',
      hashes: identifierHashes(keys.lookup, { kind: 'email', value: normalizeEmail(email) }),
    });

  return {
    contacts: createContacts(keys),
    mover,
    repository,
    findByEmail,
    between: personsBetween,
    staffRoles,
    countSignIns,
    usernameOf,
    mustBeFree: mustBeFree(keys.lookup),
    wantedBy: async (text, hints) => {
      const identifier = readIdentifier(text);
      const { kind, value } = identifier;
      if (kind !== 'rut')
        return { kind, companyId: OPERATOR_COMPANY, hashes: identifierHashes(keys.lookup, identifier) };
      if (hints.length === 0) throw new Problem(400, 'COMPANY_NEEDED');
      const companyId = (await directory.company(hints))?.id ?? OPERATOR_COMPANY;
      return { kind, companyId, hashes: rutHashes(companyId, value) };
    },
    identify: async ({ kind, companyId, hashes }, traceId) => {
      if (kind !== 'rut')
        return db.read(systemic(traceId), (reader) => findPerson(reader, { by: 'emailHash', hashes }));
      const personId = await db.read(systemScope(companyId, 'sign-in', traceId), (reader) =>
        personOfNationalId(reader, hashes),
      );
      return db.read(systemic(traceId), (reader) => repository.find(reader, personId ?? uuidv7()));
    },
    byKeycloakId: (id, traceId) => db.read(systemic(traceId), (reader) => findPerson(reader, { by: 'keycloakId', id })),
    align: async (tx, personId, { runAt = tx.now, ...options } = {}) => {
      await enqueue(tx, ALIGN_PERSON, { personId, ...options }, { runAt });
    },
    asSystem: (traceId, work) => db.write(systemic(traceId), work),
    asSelf: (tx, { principal, scope: { traceId, address, agent } }, work) => {
      const actor = { kind: 'system', id: principal.personId, via: 'self' } as const;
      const about = { ...(address !== undefined && { address }), ...(agent !== undefined && { agent }) };
      return inCompany(tx, { companyId: OPERATOR_COMPANY, actor, traceId, ...about }, work);
    },
  };
};
