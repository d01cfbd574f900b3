import Type from 'typebox';
import { text } from '../../../platform/module.ts';

/** What somebody signs in with; read by `wantedBy`. */
export const IDENTIFIER = text(254, {
  description: 'Email, or RUT in the company that is named',
  examples: ['12.345.678-5'],
});

/** The code of the authenticator, beside a password. */
export const totp = Type.Optional(
  Type.String({
    pattern: '^[0-9]{6}$',
    description: 'Code of the authenticator, from whoever has set one up, as the staff have',
    examples: ['123456'],
  }),
);

/** A password that is there already. No limits of form: what is too short to be one is simply wrong. */
export const PROOF = { password: Type.String({ minLength: 1, maxLength: 1_000 }), totp };
