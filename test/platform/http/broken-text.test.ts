import { expect } from 'chai';
import { routesOf } from '../../../src/platform/http/registry.ts';
import type { MountedRoute } from '../../../src/platform/http/registry.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { sample } from '../../support/sample.ts';
import type { Loose } from '../../support/sample.ts';

/** Half of a character beyond the first 65,536: JavaScript carries it, UTF-8 has no bytes for it. */
const HALF = '\ud800';

interface Refusal {
  readonly errors?: {
    readonly pointer: string;
    readonly in: string;
    readonly code: string;
    readonly message: string;
  }[];
}

/** Every text in a value, by the steps that lead to it. */
const textsIn = (value: unknown, steps: readonly string[] = []): (readonly string[])[] => {
  if (typeof value === 'string') return [steps];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...steps, key]));
};
const withText = (value: unknown, [step, ...rest]: readonly string[], text: string): unknown => {
  if (step === undefined) return text;
  const inner = (key: string, member: unknown): unknown => (key === step ? withText(member, rest, text) : member);
  return Array.isArray(value)
    ? value.map((member: unknown, at) => inner(String(at), member))
    : Object.fromEntries(Object.entries(value as object).map(([key, member]) => [key, inner(key, member)]));
};
/** A schema of which every member has to be there, so that a sample has them all and fits; lists have an item. */
const whole = (schema: Loose): Loose => {
  const { properties, items } = schema as { properties?: Record<string, Loose>; items?: Loose };
  return {
    ...schema,
    ...('pattern' in schema && { default: (schema['examples'] as string[] | undefined)?.[0] ?? '123456' }),
    ...(properties && {
      required: Object.keys(properties),
      properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, whole(inner)])),
    }),
    ...(items && { items: whole(items), minItems: 1 }),
    ...('anyOf' in schema && { anyOf: (schema['anyOf'] as Loose[]).map(whole) }),
  };
};

describe('text that is none: half of a pair of surrogates', () => {
  let app: TestApp;
  let bearer: string;
  before(async () => {
    app = await startApp();
    bearer = await (await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] })).bearer();
  });
  after(() => app.close());

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    app.http
      .post(`/angelis${path}`)
      .set({ 'content-type': 'application/json', ...headers })
      .send(body);
  const publicRoutes = (): MountedRoute[] =>
    routesOf(app.modules).filter(({ contract: { permission, body } }) => permission === 'public' && body !== undefined);

  it('is refused by every route that anybody may call, in each of its fields, before anything reads it', async () => {
    const tried: string[] = [];
    for (const { contract, path } of publicRoutes()) {
      const body = sample(whole(contract.body as unknown as Loose));
      for (const steps of textsIn(body)) {
        const pointer = `/${steps.join('/')}`;
        const broken = JSON.stringify(withText(body, steps, `clave con ${HALF} suelto`));
        const answer = await post(path, broken);
        const what = `${contract.id} ${pointer} ${JSON.stringify(answer.body)}`;
        expect(answer.status, what).to.equal(422);
        expect(
          (answer.body as Refusal).errors?.map((fault) => fault.pointer),
          what,
        ).to.include(pointer);
        tried.push(`${contract.id}${pointer}`);
      }
    }
    expect(tried).to.include.members(['resetPassword/password', 'signIn/identifier', 'signIn/password']);
    await app.http.get('/angelis/health/live').expect(200);
  });

  const ESCAPED = String.raw`\ud800`;
  const setting = (body: string, language = 'en') =>
    app.http
      .put('/angelis/admin/appconfig/organization.branding')
      .set({ authorization: bearer, 'accept-language': language, 'content-type': 'application/json' })
      .send(body);

  it('is named by where it stands: as a value, within others, as the name of a field, however it is written', async () => {
    const bodies: [body: string, pointer: string][] = [
      [`{"value":"${ESCAPED}"}`, '/value'],
      [`{"value":"${String.raw`\udc00\ud83d`} turned around"}`, '/value'],
      [`{"value":{"a":["whole 🦤","half ${ESCAPED}"]}}`, '/value/a/1'],
      [`{"value":{"a":{"${ESCAPED}":1}}}`, '/value/a'],
    ];
    for (const [body, pointer] of bodies) {
      const { errors } = (await setting(body).expect(422)).body as Refusal;
      expect(errors, body).to.deep.equal([
        { pointer, in: 'body', code: 'format', message: 'Has characters that are not allowed' },
      ]);
    }
    const utf16 = await fetch(`${app.url}/angelis/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-16le' },
      body: Buffer.from(`{"identifier":"a","password":"${HALF}"}`, 'utf16le'),
    });
    expect(utf16.status).to.equal(422);
    const { errors } = (await utf16.json()) as Refusal;
    expect(errors?.map(({ pointer }) => pointer)).to.deep.equal(['/password']);
  });

  it('is told in the language of whoever sent it', async () => {
    const told = async (language: string): Promise<string | undefined> =>
      ((await setting(`{"value":"${ESCAPED}"}`, language).expect(422)).body as Refusal).errors?.[0]?.message;
    expect([await told('es'), await told('en'), await told('fr')]).to.deep.equal([
      'Contiene caracteres que no se admiten',
      'Has characters that are not allowed',
      'Contient des caractères qui ne sont pas admis',
    ]);
  });
});
