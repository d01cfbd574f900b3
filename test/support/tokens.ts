import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { CryptoKey, JWK, JWTHeaderParameters, JWTPayload } from 'jose';

/** An issuer's key pair, to sign what a test wants signed. */
export interface TestKey {
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}

export async function testKey(kid: string): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** The claims of a good access token, five minutes long from `now`. */
export function goodClaims(issuer: string, now: Date): JWTPayload {
  const seconds = Math.floor(now.getTime() / 1000);
  return {
    iss: issuer,
    aud: 'angelis-api',
    sub: '0190a7f0-0000-7000-8000-000000000001',
    typ: 'Bearer',
    azp: 'angelis-worker',
    sid: 'session-of-a-test',
    iat: seconds,
    exp: seconds + 300,
    realm_access: { roles: ['operator-support'] },
  };
}

/** Signs what it is given, good or bad; a claim that is `undefined` is left out. */
export function signClaims(
  claims: JWTPayload,
  key: TestKey,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey);
}

function withPayload(token: string, claims: JWTPayload): string {
  const [header, , signature] = token.split('.');
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
}

/** By name, tokens that must all be refused, and alike; `key` is the issuer's own. */
export async function forgedTokens(key: TestKey, issuer: string, now: Date): Promise<ReadonlyMap<string, string>> {
  const good = goodClaims(issuer, now);
  const seconds = Math.floor(now.getTime() / 1000);
  const signed = (changes: Record<string, unknown>): Promise<string> => signClaims({ ...good, ...changes }, key);
  const stranger = await testKey(key.kid);
  const publicPem = new TextEncoder().encode(await exportSPKI(key.publicKey));
  const token = await signed({});
  const ownKey = { kid: 'own', jwk: stranger.jwk };
  return new Map<string, string>([
    ['expired', await signed({ iat: seconds - 600, exp: seconds - 300 })],
    ['no exp', await signed({ exp: undefined })],
    ['no iat', await signed({ iat: undefined })],
    ['no sub', await signed({ sub: undefined })],
    ['empty sub', await signed({ sub: '' })],
    ['issued in the future', await signed({ iat: seconds + 120 })],
    ['nbf in the future', await signed({ nbf: seconds + 120 })],
    ['lives for a day', await signed({ exp: seconds + 86_400 })],
    ['other issuer', await signed({ iss: 'https://elsewhere.example/realms/angelis' })],
    ['other audience', await signed({ aud: 'account' })],
    ['no audience', await signed({ aud: undefined })],
    ['other azp', await signed({ azp: 'somebody-else' })],
    ['no azp', await signed({ azp: undefined })],
    ['id token', await signed({ typ: 'ID' })],
    ['refresh token', await signed({ typ: 'Refresh' })],
    ['logout token', await signed({ typ: 'Logout' })],
    ['no typ', await signed({ typ: undefined })],
    ['realm roles as text', await signed({ realm_access: { roles: 'operator-superadmin' } })],
    ['realm roles of numbers', await signed({ realm_access: { roles: [1] } })],
    ['realm access as list', await signed({ realm_access: [] })],
    ['client roles as text', await signed({ resource_access: { 'angelis-api': { roles: 'admin' } } })],
    ['client access as text', await signed({ resource_access: 'admin' })],
    ['sid as number', await signed({ sid: 7 })],
    ['alg none', new UnsecuredJWT(good).encode()],
    [
      'HS256 with the public key',
      await new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(publicPem),
    ],
    ['signed by a stranger', await signClaims(good, stranger)],
    ['unknown kid', await signClaims(good, key, { kid: 'nobody' })],
    [
      'brings its own jwk',
      await new SignJWT(good).setProtectedHeader({ alg: 'RS256', ...ownKey }).sign(stranger.privateKey),
    ],
    ['own key, with a jwk', await signClaims(good, key, { jwk: key.jwk })],
    ['own key, with a jku', await signClaims(good, key, { jku: 'https://elsewhere.example/certs' })],
    ['own key, with an x5c', await signClaims(good, key, { x5c: ['AAAA'] })],
    ['signature stripped', token.slice(0, token.lastIndexOf('.') + 1)],
    ['signature cut', token.slice(0, -8)],
    ['payload swapped', withPayload(token, { ...good, sub: 'somebody-else' })],
    ['two parts', token.slice(0, token.lastIndexOf('.'))],
    ['not a token', 'not-a-token'],
    ['longer than 8 KiB', await signed({ filler: 'x'.repeat(9000) })],
  ]);
}
