import Type from 'typebox';
import { IDENTIFIER, PROOF } from '../passwords/proof.ts';
import { exact, integer, uuid } from '../../../platform/schema/types.ts';

const tokenProperties = {
  tokenType: Type.Literal('Bearer'),
  accessToken: Type.String(),
  expiresIn: integer(0, 86_400, { description: 'Seconds' }),
  refreshToken: Type.String(),
  refreshExpiresIn: integer(0, 31_536_000, { description: 'Seconds' }),
};
export const SignedInView = exact(tokenProperties, { 'x-component': 'signedIn' });
export const SignedInToView = exact(
  { ...tokenProperties, company: exact({ id: uuid(), slug: Type.String(), name: Type.String() }) },
  { 'x-component': 'signedInTo' },
);

export const Credentials = exact({ identifier: IDENTIFIER, ...PROOF });

export const RefreshBody = exact({ refreshToken: Type.String({ minLength: 1, maxLength: 8_192 }) });

export const TokenAnswerView = exact({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: integer(0, 86_400),
  refresh_token: Type.Optional(Type.String()),
  refresh_expires_in: Type.Optional(integer(0, 31_536_000)),
  scope: Type.Optional(Type.String({ description: 'Of a machine client: what it may do with the token' })),
});

export const IntrospectionView = exact({
  active: Type.Boolean(),
  sub: Type.Optional(Type.String()),
  client_id: Type.Optional(Type.String()),
  exp: Type.Optional(Type.Integer()),
  sid: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String({ description: 'Of a machine client: what it may do with the token' })),
});
