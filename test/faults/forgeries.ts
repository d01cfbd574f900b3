import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader, exportPKCS8 } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { readSettings } from '../../src/platform/settings/settings.ts';
import { openKeycloak } from '../../src/wiring/outside.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { forgedTokens, signClaims, testKey } from '../support/tokens.ts';
import type { TestKey } from '../support/tokens.ts';
import { openFront } from './broken-certs.ts';
import type { CertsMode, KeycloakFront } from './broken-certs.ts';
import { addCrew, PASSWORD } from './crew.ts';
import { judged, patienceOf } from './fault.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const PATH = '/angelis/auth/me';
/** No answer takes longer, ms: the certs endpoint is given three seconds. */
const LONGEST = 5_000;
const BREAKS: readonly Exclude<CertsMode, 'well'>[] = ['html', 'hang', 'empty', 'no keys', 'error', 'cut'];
const SHORT_BREAKS: typeof BREAKS = ['html', 'hang', 'empty'];
/** So often a token is used after its logout. */
const REPLAYS = 5;

interface Answer {
  readonly status: number;
  /** What it says, but for the time and the trace id. */
  readonly text: string;
  readonly milliseconds: number;
}

const ask = async (url: string, token: string, path = PATH, method = 'GET'): Promise<Answer> => {
  const begun = performance.now();
  const response = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  const {
    timestamp: _at,
    traceId: _trace,
    ...rest
  } = (body.startsWith('{') ? JSON.parse(body) : {}) as Record<string, unknown>;
  const challenge = response.headers.get('www-authenticate');
  return {
    status: response.status,
    text: JSON.stringify([rest, challenge]),
    milliseconds: performance.now() - begun,
  };
};

/** Keys of the realm, as somebody at Keycloak's console changes them. */
const createRotator = (stage: Stage) => {
  let priority = 1_000;
  const add = async (providerId: string, config: Readonly<Record<string, string>>): Promise<void> => {
    const console = await stage.realm.console();
    const realm = await console.realms.findOne({ realm: stage.realm.name });
    priority += 1;
    await console.components.create({
      name: `${providerId}-${priority}`,
      providerId,
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm!.id!,
      config: Object.fromEntries(
        Object.entries({ ...config, priority: String(priority), enabled: 'true', active: 'true' }).map(
          ([name, value]) => [name, [value]],
        ),
      ),
    });
  };
  return {
    /** Keycloak signs with a key of its own making from now on. */
    rotate: () => add('rsa-generated', { keySize: '2048', algorithm: 'RS256' }),
    /** Keycloak signs with this key from now on: who holds it forges as well as can be. */
    give: async ({ privateKey }: TestKey) =>
      add('rsa', { privateKey: await exportPKCS8(privateKey), algorithm: 'RS256' }),
  };
};

