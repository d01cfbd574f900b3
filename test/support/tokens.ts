import { createHmac } from 'node:crypto';
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

/** A token put together by hand, as no library would. */
function assembled(header: object, claims: JWTPayload, signature: string | Buffer = ''): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [encode(header), encode(claims), Buffer.from(signature).toString('base64url')].join('.');
}

/** Signed with a secret that anybody could think of. */
function shared(claims: JWTPayload, header: { alg: string; kid: string }, secret: string): string {
  const token = assembled(header, claims).slice(0, -1);
  const mac = createHmac(header.alg.replace('HS', 'sha'), secret).update(token).digest('base64url');
  return `${token}.${mac}`;
}

/**
 * By name, tokens that must all be refused, and alike. `key` is the issuer's own; `good` are claims with which a token of that
 * key is accepted.
 */
export async function forgedTokens(
  key: TestKey,
  issuer: string,
  now: Date,
  good = goodClaims(issuer, now),
): Promise<ReadonlyMap<string, string>> {
  const seconds = Math.floor(now.getTime() / 1000);
  const signed = (changes: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string> =>
    signClaims({ ...good, ...changes }, key, header);
  const stranger = await testKey(key.kid);
  const publicPem = await exportSPKI(key.publicKey);
  const token = await signed({});
  const [, , signature] = token.split('.');
  const foreign = (header: Partial<JWTHeaderParameters>): Promise<string> => signClaims(good, stranger, header);
  const elsewhere = 'https://elsewhere.example/certs';
  return new Map<string, string>([
    ['expired', await signed({ iat: seconds - 600, exp: seconds - 300 })],
    ['no exp', await signed({ exp: undefined })],
    ['exp as text', await signed({ exp: String(seconds + 300) })],
    ['exp of null', await signed({ exp: null })],
    ['no iat', await signed({ iat: undefined })],
    ['no sub', await signed({ sub: undefined })],
    ['empty sub', await signed({ sub: '' })],
    ['sub as list', await signed({ sub: [good.sub] })],
    ['issued in the future', await signed({ iat: seconds + 120 })],
    ['nbf in the future', await signed({ nbf: seconds + 120 })],
    ['nbf as text', await signed({ nbf: 'soon' })],
    ['lives for a day', await signed({ exp: seconds + 86_400 })],
    ['lives for a century', await signed({ exp: seconds + 3_155_760_000 })],
    ['other issuer', await signed({ iss: 'https://elsewhere.example/realms/angelis' })],
    ['other realm', await signed({ iss: `${issuer}-of-others` })],
    ['no issuer', await signed({ iss: undefined })],
    ['other audience', await signed({ aud: 'account' })],
    ['no audience', await signed({ aud: undefined })],
    ['audience as part of a word', await signed({ aud: 'angelis-api-of-others' })],
    ['other azp', await signed({ azp: 'somebody-else' })],
    ['no azp', await signed({ azp: undefined })],
    ['azp as list', await signed({ azp: ['angelis-worker'] })],
    ['id token', await signed({ typ: 'ID' })],
    ['refresh token', await signed({ typ: 'Refresh' })],
    ['offline token', await signed({ typ: 'Offline' })],
    ['logout token', await signed({ typ: 'Logout' })],
    ['typ as list', await signed({ typ: ['Bearer'] })],
    ['no typ', await signed({ typ: undefined })],
    ['realm roles as text', await signed({ realm_access: { roles: 'operator-superadmin' } })],
    ['realm roles of numbers', await signed({ realm_access: { roles: [1] } })],
    ['realm access as list', await signed({ realm_access: [] })],
    ['client roles as text', await signed({ resource_access: { 'angelis-api': { roles: 'admin' } } })],
    ['client access as text', await signed({ resource_access: 'admin' })],
    ['sid as number', await signed({ sid: 7 })],
    ['scope as list', await signed({ scope: ['gate:decision:ask'] })],
    ['alg none', new UnsecuredJWT(good).encode()],
    ['alg nOnE', assembled({ alg: 'nOnE', kid: key.kid }, good)],
    ['alg none, with the signature of another', assembled({ alg: 'none', kid: key.kid }, good, signature)],
    ['no alg', assembled({ kid: key.kid }, good, signature)],
    ['HS256 with the public key', shared(good, { alg: 'HS256', kid: key.kid }, publicPem)],
    ['HS512 with the public key', shared(good, { alg: 'HS512', kid: key.kid }, publicPem)],
    ['HS256 with the published key', shared(good, { alg: 'HS256', kid: key.kid }, JSON.stringify(key.jwk))],
    ['HS256 with nothing', shared(good, { alg: 'HS256', kid: key.kid }, '')],
    ['ES256 of zeros', assembled({ alg: 'ES256', kid: key.kid }, good, Buffer.alloc(64))],
    ['signed by a stranger', await signClaims(good, stranger)],
    ['unknown kid', await signClaims(good, key, { kid: 'nobody' })],
    ['kid that climbs', shared(good, { alg: 'HS256', kid: '../../../../dev/null' }, '')],
    ['kid that climbs, signed by a stranger', await foreign({ kid: `../${key.kid}` })],
    ['kid that is SQL', await foreign({ kid: `' union select '${key.kid}` })],
    ['kid that is an address', await foreign({ kid: elsewhere })],
    ['brings its own jwk', await foreign({ kid: 'own', jwk: stranger.jwk })],
    ['brings its own jwk, under the kid of the issuer', await foreign({ jwk: stranger.jwk })],
    ['says where its keys are', await foreign({ jku: elsewhere })],
    ['says where its certificate is', await foreign({ x5u: elsewhere })],
    ['own key, with a jwk', await signed({}, { jwk: key.jwk })],
    ['own key, with a jku', await signed({}, { jku: elsewhere })],
    ['own key, with an x5c', await signed({}, { x5c: ['AAAA'] })],
    ['own key, with an x5u', await signed({}, { x5u: elsewhere })],
    ['signature stripped', token.slice(0, token.lastIndexOf('.') + 1)],
    ['signature cut', token.slice(0, -8)],
    ['payload swapped', withPayload(token, { ...good, sub: 'somebody-else' })],
    ['two parts', token.slice(0, token.lastIndexOf('.'))],
    ['five parts', `${token}.${signature}.${signature}`],
    ['an array of parts', Buffer.from(JSON.stringify([token])).toString('base64url')],
    ['not a token', 'not-a-token'],
    ['longer than 8 KiB', await signed({ filler: 'x'.repeat(9000) })],
  ]);
}
