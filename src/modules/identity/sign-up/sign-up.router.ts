import Type from 'typebox';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import { OtpReceiptView } from '../otp/otp-receipt.ts';
import { email, exact, line, oneOf, route, uuid } from '../../../platform/module.ts';
import { PROOF } from '../passwords/proof.ts';
import type { Module } from '../../../platform/module.ts';
import type { SignUp } from './sign-up.service.ts';

/** /auth/sign-up */
export const signUpModule = (service: SignUp): Module => ({
  name: 'sign-up',
  base: '/auth/sign-up',
  routes: [
    route(
      {
        method: 'post',
        path: '/verify-email',
        id: 'verifySignUpEmail',
        summary: 'Send a code to the address of whoever signs a company up',
        permission: 'public',
        rate: 'otp',
        body: exact({ email: email() }),
        responses: { 202: OtpReceiptView },
      },
      async ({ body }, context) => ({ status: 202 as const, body: await service.verifyEmail(body.email, context) }),
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'signUp',
        summary: 'Make a company that waits to be let in, and its owner',
        description: 'The address was proven before: the ticket is that of its verified code.',
        permission: 'public',
        rate: 'sign-in',
        body: exact({
          ticket: Type.String({ minLength: 1, maxLength: 100 }),
          company: exact({
            name: line(200),
            slug: Type.String({ pattern: '^[a-z0-9-]{3,63}$', examples: ['minera-norte'] }),
            timezone: line(60, { examples: ['America/Santiago'] }),
            locale: oneOf(LOCALES),
          }),
          firstName: line(100),
          lastName: line(100),
          ...PROOF,
        }),
        responses: {
          201: exact({
            company: exact({ id: uuid(), slug: Type.String(), name: Type.String(), status: Type.String() }),
          }),
        },
      },
      async ({ body }, context) => {
        const { id, slug, name, status } = await service.signUp(body, context);
        return { status: 201 as const, body: { company: { id, slug, name, status } } };
      },
    ),
  ],
});
