import Type from 'typebox';
import { moveRoutes } from '../../../platform/crud/routes.ts';
import { namesOf } from '../../../platform/crud/names.ts';
import { BY_ID, email, exact, integer, noContent, ok, okRow, route, text, uuid } from '../../../platform/module.ts';
import type { JobDefinition, Lifecycle, Module, Route } from '../../../platform/module.ts';
import { PersonSessionsView } from '../sessions/session-views.ts';
import { Person } from './persons.repository.ts';
import type { PersonsAdmin } from './persons-admin.service.ts';
import type { PersonRow } from './persons.service.ts';

interface PersonsRouterDependencies {
  readonly service: PersonsAdmin;
  readonly lifecycle: Lifecycle<PersonRow>;
  readonly jobs: readonly JobDefinition[];
}

const clients = ['admin'] as const;

/** Where somebody is signed in. */
const sessionRoutes = (service: PersonsAdmin): Route[] => [
  route(
    {
      method: 'get',
      path: '/:id/session',
      id: 'listPersonSessions',
      summary: 'Where somebody is signed in, in every company',
      permission: 'operator:person:read',
      clients,
      params: BY_ID,
      responses: { 200: PersonSessionsView },
    },
    async ({ params }, context) => ok(await service.sessions(context, params.id)),
  ),
  route(
    {
      method: 'delete',
      path: '/:id/session/:sessionId',
      id: 'endPersonSession',
      summary: 'Sign somebody out of one session',
      permission: 'operator:person:move',
      clients,
      params: exact({ id: uuid(), sessionId: uuid() }),
      withoutVersion: 'a session is ended whatever happened to it since it was listed',
      responses: { 204: null },
    },
    async ({ params }, context) => {
      await service.endSession(context, params.id, params.sessionId);
      return noContent;
    },
  ),
  route(
    {
      method: 'post',
      path: '/:id/session/end-all',
      id: 'endPersonSessions',
      summary: 'Sign somebody out everywhere; your own present session goes on',
      permission: 'operator:person:move',
      clients,
      params: BY_ID,
      responses: { 200: exact({ ended: integer(0, 1_000) }) },
    },
    async ({ params }, context) => ok(await service.endSessions(context, params.id)),
  ),
];

/** /admin/person: logins, for operator staff. */
export const personsModule = ({ service, lifecycle, jobs }: PersonsRouterDependencies): Module => ({
  name: 'persons',
  base: '/admin/person',
  permissions: {
    'operator:person:read': 'company',
    'operator:person:write': 'company',
    'operator:person:move': 'company',
  },
  lifecycles: [lifecycle],
  jobs,
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'findPerson',
        summary: 'The login with an email, or with a RUT in a company',
        permission: 'operator:person:read',
        clients,
        query: exact({
          identifier: text(254),
          companyId: Type.Optional(uuid({ description: 'In which the RUT is' })),
        }),
        responses: { 200: Person.view },
      },
      async ({ query }, context) => okRow(await service.find(context, query.identifier, query.companyId)),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getPerson',
        summary: 'Read a login',
        permission: 'operator:person:read',
        clients,
        params: BY_ID,
        responses: { 200: Person.view },
      },
      async ({ params }, context) => okRow(await service.read(context, params.id)),
    ),
    route(
      {
        method: 'post',
        path: '/:id/change-email',
        id: 'changePersonEmail',
        summary: 'Move the sign-in address of somebody who lost theirs',
        permission: 'operator:person:write',
        clients,
        params: BY_ID,
        body: exact({ email: email(), reason: text(500) }),
        ifMatch: true,
        responses: { 200: Person.view },
      },
      async ({ params, body, version }, context) =>
        okRow(
          await service.changeAddress(
            context,
            params.id,
            { kind: 'email', value: body.email, reason: body.reason },
            version,
          ),
        ),
    ),
    route(
      {
        method: 'post',
        path: '/:id/change-phone',
        id: 'changePersonPhone',
        summary: 'Give another phone for codes to somebody who lost theirs',
        permission: 'operator:person:write',
        clients,
        params: BY_ID,
        body: exact({ phone: text(40, { examples: ['+56 9 8765 4321'] }), reason: text(500) }),
        ifMatch: true,
        responses: { 200: Person.view },
      },
      async ({ params, body, version }, context) =>
        okRow(
          await service.changeAddress(
            context,
            params.id,
            { kind: 'phone', value: body.phone, reason: body.reason },
            version,
          ),
        ),
    ),
    route(
      {
        method: 'post',
        path: '/:id/require-new-password',
        id: 'requireNewPassword',
        summary: 'End the sessions of somebody whose password may be known: they sign in again with a new one',
        permission: 'operator:person:move',
        clients,
        params: BY_ID,
        body: exact({ reason: text(500) }),
        ifMatch: true,
        responses: { 200: Person.view },
      },
      async ({ params, body, version }, context) =>
        okRow(await service.requireNewPassword(context, params.id, body.reason, version)),
    ),
    route(
      {
        method: 'post',
        path: '/:id/reset-second-factor',
        id: 'resetSecondFactor',
        summary:
          'Take the second factor away from somebody who lost it; the staff set another up when they next sign in',
        permission: 'operator:person:move',
        clients,
        params: BY_ID,
        body: exact({ reason: text(500) }),
        ifMatch: true,
        responses: { 200: Person.view },
      },
      async ({ params, body, version }, context) =>
        okRow(await service.resetSecondFactor(context, params.id, body.reason, version)),
    ),
    ...sessionRoutes(service),
    ...moveRoutes({
      names: namesOf('person'),
      permission: 'operator:person',
      view: Person.view,
      lifecycle,
      service,
    }),
  ],
});
