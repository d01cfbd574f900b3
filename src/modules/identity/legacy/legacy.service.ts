import { compare } from 'bcryptjs';
import { v7 as uuidv7 } from 'uuid';
import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { CompanyHint } from '../../../platform/http/company-hints.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, PasswordState } from '../../../platform/identity-provider/port.ts';
import { Problem, retention } from '../../../platform/module.ts';
import type { TickDefinition } from '../../../platform/module.ts';
import { inParallel } from '../../../platform/process/parallel.ts';
import type { Notices } from '../notices/notices.service.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { readIdentifier } from '../persons/identifiers.ts';
import type { Logins } from '../persons/logins.ts';
import { maySignIn } from '../persons/admission.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import type { LegacyFault, LegacyLine, LegacyRead } from './legacy.lines.ts';
import { addHashes, countWaiting, forgetLegacy, lockHash, purgeLegacy, waits } from './legacy.repository.ts';

interface LegacyDependencies {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly changes: Pick<ChangeRecorder, 'event' | 'events'>;
  readonly identityProvider: Pick<IdentityProvider, 'users'>;
  readonly persons: Persons;
  readonly logins: Pick<Logins, 'hold'>;
  readonly notices: Pick<Notices, 'send'>;
}

/** Somebody who gives a password; undefined: nobody whom this system knows. */
export interface Attempt {
  readonly personId: string | undefined;
  readonly password: string;
  readonly traceId: string;
}

/** What is wrong with a line, or with whom it is about. */
type ImportFault = LegacyFault | 'COMPANY_NEEDED' | 'UNKNOWN' | 'TWICE';

/** What became of a file. */
export interface Import {
  readonly taken: number;
  /** They wait already. */
  readonly there: number;
  /** They have a password here, or are to choose one: theirs of before is good for nothing. */
  readonly own: number;
  /** Lines that were not taken, in their order. */
  readonly faults: readonly { readonly line: number; readonly fault: ImportFault }[];
  /** How many wait for their first sign-in, of this file and of others. */
  readonly waiting: number;
}

export interface Legacy {
  /**
   * Asks the identity provider about a password, by `ask`, once one that is right for an older system is the provider's own. It
   * becomes that only where the provider has none, requires none and has locked nobody out; then the hash is erased. One that
   * is right and would not be good enough is erased, too, and its owner is told; nobody comes in with it.
   */
  first<T>(attempt: Attempt, ask: () => Promise<T>): Promise<T>;
  /**
   * Takes the accounts of a file over, of RUTs those of the company that `hints` name; whom nobody knows is told by line. Done
   * again it adds nothing twice.
   */
  take(lines: AsyncIterable<LegacyRead>, hints: readonly CompanyHint[], traceId: string): Promise<Import>;
  readonly ticks: readonly TickDefinition[];
}

interface Found {
  readonly line: LegacyLine;
  readonly person: PersonRow | undefined;
  isFree: boolean;
}

const AT_ONCE = 200;
/** Requests to the identity provider at once. */
const LANES = 4;

export const LEGACY_RETENTION = retention({
  of: 'legacy_credential',
  by: 'identity.legacy.purge',
  ms: 365 * 86_400_000,
});

