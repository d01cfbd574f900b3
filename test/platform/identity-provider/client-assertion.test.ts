import { expect } from 'chai';
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';
import { createDevelopmentIssuer } from '../../../src/platform/identity-provider/dev-issuer/index.ts';
import type { DevelopmentIssuer } from '../../../src/platform/identity-provider/dev-issuer/index.ts';
import { memoryStore } from '../../../src/platform/identity-provider/dev-issuer/store.ts';

const ISSUER = 'http://127.0.0.1:3000/realms/angelis';

describe('client assertion of angelis-otp', () => {
  let clock: Date;
  let privateKey: CryptoKey;
  let publicKey: CryptoKey;
  let issuer: DevelopmentIssuer;
  let jti = 0;

  const seconds = (): number => Math.floor(clock.getTime() / 1000);
  const claims = (changes: JWTPayload = {}): JWTPayload => {
    jti += 1;
    const subject = { iss: 'angelis-otp', sub: 'angelis-otp', aud: ISSUER };
    return { ...subject, jti: `${jti}`, exp: seconds() + 30, ...changes };
  };
  const sign = (changes: JWTPayload = {}, key = privateKey): Promise<string> =>
    new SignJWT(claims(changes)).setProtectedHeader({ alg: 'ES256' }).sign(key);
  const form = (assertion: string) => ({
    grant_type: 'password',
    client_id: 'angelis-otp',
    username: 'rosa',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  const answer = async (assertion: string): Promise<string> => {
    const { status, body } = await issuer.post('token', form(assertion));
    return `${status} ${body && 'error' in body ? String(body.error) : 'signed in'}`;
  };

  before(async () => {
    clock = new Date('2026-03-01T12:00:00Z');
    ({ privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true }));
    issuer = await createDevelopmentIssuer({
      issuer: ISSUER,
      store: memoryStore(),
      now: () => clock,
      environment: {},
      otpKey: publicKey,
      apiSecret: 'secret',
      redirectUris: [],
    });
    await issuer.users.create({ username: 'rosa', enabled: true, emailVerified: true });
  });
  after(() => issuer.close());

  it('signs in once', async () => {
    const assertion = await sign();
    expect(await answer(assertion)).to.equal('200 signed in');
    expect(await answer(assertion)).to.equal('400 invalid_client');
    clock = new Date(clock.getTime() + 29_000);
    expect(await answer(assertion)).to.equal('400 invalid_client');
  });

  it('signs in once when sent many times together', async () => {
    const assertion = await sign();
    const answers = await Promise.all(Array.from({ length: 50 }, () => answer(assertion)));
    expect(answers.filter((text) => text === '200 signed in')).to.have.length(1);
  });

  it('is spent even when the sign-in fails', async () => {
    const assertion = await sign();
    const unknown = await issuer.post('token', { ...form(assertion), username: 'nobody' });
    expect(unknown.status).to.equal(400);
    expect(await answer(assertion)).to.equal('400 invalid_client');
  });

  it('is refused when anything about it is wrong', async () => {
    const stranger = await generateKeyPair('ES256');
    const secret = new TextEncoder().encode(await exportSPKI(publicKey));
    const bad = {
      'another key': await sign({}, stranger.privateKey),
      'alg none': new UnsecuredJWT(claims()).encode(),
      'HS256 with the public key': await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(secret),
      'another audience': await sign({ aud: 'http://elsewhere.example/realms/angelis' }),
      'another issuer': await sign({ iss: 'angelis-worker' }),
      'another subject': await sign({ sub: 'angelis-worker' }),
      'no jti': await sign({ jti: undefined }),
      'no exp': await sign({ exp: undefined }),
      expired: await sign({ exp: seconds() - 1 }),
      'more than 30 s': await sign({ exp: seconds() + 31 }),
      'not yet valid': await sign({ nbf: seconds() + 10 }),
      rubbish: 'rubbish',
    };
    for (const [name, assertion] of Object.entries(bad)) {
      expect(await answer(assertion), name).to.equal('400 invalid_client');
    }
    const { client_assertion_type: _type, ...untyped } = form(await sign());
    expect((await issuer.post('token', untyped)).status).to.equal(400);
  });

  it('does not let the client in by a secret or without proof, not even to refresh', async () => {
    const signedIn = await issuer.post('token', form(await sign()));
    const refreshToken = signedIn.body && 'refresh_token' in signedIn.body ? String(signedIn.body.refresh_token) : '';
    const refresh = { grant_type: 'refresh_token', client_id: 'angelis-otp', refresh_token: refreshToken };
    expect((await issuer.post('token', refresh)).status).to.equal(400);
    expect((await issuer.post('token', { ...refresh, client_secret: 'secret' })).status).to.equal(400);
    const { client_assertion_type: type, client_assertion: assertion } = form(await sign());
    const proven = { ...refresh, client_assertion_type: type, client_assertion: assertion };
    expect((await issuer.post('token', proven)).status).to.equal(200);
  });
});
