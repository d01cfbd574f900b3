import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

const POINTS = 3;

describe('requests without a session', () => {
  let app: TestApp;
  let authorization: string;

  before(async () => {
    app = await startApp({ limits: { ...LIMITS, anonymous: { points: POINTS, per: 60 } } });
    const companyId = await addCompany(app.database);
    authorization = await (await addPerson(app, { companyId, roles: ['admin'] })).bearer();
  });
  after(() => app.close());

  const get = (path: string, address: string, headers: Record<string, string> = {}) =>
    app.http.get(`/angelis${path}`).set({ 'x-forwarded-for': address, ...headers });
  const KINDS: readonly [string, string, Record<string, string>, number][] = [
    ['a route that needs a token', '/auth/me', {}, 401],
    ['a route that takes a ticket', '/notification/stream', {}, 401],
    ['a route that needs a token, with credentials of another kind', '/auth/me', { authorization: 'Basic YTpi' }, 401],
    ['a path that nobody declared', '/nowhere', {}, 404],
  ];
  KINDS.forEach(([what, path, headers, status], i) => {
    it(`count by their address, whatever they ask for: ${what}`, async () => {
      const address = `10.4.0.${i}`;
      for (let left = POINTS - 1; left >= 0; left -= 1) {
        const answer = await get(path, address, headers).expect(status);
        expect(answer.headers['ratelimit-policy']).to.equal(`"anonymous";q=${POINTS};w=60`);
        expect(answer.headers['ratelimit']).to.match(new RegExp(`^"anonymous";r=${left};t=\\d+$`));
      }
      const refused = await get(path, address, headers).expect(429);
      expect((refused.body as { code: string }).code).to.equal('TOO_MANY_REQUESTS');
      expect(Number(refused.headers['retry-after'])).to.be.within(1, 60);
      await get('/common/countries', address).expect(429);
      await get(path, `10.4.1.${i}`, headers).expect(status);
    });
  });

  it('are those that nobody who is signed in makes: their requests count for them, found or not', async () => {
    const address = '10.4.2.1';
    for (let n = 0; n <= POINTS; n += 1) {
      await get(`/admin/project/${uuidv7()}`, address, { authorization }).expect(404);
      await get('/auth/me', address, { authorization }).expect(200);
    }
    await get('/common/countries', address).expect(200);
  });
});
