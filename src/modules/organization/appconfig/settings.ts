import Type from 'typebox';
import { setting } from '../../../platform/configuration.ts';
import { exact, integer, line, nullable } from '../../../platform/schema/types.ts';

/** Digits of a RUT's body that the company takes (without the check digit). */
export const RUT_SETTING = setting({
  key: 'organization.rut',
  schema: exact({ minBody: integer(5, 9), maxBody: integer(5, 9) }),
  default: { minBody: 7, maxBody: 8 },
});

/** How the company's frontends look. */
export const BRANDING_SETTING = setting({
  key: 'organization.branding',
  schema: exact({
    displayName: nullable(line(200)),
    logoUrl: nullable(Type.String({ format: 'uri', pattern: '^https://', maxLength: 500 })),
    primaryColor: nullable(Type.String({ pattern: '^#[0-9a-fA-F]{6}$', examples: ['#00558C'] })),
  }),
  default: { displayName: null, logoUrl: null, primaryColor: null },
  public: true,
});
