import Type from 'typebox';
import { email, exact, instant, noContent, ok, route, uuid } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { IDENTIFIER, PROOF } from '../passwords/proof.ts';
import type { Acceptance } from './acceptance.service.ts';

const token = Type.String({ minLength: 1, maxLength: 200, description: 'From the mailed link' });

/** /auth/invitation: for whoever has the mailed link */
export const acceptanceModule = (acceptance: Acceptance): Module => ({
  name: 'acceptance',
  base: '/auth/invitation',
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'showMyInvitation',
        summary: 'Whether a mailed link is still good, and whose it is',
        permission: 'public',
        query: exact({ token }),
        responses: {
          200: exact({
            company: exact({ name: Type.String() }),
            firstName: Type.String(),
            email: email(),
            expiresAt: instant(),
          }),
        },
      },
      async ({ query }, context) => ok(await acceptance.show(query.token, context)),
    ),
    route(
      {
        method: 'post',
        path: '/accept',
        id: 'acceptMyInvitation',
        summary: 'Accept: choose a password, or prove with the one you have that you are meant',
        description:
          'Whoever signs in with the address that the link went to gives the password they have. Whoever signs in with another says so by `identifier`, and is refused as when they sign in; a company that the request names is then where that identifier is known. Everybody else becomes a new person, with this password.',
        permission: 'public',
        rate: 'sign-in',
        body: exact({ token, identifier: Type.Optional(IDENTIFIER), ...PROOF }),
        responses: { 200: exact({ company: exact({ id: uuid(), slug: Type.String(), name: Type.String() }) }) },
      },
      async ({ body }, context) => ok({ company: await acceptance.accept(body, context) }),
    ),
    route(
      {
        method: 'post',
        path: '/decline',
        id: 'declineMyInvitation',
        summary: 'Decline: the link ends, and the company is told so in its list',
        permission: 'public',
        rate: 'sign-in',
        body: exact({ token }),
        responses: { 204: null },
      },
      async ({ body }, context) => {
        await acceptance.decline(body.token, context);
        return noContent;
      },
    ),
  ],
});
