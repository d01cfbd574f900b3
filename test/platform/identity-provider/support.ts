import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { IdentityProviderError } from '../../../src/platform/identity-provider/errors.ts';
import type { IdentityProviderErrorCode } from '../../../src/platform/identity-provider/errors.ts';
import type { IdentityProvider, NewUser, TokenSet, User } from '../../../src/platform/identity-provider/port.ts';

export const PASSWORD = 'a-long-enough-password';
export const ADDRESS = '203.0.113.9';

/** How a call to a provider ends; errors of other kinds are thrown on. */
export async function codeOf(promise: Promise<unknown>): Promise<IdentityProviderErrorCode | 'no error'> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    if (error instanceof IdentityProviderError) return error.code;
    throw error;
  }
}

export interface ProviderCalls {
  newUser: (changes?: Partial<NewUser>) => Promise<User>;
  /** Signs in this user, or a new one, on the worker client. */
  signIn: (user?: User) => Promise<TokenSet & { id: string; username: string }>;
  /**
   * Two sessions of one person, a moment apart: Keycloak takes nobody in while its brute-force protection, which works beside
   * the requests, still counts their sign-in before.
   */
  signInTwice: (user: User) => Promise<[TokenSet, TokenSet]>;
  refresh: (refreshToken: string) => Promise<TokenSet>;
  isActive: (token: string) => Promise<boolean>;
}

/** What most tests of the contract do; each user is a fresh one, so that they may run beside each other. */
export function callsOf(get: () => IdentityProvider): ProviderCalls {
  const newUser: ProviderCalls['newUser'] = (changes) => {
    const username = randomUUID();
    const email = `${username}@example.test`;
    const basics = { username, email, enabled: true, emailVerified: true, password: PASSWORD };
    return get().users.create({ ...basics, ...changes });
  };
  const signIn: ProviderCalls['signIn'] = async (user) => {
    const { id, username } = user ?? (await newUser());
    return { id, username, ...(await get().passwordGrant({ username, password: PASSWORD, address: ADDRESS })) };
  };
  return {
    newUser,
    signIn,
    signInTwice: async (user) => {
      const first = await signIn(user);
      await sleep(1_000);
      return [first, await signIn(user)];
    },
    refresh: (refreshToken) => get().refresh({ client: 'angelis-worker', refreshToken }),
    isActive: async (token) => (await get().introspect(token)).active,
  };
}
