import Type from 'typebox';
import type { PublicContext } from '../../../platform/http/context.ts';
import { email, exact, nullable, ok, route } from '../../../platform/module.ts';
import type { Module, Route } from '../../../platform/module.ts';
import { NATIONAL_ID } from '../profiles/national-id.ts';
import type { Common } from './common.service.ts';
import { countriesIn, zonesAt } from './places.ts';

interface EnumSet {
  readonly values: readonly string[];
  /** Where their labels stand, as `<texts>.<value>`. Default: `enums:<set>`. */
  readonly texts?: string;
}

/** Values of the API by the name of their set. */
export type EnumSets = Readonly<Record<string, EnumSet>>;

interface CommonRouterDependencies {
  readonly service: Common;
  readonly enums: EnumSets;
  readonly now: () => Date;
}

const WRITTEN = exact({ rut: Type.String({ minLength: 1, maxLength: 60, examples: ['12.345.678-5'] }) });
const FREE = exact({ free: Type.Boolean() });
const items = <T extends ReturnType<typeof exact>>(item: T) => exact({ items: Type.Array(item, { maxItems: 1_000 }) });
const LABELED = Type.Array(exact({ value: Type.String(), label: Type.String() }), { maxItems: 200 });

const labelsOf = (enums: EnumSets, t: PublicContext['t']) =>
  Object.fromEntries(
    Object.entries(enums).map(([name, { values, texts = `enums:${name}` }]) => [
      name,
      values.map((value) => ({ value, label: t(`${texts}.${value}`) })),
    ]),
  );

const openRoutes = ({ service, enums, now }: CommonRouterDependencies): Route[] => [
  route(
    {
      method: 'post',
      path: '/rut',
      id: 'checkRut',
      summary: 'Whether a text is a RUT, and how it is written',
      permission: 'public',
      body: WRITTEN,
      responses: {
        200: exact({ valid: Type.Boolean(), formatted: nullable(Type.String()), problem: nullable(Type.String()) }),
      },
    },
    ({ body }) => Promise.resolve(ok(service.checkRut(body.rut))),
  ),
  route(
    {
      method: 'get',
      path: '/countries',
      id: 'listCountries',
      summary: 'Countries in the language of the request',
      permission: 'public',
      responses: { 200: items(exact({ code: Type.String(), name: Type.String(), callingCode: Type.String() })) },
    },
    (_input, { locale }) => Promise.resolve(ok({ items: countriesIn(locale) })),
  ),
  route(
    {
      method: 'get',
      path: '/zones',
      id: 'listTimeZones',
      summary: 'IANA time zones with their offset now',
      permission: 'public',
      responses: {
        200: items(
          exact({
            name: Type.String(),
            offset: Type.Integer({ description: 'Minutes east of UTC', examples: [-180] }),
          }),
        ),
      },
    },
    () => Promise.resolve(ok({ items: zonesAt(now()) })),
  ),
  route(
    {
      method: 'get',
      path: '/enums',
      id: 'listEnums',
      summary: 'Values of the API with labels in the language of the request',
      permission: 'public',
      responses: { 200: Type.Record(Type.String(), LABELED) },
    },
    (_input, { t }) => Promise.resolve(ok(labelsOf(enums, t))),
  ),
];

/** /common: what forms ask before they are sent. */
export const commonModule = (deps: CommonRouterDependencies): Module => ({
  name: 'common',
  base: '/common',
  routes: [
    ...openRoutes(deps),
    route(
      {
        method: 'post',
        path: '/national-id/free',
        id: 'isNationalIdFree',
        summary: "Whether nobody of the caller's company has this national id",
        permission: 'organization:profile:check',
        body: NATIONAL_ID,
        responses: { 200: FREE },
      },
      async ({ body }, context) => ok({ free: await deps.service.isNationalIdFree(context, body) }),
    ),
    route(
      {
        method: 'post',
        path: '/email/free',
        id: 'isEmailFree',
        summary: "Whether nobody of the caller's company has this contact email",
        permission: 'organization:profile:check',
        body: exact({ email: email() }),
        responses: { 200: FREE },
      },
      async ({ body }, context) => ok({ free: await deps.service.isEmailFree(context, body.email) }),
    ),
  ],
});
