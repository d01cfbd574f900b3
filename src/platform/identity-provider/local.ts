import { randomBytes } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { createDevelopmentIssuer } from './dev-issuer/index.ts';
import type { DevelopmentIssuer, DevelopmentIssuerOptions } from './dev-issuer/index.ts';
import { fileStore, memoryStore, readOnly } from './dev-issuer/store.ts';
import type { IssuerStore } from './dev-issuer/store.ts';
import type { IdentityProvider } from './port.ts';
import { API_CLIENT } from './realm.ts';
import { createTokenClient } from './token-client.ts';

export interface LocalIdentityProviderOptions extends Pick<
  DevelopmentIssuerOptions,
  'issuer' | 'now' | 'environment' | 'redirectUris' | 'backchannelLogoutUrl'
> {
  /** Where users, sessions and keys are kept; without it they end with the process. One process may use it at a time. */
  folder?: string;
  /** Where they are kept instead. */
  store?: IssuerStore;
  /** True beside the process that keeps the folder: what it has written is known, nothing is written back. */
  beside?: boolean;
}

export interface LocalIdentityProvider
  extends
    IdentityProvider,
    Pick<DevelopmentIssuer, 'router' | 'mint' | 'addUsers' | 'rotateKeys' | 'settled' | 'close'> {}

/** The port on the development issuer, in this process: its secrets are made at each start and never leave it. */
export async function createLocalIdentityProvider(
  options: LocalIdentityProviderOptions,
): Promise<LocalIdentityProvider> {
  const { folder, store = folder === undefined ? memoryStore() : fileStore(folder), beside = false, ...rest } = options;
  const pair = await generateKeyPair('ES256');
  const apiSecret = randomBytes(32).toString('base64url');
  const issuer = await createDevelopmentIssuer({
    ...rest,
    store: beside ? readOnly(store) : store,
    otpKey: pair.publicKey,
    apiSecret,
  });
  const { post, ...administration } = issuer;
  const tokens = createTokenClient({
    issuer: options.issuer,
    send: post,
    otpKey: pair.privateKey,
    service: { clientId: API_CLIENT, clientSecret: apiSecret },
    now: options.now,
  });
  return {
    issuer: options.issuer,
    jwksUri: `${options.issuer}/protocol/openid-connect/certs`,
    ...tokens,
    ...administration,
  };
}
