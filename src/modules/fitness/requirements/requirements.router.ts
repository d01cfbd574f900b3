import { BY_ID, created, crudModule, exact, ok, oneOf, route, uuid } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { DecisionNotes } from '../decisions.ts';
import { Requirement, requirementErasure } from './requirements.repository.ts';
import type { RequirementsService } from './requirements.service.ts';

const base = '/fitness/requirements';
const EVERY_MINUTE = 60;
const EVERY_FIVE_MINUTES = 300;

/** /fitness/requirements */
export const requirementsModule = (service: RequirementsService): Module =>
  crudModule({
    base,
    permission: 'fitness:requirement',
    machines: true,
    about: 'rows',
    permissions: { 'fitness:requirement:ask': 'rows' },
    service,
    erasures: [requirementErasure],
    ticks: [
      {
        name: 'fitness.requirements.generate',
        every: EVERY_FIVE_MINUTES,
        for: 'each-active-company',
        run: (scope, { now, signal }) => service.generate(scope, now, signal),
      },
      {
        name: 'fitness.requirements.close',
        every: EVERY_MINUTE,
        for: 'each-active-company',
        run: (scope, { now, signal }) => service.closeOverdue(scope, now, signal),
      },
    ],
    routes: [
      route(
        {
          method: 'get',
          path: '/:id/notes',
          id: 'getRequirementNotes',
          summary: 'Read every face-to-face assessment of a requirement; the read is logged',
          permission: 'fitness:case:notes',
          params: BY_ID,
          responses: { 200: DecisionNotes },
        },
        async ({ params }, context) => ok(await service.notes(context, params.id)),
      ),
      route(
        {
          method: 'post',
          path: '/',
          id: 'askForTest',
          summary: 'Ask for a test for cause, or after an incident',
          permission: 'fitness:requirement:ask',
          body: exact({ profileId: uuid(), kind: oneOf(['for_cause', 'post_incident']) }),
          idempotency: 'accepted',
          responses: { 201: Requirement.view },
        },
        async ({ body }, context) => {
          const row = await service.ask(context, body);
          return created(`/angelis${base}/${row.id}`, row);
        },
      ),
    ],
  });
