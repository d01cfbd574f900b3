import { createHash, timingSafeEqual } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { CryptoKey } from 'jose';
import { API_CLIENT } from '../realm.ts';
import { OAuthError } from './oauth-error.ts';
import type { IssuerState } from './state.ts';

/** The fields of a form post, each at most once. */
export type Form = Readonly<Record<string, string | undefined>>;

export type Grant = 'password' | 'authorization_code' | 'refresh_token' | 'client_credentials';

export interface KnownClient {
  id: string;
  grants: readonly Grant[];
  /** How the client shows who it is. */
  credential: 'none' | 'secret' | 'assertion';
  secretHash?: string;
  userId?: string;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTION_LIFE = 30;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function equal(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(one)), Buffer.from(sha256(other)));
}

function refuse(description: string): OAuthError {
  return new OAuthError(400, 'invalid_client', description);
}

export interface Clients {
  find: (id: string | undefined) => KnownClient | undefined;
  /** @throws OAuthError as Keycloak answers; a client assertion is good once */
  authenticate: (form: Form) => Promise<KnownClient>;
}

/** The realm's four clients and the machine clients, and how each proves who it is. */
export function createClients(
  state: IssuerState,
  options: { issuer: string; otpKey: CryptoKey; apiSecret: string; now: () => Date },
): Clients {
  const builtIn = new Map<string, KnownClient>(
    (
      [
        { id: 'angelis-worker', grants: ['password', 'refresh_token'], credential: 'none' },
        { id: 'angelis-admin', grants: ['authorization_code', 'refresh_token'], credential: 'none' },
        { id: 'angelis-otp', grants: ['password', 'refresh_token'], credential: 'assertion' },
        {
          id: API_CLIENT,
          grants: ['client_credentials'],
          credential: 'secret',
          secretHash: sha256(options.apiSecret),
          userId: `service-account-${API_CLIENT}`,
        },
      ] satisfies KnownClient[]
    ).map((client) => [client.id, client]),
  );
  /** Ids of assertions that were used, with the second at which each expires. */
  const used = new Map<string, number>();

  const find: Clients['find'] = (id) => {
    const machine = Object.hasOwn(state.machineClients, id ?? '') ? state.machineClients[id ?? ''] : undefined;
    if (!machine?.enabled) return builtIn.get(id ?? '');
    const { clientId, secretHash, userId } = machine;
    return { id: clientId, grants: ['client_credentials'], credential: 'secret', secretHash, userId };
  };
  const checkAssertion = async (client: KnownClient, form: Form): Promise<void> => {
    if (form['client_assertion_type'] !== ASSERTION_TYPE) {
      throw refuse('Parameter client_assertion_type is missing');
    }
    const seconds = Math.floor(options.now().getTime() / 1000);
    const { payload } = await jwtVerify(form['client_assertion'] ?? '', options.otpKey, {
      algorithms: ['ES256'],
      issuer: client.id,
      subject: client.id,
      audience: options.issuer,
      currentDate: options.now(),
      requiredClaims: ['exp', 'jti'],
    }).catch(() => {
      throw refuse('Client authentication with signed JWT failed');
    });
    const { exp = 0, jti = '' } = payload;
    if (exp > seconds + ASSERTION_LIFE) throw refuse(`Token expires in more than ${ASSERTION_LIFE} s`);
    for (const [id, until] of used) if (until < seconds) used.delete(id);
    if (used.has(jti)) throw refuse('Token reuse detected');
    used.set(jti, exp);
  };

  return {
    find,
    authenticate: async (form) => {
      const client = find(form['client_id']);
      if (!client) throw new OAuthError(401, 'invalid_client', 'Invalid client or Invalid client credentials');
      if (client.credential === 'assertion') await checkAssertion(client, form);
      if (client.credential === 'secret' && !equal(sha256(form['client_secret'] ?? ''), client.secretHash ?? '')) {
        throw new OAuthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials');
      }
      return client;
    },
  };
}
