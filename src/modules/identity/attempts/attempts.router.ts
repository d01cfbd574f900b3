import { BY_ID, ok, pageOf, RawJson, route } from '../../../platform/module.ts';
import type { List, Module } from '../../../platform/module.ts';
import { AttemptView } from './attempts.repository.ts';
import { attemptRetentions } from './attempts.service.ts';
import type { Attempts } from './attempts.service.ts';

/** /admin/person/:id/attempt: how it went when somebody tried to sign in. */
export const attemptsModule = ({ attempts, list }: { attempts: Attempts; list: List }): Module => ({
  name: 'sign-in-attempts',
  base: '/admin/person',
  requires: ['persons'],
  ticks: attempts.ticks,
  retentions: attemptRetentions,
  routes: [
    route(
      {
        method: 'get',
        path: '/:id/attempt',
        id: 'listPersonAttempts',
        summary: 'Sign-ins that were tried for somebody, kept for a year',
        permission: 'operator:person:read',
        clients: ['admin'],
        params: BY_ID,
        query: list.query,
        responses: { 200: pageOf(AttemptView) },
      },
      async ({ params, query }, context) => ok(new RawJson(await attempts.page(context, params.id, query))),
    ),
  ],
});
