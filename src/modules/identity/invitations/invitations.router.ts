import Type from 'typebox';
import { email, exact, instant, ok, route, uuid } from '../../../platform/module.ts';
import type { JobDefinition, Module } from '../../../platform/module.ts';
import { linkErasure } from './accept-links.repository.ts';
import type { Invitations } from './invitations.service.ts';

const token = Type.String({ minLength: 1, maxLength: 200, description: 'From the mailed link' });

interface InvitationsRouterDependencies {
  readonly invitations: Invitations;
  readonly jobs: readonly JobDefinition[];
}

/** /auth/invitation */
export const acceptLinksModule = ({ invitations, jobs }: InvitationsRouterDependencies): Module => ({
  name: 'accept-links',
  base: '/auth/invitation',
  jobs,
  erasures: [linkErasure],
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
      async ({ query }, { traceId }) => ok(await invitations.show(query.token, traceId)),
    ),
    route(
      {
        method: 'post',
        path: '/accept',
        id: 'acceptMyInvitation',
        summary: 'Accept: choose a password, or prove with the one you have that you are meant',
        permission: 'public',
        rate: 'sign-in',
        body: exact({ token, password: Type.String({ minLength: 1, maxLength: 1_000 }) }),
        responses: { 200: exact({ company: exact({ id: uuid(), slug: Type.String(), name: Type.String() }) }) },
      },
      async ({ body }, context) => ok({ company: await invitations.accept(body, context) }),
    ),
  ],
});
