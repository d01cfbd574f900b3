import { expect } from 'chai';
import { generateKeyPair } from 'jose';
import { IdentityProviderError } from '../../../src/platform/identity-provider/errors.ts';
import { createTokenClient } from '../../../src/platform/identity-provider/token-client.ts';
import { codeOf } from './support.ts';

/** What Keycloak takes of one parameter; the contract asks it itself. */
const LONGEST = 4_000;

describe('a parameter that is longer than Keycloak reads', () => {
  const sent: string[] = [];
  const client = async () =>
    createTokenClient({
      issuer: 'https://id.example/realms/angelis',
      otpKey: (await generateKeyPair('ES256')).privateKey,
      service: { clientId: 'angelis-api', clientSecret: 'x' },
      now: () => new Date(),
      // Its refusal is a page, which says nothing in OAuth's words.
      send: (endpoint, form) => {
        sent.push(endpoint);
        const isRead = Object.values(form).every(({ length }) => length <= LONGEST);
        return isRead
          ? Promise.resolve({ status: 400, body: { error: 'invalid_grant' } })
          : Promise.reject(new IdentityProviderError('unavailable', 'no JSON'));
      },
    });

  it('is nobody’s token, code or secret, and no outage', async () => {
    const { refresh, exchangeCode, clientCredentials, passwordGrant, logout } = await client();
    const long = 'x'.repeat(LONGEST + 1);
    const worker = { client: 'angelis-worker', refreshToken: long } as const;
    const code = { code: 'x', verifier: 'x', redirectUri: 'x' };
    expect(await codeOf(refresh(worker))).to.equal('token_not_active');
    for (const name of ['code', 'verifier', 'redirectUri'])
      expect(await codeOf(exchangeCode({ ...code, [name]: long }))).to.equal('token_not_active');
    for (const proof of [
      { clientId: 'x', clientSecret: long },
      { clientId: long, clientSecret: 'x' },
    ])
      expect(await codeOf(clientCredentials(proof))).to.equal('invalid_credentials');
    const attempt = { username: 'x', password: long, address: '192.0.2.1' };
    expect(await codeOf(passwordGrant(attempt))).to.equal('invalid_credentials');
    expect(await codeOf(logout(worker))).to.equal('no error');
    expect(sent).to.deep.equal([]);
    const longest = { ...worker, refreshToken: long.slice(1) };
    expect(await codeOf(refresh(longest))).to.equal('token_not_active');
    expect(sent).to.deep.equal(['token']);
  });
});
