import KeycloakAdminClient, { NetworkError } from '@keycloak/keycloak-admin-client';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { IdentityProviderError } from '../errors.ts';
import type { MachineToken } from '../port.ts';

/** A token of this service is renewed so long before its end; milliseconds. */
const RENEW_BEFORE = 30_000;

/** Nothing, or nothing useful, came back. */
export function unavailable(cause: unknown): IdentityProviderError {
  return new IdentityProviderError('unavailable', 'Keycloak does not answer', { cause });
}

/** Keycloak's answer to an administration call as an error of the port. */
function translate(error: unknown): IdentityProviderError {
  if (error instanceof IdentityProviderError) return error;
  if (!(error instanceof NetworkError)) return unavailable(error);
  const { status } = error.response;
  const detail = JSON.stringify(error.responseData);
  if (status === 404) return new IdentityProviderError('not_found', 'No such user or client', { cause: error });
  if (status === 409) return new IdentityProviderError('conflict', 'The name or email is taken', { cause: error });
  if (status === 400 && /invalidPassword/.test(detail)) {
    return new IdentityProviderError('password_refused', 'Keycloak refuses the password', { cause: error });
  }
  if (status >= 500 || status === 429) return unavailable(error);
  const message = `Keycloak refuses an administration call (${status}): check the roles of the service account ("angelis realm apply" gives them)`;
  return new IdentityProviderError('misconfigured', message, { cause: error });
}

export interface Connection {
  client: KeycloakAdminClient;
  adminUrl: string;
  /** Milliseconds for one call. */
  timeout: number;
  /** The service account's, renewed when it nears its end. */
  accessToken: () => Promise<string>;
  /** One call, its failure as an error of the port. */
  administer: <T>(work: () => Promise<T>) => Promise<T>;
  /** The same for calls that change nothing: tried twice more when Keycloak does not answer. */
  read: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Keycloak's administration, as this service's own account. */
export function createConnection(options: {
  url: string;
  realm: string;
  timeout: number;
  signIn: () => Promise<MachineToken>;
  now: () => Date;
}): Connection {
  const { url, realm, timeout, signIn, now } = options;
  const again = retry(
    handleWhen((error) => error instanceof IdentityProviderError && error.code === 'unavailable'),
    { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 1000 }) },
  );

  let own: { token: string; until: number } | undefined;
  let signingIn: Promise<string> | undefined;
  const signInAsService = async (): Promise<string> => {
    try {
      const { accessToken: token, expiresIn } = await signIn();
      own = { token, until: now().getTime() + expiresIn * 1000 - RENEW_BEFORE };
      return token;
    } catch (error) {
      if (!(error instanceof IdentityProviderError) || error.code !== 'invalid_credentials') throw error;
      const message = 'Keycloak refuses the service account: check KEYCLOAK_ADMIN_CLIENT_ID and its secret';
      throw new IdentityProviderError('misconfigured', message, { cause: error });
    } finally {
      signingIn = undefined;
    }
  };
  const accessToken = (): Promise<string> => {
    if (own && own.until > now().getTime()) return Promise.resolve(own.token);
    signingIn ??= signInAsService();
    return signingIn;
  };
  const client = new KeycloakAdminClient({ baseUrl: url, realmName: realm, timeout });
  client.registerTokenProvider({ getAccessToken: accessToken });
  /** A refused token was not acted upon, so one more try with a fresh one is safe for writes too. */
  const administer = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NetworkError) || error.response.status !== 401) throw translate(error);
    }
    own = undefined;
    try {
      return await work();
    } catch (error) {
      throw translate(error);
    }
  };
  const read = <T>(work: () => Promise<T>): Promise<T> => again.execute(() => administer(work));

  return { client, adminUrl: `${url}/admin/realms/${realm}`, timeout, accessToken, administer, read };
}
