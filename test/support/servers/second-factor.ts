import type { TestPerson } from '../people.ts';
import type { TestSystem } from '../system.ts';
import { openRealm } from './realm.ts';

/** A second factor of this secret, as somebody's credential who has set one up. */
export const secondFactor = (secret: string) => ({
  type: 'otp',
  userLabel: 'phone',
  secretData: JSON.stringify({ value: secret }),
  credentialData: JSON.stringify({ subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1' }),
});

/**
 * Puts a user in the place of somebody's who has a second factor, and the password if one is given: Keycloak takes credentials
 * with new users only. Answers the user's id.
 */
export const giveSecondFactor = async (
  { identityProvider: { users, issuer }, database }: TestSystem,
  { personId, keycloakId }: Pick<TestPerson, 'personId' | 'keycloakId'>,
  secret: string,
  password?: string,
): Promise<string> => {
  const { username, email } = (await users.find({ id: keycloakId }))!;
  await users.remove(keycloakId);
  const realm = await openRealm(issuer.split('/').at(-1)!).console();
  const { id } = await realm.users.create({
    username,
    email: email!,
    enabled: true,
    emailVerified: true,
    firstName: 'Ana',
    lastName: 'Rojas',
    credentials: [
      ...(password === undefined ? [] : [{ type: 'password', value: password, temporary: false }]),
      secondFactor(secret),
    ],
  });
  await (await database.superuser()).query('update person set keycloak_id = $2 where id = $1', [personId, id]);
  return id;
};
