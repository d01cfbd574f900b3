import Type from 'typebox';
import { Explained } from '../../../platform/access/explained.ts';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import { exact, instant, integer, line, nullable, oneOf, uuid } from '../../../platform/schema/types.ts';

const locale = oneOf(LOCALES);

/** How the frontends look for one person. */
const preferences = exact({
  theme: Type.Optional(oneOf(['system', 'light', 'dark'])),
  textSize: Type.Optional(oneOf(['normal', 'large'])),
});

export const MeView = exact(
  {
    id: uuid(),
    version: integer(1, 2_147_483_647),
    firstName: line(100),
    lastName: line(100),
    email: nullable(Type.String({ description: 'The sign-in address; only its owner sees it whole.' })),
    phone: nullable(Type.String({ examples: ['+56912345678'] })),
    nationalIdMask: nullable(Type.String({ description: 'As this company has it', examples: ['*****678-5'] })),
    locale,
    preferences,
    profileId: nullable(uuid()),
    roles: Type.Array(Type.String(), { maxItems: 100 }),
    company: exact({
      id: uuid(),
      slug: Type.String(),
      name: Type.String(),
      timezone: Type.String(),
      status: Type.String(),
    }),
    session: exact({
      id: uuid(),
      kind: Type.String(),
      client: Type.String(),
      createdAt: instant(),
      expiresAt: instant(),
    }),
  },
  { 'x-component': 'me' },
);

export const MeEdit = exact(
  {
    firstName: Type.Optional(line(100)),
    lastName: Type.Optional(line(100)),
    locale: Type.Optional(locale),
    preferences: Type.Optional(preferences),
  },
  { minProperties: 1 },
);

export const CompaniesView = exact({
  items: Type.Array(
    exact({
      id: uuid(),
      slug: Type.String(),
      name: Type.String(),
      status: Type.String(),
      profileId: uuid(),
      profileStatus: Type.String(),
      current: Type.Boolean(),
    }),
    { maxItems: 500 },
  ),
});

export const PermissionsView = exact({ items: Type.Array(Explained, { maxItems: 2_000 }) });