/** Passwords that people had in an older system. See docs/decisions/old-passwords-are-taken-over-once.md. */
export const createLegacy = (dependencies: LegacyDependencies): Legacy => {
  const { db, changes, identityProvider, persons, logins, notices } = dependencies;
  const { users } = identityProvider;
  const operator = (traceId: string) => systemScope(OPERATOR_COMPANY, 'legacy', traceId);

  /** Undefined where the provider has no such user: the comparison at night makes one. */
  const stateOf = async (userId: string): Promise<PasswordState | undefined> => {
    try {
      return await users.passwordState(userId);
    } catch (error) {
      if (isProviderError(error, 'not_found')) return undefined;
      throw error;
    }
  };

  const erase = async (tx: Tx, { id }: PersonRow, action: string): Promise<void> => {
    await forgetLegacy(tx, id);
    await changes.event(tx, { entity: 'person', entityId: id, action });
  };

  /** Sets it at the provider; false where it is not what a password must be, here or there. */
  const takeOver = async ({ firstName, lastName }: PersonRow, userId: string, password: string): Promise<boolean> => {
    try {
      checkPassword(password, [firstName, lastName], '/password');
      await users.setPassword(userId, password);
      return true;
    } catch (error) {
      if ((error instanceof Problem && error.status === 422) || isProviderError(error, 'password_refused'))
        return false;
      throw error;
    }
  };

  /**
   * Makes a right password the provider's own; true where it was. The hash goes last: where that fails the provider has the
   * very same password, and the next sign-in erases it.
   */
  const move = async (tx: Tx, personId: string, password: string): Promise<boolean> => {
    const sealed = await lockHash(tx, personId);
    const person = await persons.repository.find(tx, personId);
    if (sealed === undefined || person === undefined || !maySignIn(person) || person.keycloakId === null) return false;
    const { keycloakId } = person;
    const state = await stateOf(keycloakId);
    if (state === undefined) return false;
    if (state.isSet || state.isRequired) await erase(tx, person, 'forget_legacy_password');
    if (state.isSet || state.isRequired || state.isLocked) return false;
    if (!(await compare(password, persons.contacts.legacyHashOf(person, sealed)))) return false;
    if (await takeOver(person, keycloakId, password)) {
      await erase(tx, person, 'take_legacy_password');
      return true;
    }
    await erase(tx, person, 'forget_legacy_password');
    await notices.send(tx, personId, 'passwordTooWeak');
    return false;
  };

  /** Whose lines they are, and whether they have no password here, nor are to choose one. */
  const knownOf = async (
    lines: readonly LegacyLine[],
    hints: readonly CompanyHint[],
    traceId: string,
  ): Promise<readonly Found[]> => {
    const found: Found[] = [];
    for (const line of lines) {
      const person = await persons.identify(await persons.wantedBy(line.identifier, hints), traceId);
      found.push({ line, person, isFree: true });
    }
    await inParallel(found, LANES, async (one) => {
      const id = one.person?.keycloakId ?? null;
      const state = id === null ? undefined : await stateOf(id);
      one.isFree = state === undefined || (!state.isSet && !state.isRequired);
    });
    return found;
  };

  const add = (people: readonly { person: PersonRow; hash: string }[], traceId: string): Promise<number> =>
    db.write(operator(traceId), async (tx) => {
      const sealed = people.map(({ person, hash }) => ({
        personId: person.id,
        sealed: persons.contacts.legacyHash(person, hash),
      }));
      const added = await addHashes(tx, sealed);
      await changes.events(
        tx,
        added.map((entityId) => ({ entity: 'person', entityId, action: 'import_legacy_password' })),
      );
      return added.length;
    });

  return {
    first: async ({ personId = uuidv7(), password, traceId }, ask) => {
      if (!(await db.read(operator(traceId), (reader) => waits(reader, personId)))) return ask();
      // One try of a person at a time: what failed is counted before the next one looks whether they are locked.
      const answered = await db.write(operator(traceId), async (tx) => {
        await logins.hold(tx, personId);
        if (await move(tx, personId, password)) return ask;
        const asked = ask();
        await Promise.allSettled([asked]);
        return () => asked;
      });
      return answered();
    },
    take: async (lines, hints, traceId) => {
      const counts = { taken: 0, there: 0, own: 0 };
      const faults: Import['faults'][number][] = [];
      const seen = new Set<string>();
      const takeSome = async (some: readonly LegacyLine[]): Promise<void> => {
        const people: { person: PersonRow; hash: string }[] = [];
        for (const { line, person, isFree } of await knownOf(some, hints, traceId)) {
          if (person === undefined) faults.push({ line: line.line, fault: 'UNKNOWN' });
          else if (seen.has(person.id)) faults.push({ line: line.line, fault: 'TWICE' });
          else if (isFree) people.push({ person, hash: line.hash });
          else counts.own += 1;
          if (person !== undefined) seen.add(person.id);
        }
        const added = people.length === 0 ? 0 : await add(people, traceId);
        counts.taken += added;
        counts.there += people.length - added;
      };
      const some: LegacyLine[] = [];
      for await (const read of lines) {
        if ('fault' in read) faults.push(read);
        else if (hints.length === 0 && readIdentifier(read.identifier).kind === 'rut')
          faults.push({ line: read.line, fault: 'COMPANY_NEEDED' });
        else some.push(read);
        if (some.length === AT_ONCE) await takeSome(some.splice(0));
      }
      await takeSome(some);
      const waiting = await db.read(operator(traceId), countWaiting);
      return { ...counts, faults: faults.toSorted((one, other) => one.line - other.line), waiting };
    },
    ticks: [
      {
        name: LEGACY_RETENTION.by,
        every: 86_400,
        for: 'once',
        run: (scope, { now }) => db.write(scope, (tx) => purgeLegacy(tx, LEGACY_RETENTION.before(now))),
      },
    ],
  };
};
