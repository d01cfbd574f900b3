import { BY_ID, exact, integer, noContent, ok, route, uuid } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { ProfileSessions } from './profile-sessions.service.ts';
import { ProfileSessionsView } from './session-views.ts';

const clients = ['admin'] as const;
// No `read`, so that `*:*:read` does not hold it: addresses and devices tell where people are.
const read = 'identity:session:reveal';
const end = 'identity:session:end';

/** /admin/profile/:id/session: where somebody is signed in to the company. */
export const profileSessionsModule = (sessions: ProfileSessions): Module => ({
  name: 'profile-sessions',
  base: '/admin/profile',
  requires: ['profiles'],
  permissions: { [read]: 'rows', [end]: 'rows' },
  routes: [
    route(
      {
        method: 'get',
        path: '/:id/session',
        id: 'listProfileSessions',
        summary: 'Where somebody is signed in to this company',
        description: 'Told to themselves and to whoever stands above them: ROLE_ABOVE_OWN.',
        permission: read,
        clients,
        params: BY_ID,
        responses: { 200: ProfileSessionsView },
      },
      async ({ params }, context) => ok(await sessions.list(context, params.id)),
    ),
    route(
      {
        method: 'delete',
        path: '/:id/session/:sessionId',
        id: 'endProfileSession',
        summary: 'Sign somebody out of one session',
        permission: end,
        clients,
        params: exact({ id: uuid(), sessionId: uuid() }),
        withoutVersion: 'a session is ended whatever happened to it since it was listed',
        responses: { 204: null },
      },
      async ({ params }, context) => {
        await sessions.end(context, params.id, params.sessionId);
        return noContent;
      },
    ),
    route(
      {
        method: 'post',
        path: '/:id/session/end-all',
        id: 'endProfileSessions',
        summary: 'Sign somebody out of this company, wherever they are signed in',
        description: 'They may sign in again; to shut them out, suspend the profile. Your own present session goes on.',
        permission: end,
        clients,
        params: BY_ID,
        responses: { 200: exact({ ended: integer(0, 1_000) }) },
      },
      async ({ params }, context) => ok(await sessions.endAll(context, params.id)),
    ),
  ],
});