const tokenAt = async (url: string, realm: string, form: Record<string, string>): Promise<Record<string, string>> => {
  const response = await fetch(`${url}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', ...form }),
  });
  return (await response.json()) as Record<string, string>;
};

/** By name, tokens that the real Keycloak gave, none of them for this system's API. */
const strayTokens = async (stage: Stage, front: KeycloakFront, email: string): Promise<Map<string, string>> => {
  const { name } = stage.realm;
  const login = { username: email, password: PASSWORD, scope: 'openid' };
  const own = await tokenAt(front.url, name, { client_id: 'angelis-worker', ...login });
  const clientId = 'elsewhere';
  const console = await stage.realm.console();
  await console.clients.create({ clientId, publicClient: true, directAccessGrantsEnabled: true });
  const other = await tokenAt(front.url, name, { client_id: clientId, ...login });
  const master = await tokenAt(front.url, 'master', {
    client_id: 'admin-cli',
    username: 'admin',
    password: serverSetting('ANGELIS_TEST_KEYCLOAK_ADMIN_PASSWORD'),
  });
  return new Map(
    Object.entries({
      'ID token of Keycloak': own['id_token'],
      'refresh token of Keycloak': own['refresh_token'],
      'token of another client': other['access_token'],
      'ID token of another client': other['id_token'],
      'token of the realm master': master['access_token'],
      'refresh token of the realm master': master['refresh_token'],
    }).map(([what, token]) => {
      if (token === undefined) throw new Error(`Keycloak gave no ${what}`);
      return [what, token];
    }),
  );
};

/** Forged, stray and replayed tokens, and a certs endpoint that fails in every way while keys rotate. */
export const forgeries: Fault = {
  name: 'forgeries',
  minutes: 2,
  run: async ({ short, progress, stage: given }) => {
    const wrong: string[] = [];
    const longest = LONGEST * patienceOf(short);
    const front = await openFront();
    try {
      const settings = readSettings({ ...given.env, KEYCLOAK_URL: front.url });
      const { identityProvider } = (await openKeycloak(settings, () => new Date()))!;
      const stage = { ...given, identityProvider };
      const web = await stage.member('web', { KEYCLOAK_URL: front.url });
      const rotator = createRotator(stage);
      const own = await testKey('given by Keycloak');
      await rotator.give(own);
      await web.start();
      const breaks = short ? SHORT_BREAKS : BREAKS;
      const hands = await addCrew(stage, 1, 2 + breaks.length);
      const tokenOf = async (n: number): Promise<string> => (await hands[n]!.bearer()).slice('Bearer '.length);
      const must = (what: string, answer: Answer, status: number): void => {
        if (answer.status !== status) wrong.push(`${what}: ${answer.status} ${answer.text}`);
        if (answer.milliseconds > longest) wrong.push(`${what} took ${(answer.milliseconds / 1000).toFixed(1)} s`);
      };

      const token = await tokenOf(0);
      must('a good token', await ask(web.url, token), 200);
      const { kid } = decodeProtectedHeader(token);
      const certs = (await (await fetch(identityProvider.jwksUri)).json()) as { keys: JWK[] };
      const jwk = certs.keys.find((one) => one.kid === kid);
      if (jwk?.n !== own.jwk.n) throw new Error('Keycloak does not sign with the key that it was given');
      const key = { ...own, kid: kid!, jwk: jwk! };
      const now = new Date();
      const seconds = Math.floor(now.getTime() / 1000);
      const good: JWTPayload = { ...decodeJwt(token), iat: seconds, exp: seconds + 300, jti: 'forged' };
      must('a token forged so well that it is good', await ask(web.url, await signClaims(good, key)), 200);
      const forged = new Map([
        ...(await forgedTokens(key, identityProvider.issuer, now, good)),
        ...(await strayTokens(stage, front, hands[1]!.email)),
      ]);
      const answers = new Map<string, string>();
      for (const [what, bad] of forged) {
        const answer = await ask(web.url, bad);
        must(what, answer, 401);
        answers.set(answer.text, what);
        progress(`${answers.size} answers`);
      }
      const ended = await tokenOf(1);
      must('a token before its logout', await ask(web.url, ended), 200);
      must('the logout', await ask(web.url, ended, '/angelis/auth/logout', 'POST'), 204);
      for (let n = 0; n < REPLAYS; n += 1) {
        const answer = await ask(web.url, ended);
        must('a token after its logout', answer, 401);
        answers.set(answer.text, 'a token after its logout');
      }
      if (answers.size !== 1)
        wrong.push(`not alike: ${[...answers].map(([text, what]) => `${what} ${text}`).join('; ')}`);

      let slowest = 0;
      for (const [n, mode] of breaks.entries()) {
        progress(`the certs endpoint: ${mode}`);
        front.mode = mode;
        await rotator.rotate();
        const login = { username: hands[2 + n]!.email, password: PASSWORD, address: '198.51.100.200' };
        const { accessToken: fresh } = await identityProvider.passwordGrant(login);
        if (decodeProtectedHeader(fresh).kid === kid) throw new Error('Keycloak did not change its key');
        // At most every two seconds the keys are asked for: an unknown key brings the question on.
        await sleep(2_100);
        const [newcomer, known, nobody] = await Promise.all([
          ask(web.url, fresh),
          ask(web.url, await signClaims({ ...good, jti: `${mode}-known` }, key)),
          ask(web.url, forged.get('signed by a stranger')!),
        ]);
        must(`${mode}: a token of a key that was known`, known, 200);
        must(`${mode}: a forged token`, nobody, 401);
        if (![401, 503].includes(newcomer.status) || newcomer.milliseconds > longest)
          wrong.push(`${mode}: a token of a new key: ${newcomer.status} after ${newcomer.milliseconds.toFixed(0)} ms`);
        front.mode = 'well';
        const begun = performance.now();
        while ((await ask(web.url, fresh)).status !== 200) {
          if (performance.now() - begun > 30_000) {
            wrong.push(`${mode}: no recovery`);
            break;
          }
          await sleep(100);
        }
        slowest = Math.max(slowest, (performance.now() - begun) / 1_000);
        if (!web.runs()) throw new Error(`${mode}: the process ended: ${web.log()}`);
      }
      if (slowest > longest / 1_000) wrong.push(`a new key was taken only after ${slowest.toFixed(1)} s`);
      const tried = forged.size + REPLAYS + breaks.length;
      const notes = [
        `${forged.size} tokens, and one ${REPLAYS} times after its logout, refused with one answer, ${createHash(
          'sha256',
        )
          .update([...answers.keys()].join(''))
          .digest('hex')
          .slice(0, 8)}`,
        `certs endpoint: ${breaks.join(', ')}, the key rotated each time`,
      ];
      return judged({ tried, lost: wrong.length, doubled: 0, recoverySeconds: slowest }, wrong, notes);
    } finally {
      await front.stop();
    }
  },
};
