import type { Router } from 'express';
import type { CryptoKey, JWTPayload } from 'jose';
import { IdentityProviderError } from '../errors.ts';
import type { IdentityProvider, SignInClient, UserQuery } from '../port.ts';
import { createClients } from './clients.ts';
import { createEndpoints } from './endpoints.ts';
import type { Endpoints } from './endpoints.ts';
import { createGrants } from './grants.ts';
import { openKeys } from './keys.ts';
import { createMachineClients } from './machine-clients.ts';
import { createRouter } from './router.ts';
import { createSessions } from './sessions.ts';
import { keepState } from './state.ts';
import type { IssuerStore } from './store.ts';
import { createUsers, findUser } from './users.ts';
import type { Users } from './users.ts';

export interface DevelopmentIssuerOptions {
  /** What tokens carry as `iss`: the URL at which the router is mounted, ending in `/realms/angelis`. */
  issuer: string;
  store: IssuerStore;
  now: () => Date;
  /** NODE_ENV and APP_ENV of this process. */
  environment: { nodeEnv?: string; appEnv?: string };
  /** Verifies the assertions of `angelis-otp` (ES256). */
  otpKey: CryptoKey;
  /** The secret of `angelis-api`. */
  apiSecret: string;
  /** Where the admin client may be sent back to; compared as they are. */
  redirectUris: readonly string[];
  /** Told of every session that is signed out or ended by an administrator. */
  backchannelLogoutUrl?: string;
}

export interface DevelopmentIssuer extends Pick<
  IdentityProvider,
  'users' | 'machineClients' | 'endSession' | 'logoutAll' | 'events'
> {
  router: Router;
  post: Endpoints['post'];
  addUsers: Users['addAll'];
  /**
   * An access token without a sign-in, for tests and the command line; its session is listed as others are, and renews nothing.
   * `claims` replace its own.
   */
  mint: (request: { user: UserQuery; client: SignInClient; sid?: string; claims?: JWTPayload }) => Promise<string>;
  rotateKeys: () => Promise<void>;
  /** Resolves when the logout notices on their way have been answered or given up. */
  settled: () => Promise<void>;
  /** Waits for logout notices and writes what is not yet written. */
  close: () => Promise<void>;
}

/**
 * An issuer for development that speaks Keycloak's URLs and answers as Keycloak 26.7 does.
 * @throws in production, whichever of the two variables says so
 */
export async function createDevelopmentIssuer(options: DevelopmentIssuerOptions): Promise<DevelopmentIssuer> {
  const { environment, issuer, now, redirectUris } = options;
  if (environment.nodeEnv === 'production' || environment.appEnv === 'production') {
    throw new Error('The development issuer does not run in production: set KEYCLOAK_URL');
  }
  const keeper = await keepState(options.store, now);
  const keys = await openKeys(issuer, keeper, now);
  const clients = createClients(keeper.state, options);
  const sessions = createSessions(keeper, keys, options);
  const grants = createGrants(keeper, clients, sessions, options);
  const endpoints = createEndpoints({ keeper, keys, clients, sessions, grants });
  const users = createUsers(keeper, now);

  return {
    router: createRouter({ issuer, redirectUris, keys, clients, sessions, grants, endpoints }),
    post: endpoints.post,
    users: users.port,
    addUsers: users.addAll,
    machineClients: createMachineClients(keeper),
    endSession: async (sid) => {
      sessions.end(sid, 'by-admin');
      await keeper.flush();
    },
    logoutAll: async (userId) => {
      if (!findUser(keeper.state, { id: userId })) throw new IdentityProviderError('not_found', 'No such user');
      sessions.endAll(userId);
      await keeper.flush();
    },
    events: ({ since }) =>
      Promise.resolve({
        events: keeper.state.events
          .filter(({ at }) => at >= since.getTime())
          .map((event) => ({ ...event, at: new Date(event.at) })),
      }),
    mint: async ({ user: query, client, sid, claims = {} }) => {
      const user = findUser(keeper.state, query);
      if (!user) throw new IdentityProviderError('not_found', 'No such user');
      const session = sid ?? crypto.randomUUID();
      sessions.list(session, user, client);
      return keys.sign({ ...sessions.accessClaims(user, client, session), ...claims });
    },
    rotateKeys: keys.rotate,
    settled: sessions.settled,
    close: async () => {
      await sessions.settled();
      await keeper.close();
    },
  };
}
