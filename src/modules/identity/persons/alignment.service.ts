import type { Database } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, StaffRole } from '../../../platform/identity-provider/port.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, Repository } from '../../../platform/module.ts';
import type { Logins } from './logins.ts';
import { ALIGN_PERSON } from './persons.lifecycle.ts';
import { staffRolesOf } from './persons.repository.ts';
import type { PersonRow } from './persons.repository.ts';

interface AlignmentDependencies {
  readonly db: Pick<Database, 'write'>;
  readonly repository: Repository<PersonRow>;
  readonly logins: Logins;
  readonly identityProvider: Pick<IdentityProvider, 'users' | 'logoutAll'>;
  /** Ends the sessions of a person in every company. */
  readonly endSessions: (personId: string, because: string, traceId: string) => Promise<void>;
}

export interface AlignmentOptions {
  readonly newPassword?: boolean;
  readonly newSecondFactor?: boolean;
}

export interface Alignment {
  /**
   * Brings the identity provider in line with what stands here about a person: a user with their address, names, and roles
   * of the staff, enabled or not; none at all for nobody. Done again it changes nothing. Whoever is given a role is signed
   * out, since no session may carry it that was opened without the second factor. With `newPassword` their sessions
   * end, also while the provider is away, and they sign in no more before they have one; with `newSecondFactor` the one
   * that they have goes, and their sessions end.
   */
  align(personId: string, traceId: string, options?: AlignmentOptions): Promise<void>;
  /** Takes a second factor away from somebody who is not of the staff: it could only shut them out. Whoever is keeps it. */
  dropSecondFactor(personId: string, traceId: string): Promise<'kept' | 'dropped' | 'none'>;
  readonly jobs: readonly JobDefinition[];
}

/** See docs/decisions/rows-first-then-the-identity-provider.md. */
export const createAlignment = (dependencies: AlignmentDependencies): Alignment => {
  const { db, repository, logins, identityProvider, endSessions } = dependencies;
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

  const align: Alignment['align'] = async (
    personId,
    traceId,
    { newPassword = false, newSecondFactor = false } = {},
  ) => {
    const scope = systemScope(OPERATOR_COMPANY, ALIGN_PERSON, traceId);
    const required = newPassword ? 'new_password_required' : newSecondFactor ? 'second_factor_reset' : undefined;
    if (required !== undefined) await endSessions(personId, required, traceId);
    const because = await db.write(scope, async (tx) => {
      await logins.hold(tx, personId);
      const person = await repository.find(tx, personId);
      if (person === undefined || person.status === 'erased') {
        await logins.remove(personId);
        return person && 'person_erased';
      }
      const wanted = logins.of(person);
      const id = await logins.ensure(tx, wanted);
      await alignRoles(id, await staffRolesOf(tx, personId));
      if (person.keycloakId !== id)
        await repository.update(tx, await repository.lock(tx, personId), { keycloakId: id }, { action: 'align' });
      if (newPassword) await users.requireNewPassword(id);
      if (newSecondFactor) await users.removeSecondFactor(id);
      // Sessions of the provider's page, too, which have no row here before their first token.
      if (required !== undefined) await logoutAll(id);
      if (!wanted.enabled) return 'person_disabled';
      return required;
    });
    if (because !== undefined) await endSessions(personId, because, traceId);
  };

  return {
    align,
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
