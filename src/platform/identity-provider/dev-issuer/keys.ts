import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import type { StateKeeper } from './state.ts';

const ALGORITHM = 'RS256';
const KEYS_KEPT = 2;

export interface IssuerKeys {
  /** Signs with the newest key. `iss`, `iat`, `jti` are added; `claims` may name its own. */
  sign: (claims: JWTPayload, header?: { typ: string }) => Promise<string>;
  /** @throws when the token is not ours, or no longer good */
  verify: (token: string) => Promise<JWTPayload>;
  /** A refresh token: nobody else reads it, so it is signed with a secret (HS512), as Keycloak does. */
  signRefresh: (claims: JWTPayload) => Promise<string>;
  verifyRefresh: (token: string) => Promise<JWTPayload>;
  published: () => { keys: JWK[] };
  /** Signs with a new key from now on; the one before still verifies, the one before that does not. */
  rotate: () => Promise<void>;
}

function publicPart({ kty, n, e, kid }: JWK): JWK {
  return { kty, n, e, kid, alg: ALGORITHM, use: 'sig' };
}

/** The issuer's keys, made at the first start and kept with its state. */
export async function openKeys(issuer: string, keeper: StateKeeper, now: () => Date): Promise<IssuerKeys> {
  const { state } = keeper;
  /** Public halves by key id: one object a key, so that jose imports each once. */
  const known = new Map(state.signingKeys.map((jwk) => [jwk.kid, publicPart(jwk)]));
  const secret = Buffer.from(state.refreshSecret, 'base64url');

  const publicKey = (header: { kid?: string }): JWK => {
    const jwk = known.get(header.kid ?? '');
    if (!jwk) throw new Error('Unknown key');
    return jwk;
  };
  const rotate = async (): Promise<void> => {
    const pair = await generateKeyPair(ALGORITHM, { extractable: true, modulusLength: 2048 });
    const jwk = await exportJWK(pair.privateKey);
    const kid = await calculateJwkThumbprint(jwk);
    state.signingKeys.unshift({ ...jwk, kid });
    known.set(kid, publicPart({ ...jwk, kid }));
    for (const old of state.signingKeys.splice(KEYS_KEPT)) known.delete(old.kid);
    await keeper.flush();
  };
  const stamped = (claims: JWTPayload): JWTPayload => ({
    iat: Math.floor(now().getTime() / 1000),
    iss: issuer,
    jti: randomBytes(18).toString('base64url'),
    ...claims,
  });
  if (state.signingKeys.length === 0) await rotate();

  return {
    rotate,
    sign: async (claims, header = { typ: 'JWT' }) => {
      const [newest] = state.signingKeys;
      if (!newest) throw new Error('The development issuer has no signing key');
      return new SignJWT(stamped(claims))
        .setProtectedHeader({ alg: ALGORITHM, kid: newest.kid, ...header })
        .sign(newest);
    },
    verify: async (token) => {
      const options = { issuer, algorithms: [ALGORITHM], currentDate: now(), requiredClaims: ['exp', 'sub'] };
      return (await jwtVerify(token, publicKey, options)).payload;
    },
    signRefresh: (claims) =>
      new SignJWT(stamped(claims)).setProtectedHeader({ alg: 'HS512', typ: 'JWT' }).setAudience(issuer).sign(secret),
    verifyRefresh: async (token) => {
      const options = { issuer, audience: issuer, algorithms: ['HS512'], currentDate: now(), requiredClaims: ['exp'] };
      return (await jwtVerify(token, secret, options)).payload;
    },
    published: () => ({ keys: [...known.values()] }),
  };
}
