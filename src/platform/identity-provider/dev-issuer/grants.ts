import { randomBytes } from 'node:crypto';
import type { SignInClient } from '../port.ts';
import { isSignInClient } from '../realm.ts';
import { afterFailure, isLocked, NO_FAILURES } from './brute-force.ts';
import { sha256 } from './clients.ts';
import type { Clients, Form, KnownClient } from './clients.ts';
import { OAuthError } from './oauth-error.ts';
import { passwordMatches } from './passwords.ts';
import type { Sessions, TokenReply } from './sessions.ts';
import type { StateKeeper, StoredUser } from './state.ts';
import { findUser } from './users.ts';

const CODE_LIFE = 60_000;

interface StoredCode {
  sid: string;
  redirectUri: string;
  challenge: string;
  nonce: string | undefined;
  expiresAt: number;
  used: boolean;
}

export interface Attempt {
  username: string;
  clientId: SignInClient;
  address: string | undefined;
}

export interface Grants {
  token: (form: Form, address: string | undefined) => Promise<TokenReply>;
  /** The sign-in page's check. */
  checkPassword: (attempt: Attempt, password: string) => Promise<StoredUser>;
  /** Opens a session and returns the code that redeems it, once and within a minute. */
  issueCode: (user: StoredUser, request: Form, address: string | undefined) => { code: string; sid: string };
}

const invalidUser = (): OAuthError => new OAuthError(400, 'invalid_grant', 'Invalid user credentials');
const invalidCode = (): OAuthError => new OAuthError(400, 'invalid_grant', 'Code not valid');

/** The token endpoint: every grant that the realm allows, answered as Keycloak does. */
export function createGrants(
  keeper: StateKeeper,
  clients: Clients,
  sessions: Sessions,
  options: { now: () => Date },
): Grants {
  const { state } = keeper;
  const codes = new Map<string, StoredCode>();
  const time = (): number => options.now().getTime();

  const userNamed = (name: string): StoredUser | undefined =>
    findUser(state, { username: name }) ?? findUser(state, { email: name });
  const fail = (attempt: Attempt, error: string, user?: StoredUser): void => {
    const { clientId, address } = attempt;
    keeper.record({ type: 'sign_in_failed', userId: user?.id, clientId, address, error });
  };
  /** The user, unless the account is unknown, locked (both answered like a wrong password) or disabled. */
  const admit = (attempt: Attempt, user: StoredUser | undefined, proven: boolean): StoredUser => {
    if (!user) {
      fail(attempt, 'user_not_found');
      throw invalidUser();
    }
    if (isLocked(user.failures, time())) {
      fail(attempt, 'user_temporarily_disabled', user);
      throw invalidUser();
    }
    if (!proven) {
      user.failures = afterFailure(user.failures, time());
      fail(attempt, 'invalid_user_credentials', user);
      if (isLocked(user.failures, time())) keeper.record({ type: 'locked', userId: user.id, address: attempt.address });
      throw invalidUser();
    }
    if (!user.enabled) {
      fail(attempt, 'user_disabled', user);
      throw new OAuthError(400, 'invalid_grant', 'Account disabled');
    }
    if (user.needsPassword === true) {
      fail(attempt, 'resolve_required_actions', user);
      throw new OAuthError(400, 'invalid_grant', 'Account is not fully set up');
    }
    user.failures = { ...NO_FAILURES };
    return user;
  };
  /** By name alone a disabled account is answered like an unknown one: nothing was proven. */
  const admitByName = (attempt: Attempt): StoredUser => {
    try {
      return admit(attempt, userNamed(attempt.username), true);
    } catch {
      throw invalidUser();
    }
  };
  const checkPassword: Grants['checkPassword'] = async (attempt, password) => {
    const proven = await passwordMatches(password, userNamed(attempt.username)?.password);
    // Nothing is awaited from here on: of many guesses at once, those after the one that locks find the lock.
    return admit(attempt, userNamed(attempt.username), proven);
  };
  const openSession = async (user: StoredUser, clientId: SignInClient, form: Form, address: string | undefined) =>
    sessions.issue(sessions.open(user, clientId, form['scope'] ?? '', address), user);

  const password = async (client: KnownClient, form: Form, address: string | undefined): Promise<TokenReply> => {
    const clientId = client.id;
    if (!isSignInClient(clientId)) throw new Error(`${clientId} is not a client that people sign in with`);
    const attempt = { username: form['username'] ?? '', clientId, address };
    const user =
      client.credential === 'assertion' ? admitByName(attempt) : await checkPassword(attempt, form['password'] ?? '');
    return openSession(user, clientId, form, address);
  };
  const code = async (form: Form): Promise<TokenReply> => {
    const stored = codes.get(sha256(form['code'] ?? ''));
    if (!stored) throw invalidCode();
    if (stored.used) {
      sessions.detach(stored.sid);
      throw invalidCode();
    }
    stored.used = true;
    const verifier = form['code_verifier'];
    if (state.users[state.sessions[stored.sid]?.userId ?? '']?.enabled === false)
      throw new OAuthError(400, 'invalid_grant', 'User disabled');
    const found = sessions.live(stored.sid);
    if (!found || stored.expiresAt <= time()) throw invalidCode();
    if (stored.redirectUri !== form['redirect_uri']) {
      throw new OAuthError(400, 'invalid_grant', 'Incorrect redirect_uri');
    }
    if (verifier === undefined) throw new OAuthError(400, 'invalid_grant', 'PKCE code verifier not specified');
    if (sha256(verifier) !== stored.challenge) {
      throw new OAuthError(400, 'invalid_grant', 'PKCE verification failed: Code mismatch');
    }
    return sessions.issue(found.session, found.user, stored.nonce);
  };
  const answer = (client: KnownClient, form: Form, address: string | undefined): Promise<TokenReply> => {
    const { id, grants } = client;
    switch (form['grant_type'] ?? '') {
      case 'password':
        if (grants.includes('password')) return password(client, form, address);
        throw new OAuthError(400, 'unauthorized_client', 'Client not allowed for direct access grants');
      case 'authorization_code':
        if (grants.includes('authorization_code')) return code(form);
        throw new OAuthError(400, 'unauthorized_client', 'Client not allowed to exchange code');
      case 'refresh_token':
        return sessions.refresh(form['refresh_token'] ?? '', id, address);
      case 'client_credentials':
        if (grants.includes('client_credentials')) {
          return sessions.machineReply({ clientId: id, userId: client.userId ?? id }, form['scope'] ?? '');
        }
        throw new OAuthError(401, 'unauthorized_client', 'Public client not allowed to retrieve service account');
      default:
        throw new OAuthError(400, 'unsupported_grant_type', 'Unsupported grant_type');
    }
  };

  return {
    checkPassword,
    token: async (form, address) => answer(await clients.authenticate(form), form, address),
    issueCode: (user, request, address) => {
      for (const [key, { expiresAt }] of codes) if (expiresAt + CODE_LIFE < time()) codes.delete(key);
      const { sid } = sessions.open(user, 'angelis-admin', request['scope'] ?? 'openid', address);
      const secret = randomBytes(32).toString('base64url');
      codes.set(sha256(secret), {
        sid,
        redirectUri: request['redirect_uri'] ?? '',
        challenge: request['code_challenge'] ?? '',
        nonce: request['nonce'],
        expiresAt: time() + CODE_LIFE,
        used: false,
      });
      return { code: secret, sid };
    },
  };
}
