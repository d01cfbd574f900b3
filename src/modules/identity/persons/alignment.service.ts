import type { Database, Tx } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, StaffRole } from '../../../platform/identity-provider/port.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository } from '../../../platform/module.ts';
import type { Logins } from './logins.ts';
import { ALIGN_PERSON } from './persons.lifecycle.ts';
import { markSessionsEnded, settleRequiredPassword, staffRolesOf } from './persons.repository.ts';
import type { PersonRow } from './persons.repository.ts';

interface AlignmentDependencies {
  readonly db: Pick<Database, 'write'>;
  readonly repository: Repository<PersonRow>;
  readonly logins: Logins;
  readonly identityProvider: Pick<IdentityProvider, 'users' | 'logoutAll'>;
  /** Ends the sessions of a person in every company that began by an instant, or by now. */
  readonly endSessions: (personId: string, because: string, traceId: string, at?: Date) => Promise<void>;
  readonly now: () => Date;
}

export interface AlignmentOptions {
  readonly newSecondFactor?: boolean;
}

export interface Alignment {
  /**
   * Brings the identity provider in line with what stands here about a person: a user with their address, names, and roles
   * of the staff, enabled or not; none at all for nobody. Done again it changes nothing. Whoever is given a role is signed
   * out, since no session may carry it that was opened without the second factor. Where a new password is required the one
   * that they have goes, unless they chose one since, and with `newSecondFactor` their second factor; their sessions end.
   */
  align(personId: string, traceId: string, options?: AlignmentOptions): Promise<void>;
  /**
   * Gives a new password to whoever proved their mailbox: where one is required, this is it, whether the provider was told or
   * not. @throws password_refused
   */
  renewPassword(person: Pick<PersonRow, 'id' | 'keycloakId'>, password: string, traceId: string): Promise<void>;
  /** Takes a second factor away from somebody who is not of the staff: it could only shut them out. Whoever is keeps it. */
  dropSecondFactor(personId: string, traceId: string): Promise<'kept' | 'dropped' | 'none'>;
  readonly jobs: readonly JobDefinition[];
}

/** Which of somebody's sessions end, and why. */
interface Ending {
  readonly because: string;
  readonly at?: Date;
}

/** See docs/decisions/rows-first-then-the-identity-provider.md. */
export const createAlignment = (dependencies: AlignmentDependencies): Alignment => {
  const { db, repository, logins, identityProvider, endSessions, now } = dependencies;
  const { users, logoutAll } = identityProvider;

  /** Signs out before, so that a try that dies half way does so again, and after, for who came in between. */
  const alignRoles = async (id: string, roles: readonly StaffRole[]): Promise<void> => {
    const held = await users.roles(id);
    const isGiven = roles.some((role) => !held.includes(role));
    if (!isGiven && held.length === roles.length) return;
    if (isGiven) await logoutAll(id);
    await users.setRoles(id, roles);
    if (isGiven) await logoutAll(id);
  };

  /** False also where the user is gone, as that of an event may be. */
  const removeSecondFactor = async (id: string): Promise<boolean> => {
    try {
      return await users.removeSecondFactor(id);
    } catch (error) {
      if (isProviderError(error, 'not_found')) return false;
      throw error;
    }
  };

  /**
   * Takes the password away, and what was opened by it before it was gone: while the provider was not told, it took people in.
   * Answers by when they began; those of whoever chose a password since come later.
   */
  const takePassword = async (tx: Tx, { id: personId, passwordRequiredAt }: PersonRow, id: string): Promise<Date> => {
    await users.requireNewPassword(id);
    await logoutAll(id);
    const at = now();
    await markSessionsEnded(tx, personId, { at, isAhead: false });
    await settleRequiredPassword(tx, personId, new Date(passwordRequiredAt ?? at));
    return at;
  };

  const align: Alignment['align'] = async (personId, traceId, { newSecondFactor = false } = {}) => {
    const scope = systemScope(OPERATOR_COMPANY, ALIGN_PERSON, traceId);
    const ending = await db.write(scope, async (tx): Promise<Ending | undefined> => {
      await logins.hold(tx, personId);
      const person = await repository.find(tx, personId);
      if (person === undefined || person.status === 'erased') {
        await logins.remove(personId);
        return person && { because: 'person_erased' };
      }
      const wanted = logins.of(person);
      const id = await logins.ensure(tx, wanted);
      await alignRoles(id, await staffRolesOf(tx, personId));
      if (person.keycloakId !== id)
        await repository.update(tx, await repository.lock(tx, personId), { keycloakId: id }, { action: 'align' });
      if (newSecondFactor) {
        await users.removeSecondFactor(id);
        // Sessions of the provider's page, too, which have no row here before their first token.
        await logoutAll(id);
      }
      const at = person.passwordRequiredAt === null ? undefined : await takePassword(tx, person, id);
      if (!wanted.enabled) return { because: 'person_disabled' };
      if (newSecondFactor) return { because: 'second_factor_reset' };
      return at && { because: 'new_password_required', at };
    });
    if (ending !== undefined) await endSessions(personId, ending.because, traceId, ending.at);
  };

  return {
    align,
    renewPassword: ({ id: personId, keycloakId }, password, traceId) =>
      db.write(systemScope(OPERATOR_COMPANY, 'reset', traceId), async (tx) => {
        await logins.hold(tx, personId);
        await users.setPassword(keycloakId ?? '', password);
        await settleRequiredPassword(tx, personId, tx.now);
      }),
    dropSecondFactor: (personId, traceId) =>
      db.write(systemScope(OPERATOR_COMPANY, ALIGN_PERSON, traceId), async (tx) => {
        await logins.hold(tx, personId);
        const person = await repository.find(tx, personId);
        if (person === undefined || person.keycloakId === null) return 'none';
        if ((await staffRolesOf(tx, personId)).length > 0) return 'kept';
        return (await removeSecondFactor(person.keycloakId)) ? 'dropped' : 'none';
      }),
    jobs: [
      job<{ personId: string } & AlignmentOptions>({
        name: ALIGN_PERSON,
        run: ({ personId, ...options }, { scope }) => align(personId, scope.traceId, options),
      }),
    ],
  };
};
