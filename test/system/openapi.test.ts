import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { createValidator } from '../../src/platform/schema/validator.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';

/** Sets that are a part of another: where fewer values can be. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  complianceGroup: ['day,month,project,shift,site', 'project,site'],
  credentialStatus: ['expired,rejected,revoked,submitted,valid'],
  deliveryChannel: ['email,sms'],
  escalationStep: ['manager,safety_admin'],
  gateOutcome: ['block,restrict'],
  level: ['none,orange,red,yellow', 'none,yellow'],
  linkedSystem: ['FIT2000,SAFER', 'CHECKINGMATE,FIT2000,SAFER'],
  otpPurpose: ['login,reset'],
  reach: ['company,hierarchy,reports,self'],
  requirementKind: ['for_cause,post_incident'],
  shiftKind: ['day,night,travel'],
};
/** Texts that have lines: sentences that people write. What is typed to be read as something else is not kept as it came. */
const SENTENCES = ['description', 'evidence', 'note', 'observation', 'reason', 'sleepHistory', 'terms'];
const READ_AS_ELSE = ['identifier', 'phone'];
/** What nobody is shown: separators of CSV, and what probes are answered. */
const UNSEEN = [',,;', 'ok,unavailable'];

interface Operation {
  operationId: string;
  summary: string;
  security: unknown[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { content?: Record<string, unknown> }>;
}
interface Document {
  openapi: string;
  components: object;
  paths: Record<string, Record<string, Operation>>;
}

describe('the OpenAPI document', () => {
  let app: TestApp;
  let document: Document;
  before(async () => {
    app = await startApp();
    document = (await app.http.get('/angelis/openapi.json').expect(200)).body as Document;
  });
  after(() => app.close());

  const operations = (): [path: string, method: string, operation: Operation][] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
    );

  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document });
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
  });

  it('has a text for each way in which a value may fail', () => {
    const asserting =
      /^(max|min)(Properties|Items|Length)$|^(exclusive)?(max|min)imum$|^(multipleOf|uniqueItems|pattern|enum|const|propertyNames|required|type|contains|not)$/i;
    const keywords = (value: unknown): string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => [
            ...(asserting.test(key) ? [key] : []),
            ...(key === 'format' && typeof inner === 'string' ? [`format_${inner}`] : []),
            ...keywords(inner),
          ])
        : [];
    const asked = operations().map(([, , { requestBody }]) => requestBody);
    const used = [...new Set([...keywords(asked), ...keywords(document.components)])];
    expect(used).to.include.members(['maxProperties', 'minLength', 'format_line']);
    for (const locale of ['es', 'en', 'fr']) {
      const texts = Object.keys(JSON.parse(readFileSync(`locales/${locale}/faults.json`, 'utf8')) as object).map(
        (key) => key.replace(/_(one|many|other)$/, ''),
      );
      expect(
        used.filter((keyword) => !texts.includes(keyword)),
        locale,
      ).to.deep.equal([]);
    }
  });

  it('has every mounted route, with a summary and a problem as its other answer', () => {
    const declared = app.modules.flatMap(({ routes = [] }) => routes).length;
    expect(operations()).to.have.length(declared);
    for (const [path, method, { summary, responses }] of operations()) {
      expect(summary, `${method} ${path}`)
        .to.match(/^[A-Z].{5,}/)
        .and.not.match(/\b[a-z]+[A-Z]/);
      expect(Object.keys(responses['default']?.content ?? {}), `${method} ${path}`).to.deep.equal([
        'application/problem+json',
      ]);
    }
  });

  it('names what opens a route', () => {
    const { openStream, readMe } = Object.fromEntries(
      operations().map(([, , { operationId, security }]) => [operationId, security]),
    );
    expect(openStream).to.deep.equal([{ bearer: [] }, { ticket: [] }]);
    expect(readMe).to.deep.equal([{ bearer: [] }]);
  });

  // The program compiles each when it is first used: a malformed one must not wait for its first request.
  it('is of schemas that are JSON Schema and compile', () => {
    const validator = createValidator();
    const standard = new Ajv2020({ strict: false });
    for (const { contract } of app.modules.flatMap(({ routes = [] }) => routes)) {
      const { id, params, query, headers, body, responses } = contract;
      for (const schema of [params, query, headers, body, ...Object.values(responses)])
        if (schema !== undefined && schema !== null && schema !== 'stream') {
          expect(() => validator.compile(schema)(undefined), id).to.not.throw();
          expect(standard.validateSchema(schema), `${id}: ${standard.errorsText()}`).to.equal(true);
        }
    }
  });

  /** Closed sets of values, but those that lists are sorted by, and the columns of reports, whose catalogue tells their names. */
  const setsIn = (value: unknown): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const { enum: values, columns: _columns, ...rest } = value as { enum?: string[]; columns?: unknown };
    const isShown = values !== undefined && !values.some((one) => one.startsWith('-'));
    return [...(isShown ? [values.toSorted().join(',')] : []), ...Object.values(rest).flatMap(setsIn)];
  };

  it('has no closed set of values without its labels among the enums, in every language, and none that is not in use', async () => {
    const used = new Set(setsIn(document));
    for (const language of ['es', 'en', 'fr']) {
      const asked = app.http.get('/angelis/common/enums').set({ 'accept-language': language });
      const sets = (await asked.expect(200)).body as Record<string, { value: string; label: string }[]>;
      const named = new Map<string, string>();
      for (const [name, items] of Object.entries(sets)) {
        named.set(
          items
            .map(({ value }) => value)
            .toSorted()
            .join(','),
          name,
        );
        for (const { value, label } of items) expect(label, `${name} ${value} in ${language}`).to.match(/^[^.{}]+$/);
        expect(new Set(items.map(({ label }) => label)).size, `${name} in ${language}`).to.equal(items.length);
        for (const part of PARTS[name] ?? [])
          expect(items.map(({ value }) => value)).to.include.members(part.split(','), name);
      }
      const parts = Object.values(PARTS).flat();
      expect([...used].filter((set) => !named.has(set) && !parts.includes(set) && !UNSEEN.includes(set))).to.deep.equal(
        [],
      );
      expect([...named.keys(), ...parts, ...UNSEEN].filter((set) => !used.has(set))).to.deep.equal([]);
    }
  });

  /** The fields below a value whose text may have several lines, by their names. */
  const withLines = (value: unknown, name = ''): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const { name: parameter, properties, ...rest } = value as { name?: unknown; properties?: object };
    const own = typeof parameter === 'string' ? parameter : name;
    return [
      ...('format' in value && value.format === 'text' ? [own] : []),
      ...Object.entries(properties ?? {}).flatMap(([key, inner]) => withLines(inner, key)),
      ...Object.values(rest).flatMap((inner) => withLines(inner, own)),
    ];
  };

  it('takes lines where people write sentences, and nowhere else', () => {
    expect([...new Set(withLines(document))].toSorted()).to.deep.equal([...SENTENCES, ...READ_AS_ELSE].toSorted());
  });

  it('lets no body bring keys that it does not name, at any depth', () => {
    interface Schema {
      readonly $ref?: string;
      readonly type?: string;
      readonly additionalProperties?: unknown;
      readonly properties?: Readonly<Record<string, Schema>>;
      readonly patternProperties?: Readonly<Record<string, Schema>>;
      readonly items?: Schema;
      readonly anyOf?: readonly Schema[];
    }
    const { schemas } = (document as unknown as { components: { schemas: Record<string, Schema> } }).components;
    const open = (schema: Schema): boolean => {
      const { $ref, type, additionalProperties, properties, patternProperties, items, anyOf = [] } = schema;
      if ($ref !== undefined) return open(schemas[$ref.replace('#/components/schemas/', '')]!);
      const parts = [properties, patternProperties].flatMap((named) => Object.values(named ?? {}));
      const isOpen = type === 'object' && patternProperties !== undefined && additionalProperties !== false;
      return isOpen || [...parts, ...anyOf, ...(items === undefined ? [] : [items])].some(open);
    };
    const bodies = operations().flatMap(([, , { operationId, requestBody }]) =>
      Object.values(requestBody?.content ?? {}).map(({ schema }) => ({ operationId, schema: schema as Schema })),
    );
    expect(bodies).to.have.length.greaterThan(100);
    expect(bodies.filter(({ schema }) => open(schema)).map(({ operationId }) => operationId)).to.deep.equal([]);
  });

  it('is shown by a page that loads nothing from elsewhere', async () => {
    await app.http.get('/angelis/docs/').expect(302).expect('location', '/angelis/docs');
    const page = await app.http.get('/angelis/docs').expect(200);
    expect(page.text).to.not.match(/https?:\/\//);
    expect(page.headers['content-security-policy']).to.contain("default-src 'self'");
    for (const [, file] of page.text.matchAll(/(?:src|href)="([^"]+)"/g))
      await app.http.get(`/angelis/${file}`).expect(200);
  });
});
