import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import type { Express } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { createAuthentication } from '../../../src/platform/http/authentication.ts';
import type { Authentication } from '../../../src/platform/http/authentication.ts';
import { createErrorHandler } from '../../../src/platform/http/error-handler.ts';
import { createRateLimits } from '../../../src/platform/http/rate-limits.ts';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { createTokenChecks } from '../../../src/platform/http/token-checks.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { createMetrics } from '../../../src/platform/telemetry/metrics.ts';
import type { Metrics } from '../../../src/platform/telemetry/metrics.ts';
import { listen } from '../../support/listen.ts';
import { forgedTokens, goodClaims, signClaims, testKey } from '../../support/tokens.ts';
import type { TestKey } from '../../support/tokens.ts';
import { until } from '../../support/until.ts';

type CertsMode = 'ok' | 'html' | 'empty' | 'no keys' | 'hang' | 'error' | 'redirect';

describe('authentication', () => {
  let key: TestKey;
  let next: TestKey;
  let server: Server;
  let url: string;
  let issuer: string;
  let mode: CertsMode;
  let published: TestKey[];
  let fetches: number;
  let clock: Date;
  let authentication: Authentication;
  let app: Express;
  let metrics: Metrics;

  const pass = (seconds: number): void => {
    clock = new Date(clock.getTime() + seconds * 1000);
  };
  const token = (changes: Record<string, unknown> = {}, signer = key): Promise<string> =>
    signClaims({ ...goodClaims(issuer, clock), ...changes }, signer);
  const get = (path: string, bearer?: string): request.Test => {
    const call = request(app).get(path);
    return bearer === undefined ? call : call.set('Authorization', `Bearer ${bearer}`);
  };

  before(async () => {
    [key, next] = await Promise.all([testKey('first'), testKey('second')]);
    server = createServer((_request, response) => {
      fetches += 1;
      if (mode === 'hang') return;
      if (mode === 'error') response.statusCode = 500;
      if (mode === 'redirect') response.writeHead(302, { location: '/elsewhere' });
      const bodies = new Map<CertsMode, string>([
        ['html', '<html>'],
        ['empty', ''],
        ['no keys', '{}'],
      ]);
      response.end(bodies.get(mode) ?? JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
    });
    url = await listen(server);
    issuer = `${url}/realms/angelis`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    mode = 'ok';
    published = [key];
    fetches = 0;
    clock = new Date('2026-03-01T12:00:00Z');
    authentication = createAuthentication({
      url,
      realm: 'angelis',
      issuer,
      audience: 'angelis-api',
      authorizedParties: (azp) => azp === 'angelis-worker',
      jwksUri: `${issuer}/protocol/openid-connect/certs`,
      now: () => clock,
    });
    metrics = createMetrics();
    app = express();
    const context = {
      locale: 'en' as const,
      traceId: 't',
      address: '::1',
      agent: '',
      deadline: clock,
      hints: [],
      t: (text: string) => text,
      speak: () => undefined,
    };
    const rates = createRateLimits({ ...LIMITS, badToken: { points: 1_000, per: 60 } });
    const checks = createTokenChecks({ metrics, authentication, rates, contextOf: () => context });
    app.use(checks.measure, authentication.attach);
    app.get('/open', (incoming, response) => {
      response.json({ sub: authentication.claimsOf(incoming)?.sub ?? null });
    });
    app.get('/guarded', authentication.protect, (incoming, response) => {
      response.json({ sub: authentication.claimsOf(incoming)?.sub });
    });
    app.get('/ended', authentication.protect, (_incoming, _response, go) => go(new Problem(401, 'INVALID_TOKEN')));
    app.use(
      checks.limit,
      createErrorHandler(pino({ enabled: false }), () => context),
    );
  });

  it('lets a good token through and shows its claims', async () => {
    const response = await get('/guarded', await token());
    expect(response.status).to.equal(200);
    expect(response.body).to.deep.equal({ sub: goodClaims(issuer, clock).sub });
  });

  it('answers 401 without a token, naming no error', async () => {
    const response = await get('/guarded');
    expect(response.status).to.equal(401);
    expect(response.headers['www-authenticate']).to.equal('Bearer realm="angelis"');
    expect(response.headers['content-type']).to.match(/^application\/problem\+json/);
    expect(response.body).to.include({ code: 'UNAUTHENTICATED', status: 401 });
  });

  it('leaves open routes open, with and without a good token, and shows no claims of a bad one', async () => {
    expect((await get('/open')).body).to.deep.equal({ sub: null });
    expect((await get('/open', await token())).body).to.deep.equal({ sub: goodClaims(issuer, clock).sub });
    expect((await get('/open', await token({ aud: 'x' }))).body).to.deep.equal({ sub: null });
  });

  it('refuses every forged token, all alike', async () => {
    const forged = await forgedTokens(key, issuer, clock);
    expect(forged.size).to.be.greaterThan(60);
    expect((await get('/guarded', await token())).status).to.equal(200);
    const answers = new Set<string>();
    for (const [name, bad] of forged) {
      const response = await get('/guarded', bad);
      expect(response.status, name).to.equal(401);
      expect(response.headers['www-authenticate'], name).to.equal('Bearer realm="angelis", error="invalid_token"');
      const { timestamp, ...answer }: Record<string, unknown> = response.body;
      expect(timestamp, name).to.be.a('string');
      answers.add(JSON.stringify(answer));
    }
    expect(answers.size).to.equal(1);
    expect([...answers][0]).to.include('INVALID_TOKEN');
  });

  it('counts requests with a token by what was wrong with it', async () => {
    const seconds = Math.floor(clock.getTime() / 1000);
    await get('/guarded');
    await get('/guarded', await token());
    await get('/guarded', await token());
    await get('/ended', await token());
    await get('/guarded', await token({ aud: 'elsewhere' }));
    await get('/guarded', await token({ azp: 'elsewhere' }));
    await get('/guarded', await token({ iat: seconds - 600, exp: seconds - 300 }));
    await get('/guarded', 'nonsense');
    await get('/guarded', 'x'.repeat(9_000));
    await get('/guarded', await token({}, next));
    const forged = `${(await token()).split('.').slice(0, 2).join('.')}.${(await token({ sub: 'other' })).split('.')[2]}`;
    await get('/guarded', forged);
    mode = 'error';
    pass(7_200);
    await get('/guarded', await token());
    const figures = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        Array.from(
          (await metrics.expose()).body.matchAll(/^angelis_token_checks_total\{outcome="(\w+)"\} (\d+)$/gmu),
          ([, outcome, n]) => [outcome!, Number(n)],
        ),
      );
    // An answer is counted when it is over, which its receiver may see first.
    await until(async () => Object.values(await figures()).reduce((sum, n) => sum + n, 0) === 11);
    expect(await figures()).to.deep.equal({
      accepted: 2,
      session_ended: 1,
      claims: 2,
      expired: 1,
      malformed: 2,
      signature: 2,
      keys_unavailable: 1,
    });
  });

  it('refuses an empty bearer and other schemes', async () => {
    for (const header of ['Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', '']) {
      const response = await request(app).get('/guarded').set('Authorization', header);
      expect(response.status, header).to.equal(401);
    }
  });

  it('accepts a clock that is five seconds off, and no more', async () => {
    const seconds = Math.floor(clock.getTime() / 1000);
    expect((await get('/guarded', await token({ exp: seconds - 3, iat: seconds - 300 }))).status).to.equal(200);
    expect((await get('/guarded', await token({ exp: seconds - 6, iat: seconds - 300 }))).status).to.equal(401);
    expect((await get('/guarded', await token({ iat: seconds + 4 }))).status).to.equal(200);
  });

  it('keeps the cause for the log', async () => {
    const error = await authentication.verify(await token({ azp: 'evil' })).catch((caught: unknown) => caught);
    expect(error)
      .to.be.instanceOf(Problem)
      .with.nested.property('cause.message')
      .match(/authorized party/);
  });

  it('has none of the other paths of keycloak-connect', async () => {
    const good = await token();
    for (const path of ['/logout', '/k_logout', '/k_push_not_before', '/k_version', '/k_test']) {
      expect((await get(path, good)).status, `GET ${path}`).to.equal(404);
      const posted = await request(app).post(path).send('x'.repeat(2_000_000));
      expect(posted.status, `POST ${path}`).to.equal(404);
    }
    const callback = await get('/open?auth_callback=1&code=x');
    expect(callback.status).to.equal(200);
    expect(callback.headers['location']).to.equal(undefined);
    expect((await get('/guarded?auth_callback=1&error=x')).status).to.equal(401);
  });

  describe('cache of verified tokens', () => {
    it('verifies again after a minute, and at expiry', async () => {
      const good = await token({ exp: Math.floor(clock.getTime() / 1000) + 30 });
      await authentication.verify(good);
      pass(29);
      await authentication.verify(good);
      pass(7);
      expect(await authentication.verify(good).catch((error: unknown) => error)).to.be.instanceOf(Problem);
    });

    it('serves a verified token without its keys for at most a minute', async () => {
      const good = await token();
      await authentication.verify(good);
      published = [next];
      mode = 'hang';
      pass(59);
      await authentication.verify(good);
      expect(fetches).to.equal(1);
    });

    it('forgets by session and by token', async () => {
      const [one, other] = [await token({ sid: 'one' }), await token({ sid: 'other' })];
      const first = await authentication.verify(one);
      expect(await authentication.verify(one), 'cached').to.equal(first);
      const kept = await authentication.verify(other);
      authentication.forget('one');
      expect(await authentication.verify(one), 'forgotten').to.not.equal(first);
      expect(await authentication.verify(other)).to.equal(kept);
      authentication.forget(other);
      expect(await authentication.verify(other)).to.not.equal(kept);
    });
  });

  describe('keys', () => {
    it('are fetched once for many cold requests', async () => {
      const good = await token();
      const answers = await Promise.all(Array.from({ length: 50 }, () => get('/guarded', good)));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 50 }, () => 200));
      expect(fetches).to.equal(1);
    });

    const brokenModes = ['html', 'empty', 'no keys', 'error', 'redirect'] as const;
    for (const broken of [...brokenModes, 'hang'] as const) {
      it(`answer 503 when the endpoint answers "${broken}", and recover without a restart`, async () => {
        const good = await token();
        mode = broken;
        const response = await get('/guarded', good);
        expect(response.status).to.equal(503);
        expect(response.headers['retry-after']).to.equal('5');
        expect(response.body).to.have.property('code', 'IDENTITY_PROVIDER_UNAVAILABLE');
        const before = fetches;
        expect((await get('/guarded', good)).status, 'cooling down').to.equal(503);
        expect(fetches).to.equal(before);
        mode = 'ok';
        pass(1);
        expect((await get('/guarded', good)).status).to.equal(200);
      });
    }

    for (const broken of brokenModes) {
      it(`serve on for an hour when the endpoint turns to "${broken}"`, async () => {
        await authentication.verify(await token());
        mode = broken;
        pass(601);
        expect((await get('/guarded', await token())).status).to.equal(200);
        pass(3000);
        expect((await get('/guarded', await token())).status).to.equal(503);
        mode = 'ok';
        pass(1);
        expect((await get('/guarded', await token())).status).to.equal(200);
      });
    }

    it('are fetched again for a new one, at most every two seconds', async () => {
      await authentication.verify(await token());
      published = [next, key];
      expect((await get('/guarded', await token({}, next))).status, 'inside the cool-down').to.equal(401);
      expect(fetches).to.equal(1);
      pass(2);
      expect((await get('/guarded', await token({}, next))).status).to.equal(200);
      expect((await get('/guarded', await token({ jti: 'other' }))).status, 'the old key').to.equal(200);
      const nobody = await testKey('nobody');
      pass(2);
      for (let count = 0; count < 5; count += 1) {
        expect((await get('/guarded', await token({ jti: String(count) }, nobody))).status).to.equal(401);
      }
      expect(fetches).to.equal(3);
    });

    it('that were removed are refused after ten minutes', async () => {
      await authentication.verify(await token());
      published = [next];
      pass(601);
      expect((await get('/guarded', await token())).status).to.equal(401);
      expect((await get('/guarded', await token({}, next))).status).to.equal(200);
    });

    it('meant for encryption verify nothing', async () => {
      published = [{ ...key, jwk: { ...key.jwk, use: 'enc', alg: 'RSA-OAEP' } }];
      expect((await get('/guarded', await token())).status).to.equal(401);
    });
  });

  describe('back-channel logout tokens', () => {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const notice = (changes: Record<string, unknown> = {}): Promise<string> =>
      signClaims(
        { ...goodClaims(issuer, clock), aud: 'angelis-worker', typ: 'Logout', azp: undefined, events, ...changes },
        key,
        { typ: 'logout+jwt' },
      );

    it('name a session, or a person', async () => {
      const { sub } = goodClaims(issuer, clock);
      expect(await authentication.verifyLogout(await notice())).to.deep.equal({ sid: 'session-of-a-test', sub });
      expect(await authentication.verifyLogout(await notice({ sid: undefined }))).to.deep.equal({ sub });
    });

    it('are refused when they are something else', async () => {
      const bad = {
        'access token': await token(),
        'no event': await notice({ events: {} }),
        'with a nonce': await notice({ nonce: 'n' }),
        'other audience': await notice({ aud: 'somebody-else' }),
        'names nobody': await notice({ sid: undefined, sub: undefined }),
        stranger: await signClaims(
          { ...goodClaims(issuer, clock), aud: 'angelis-worker', typ: 'Logout', events },
          next,
        ),
      };
      for (const [name, text] of Object.entries(bad)) {
        const error = await authentication.verifyLogout(text).catch((caught: unknown) => caught);
        expect(error, name).to.be.instanceOf(Problem);
      }
      expect((await get('/guarded', await notice())).status).to.equal(401);
    });
  });
});
