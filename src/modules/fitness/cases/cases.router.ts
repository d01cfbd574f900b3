import { BY_ID, crudModule, keeps, ok, route } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { DecisionNotes } from '../decisions.ts';
import { CaseDetail, FitnessCase, openCaseOf } from './cases.repository.ts';
import type { CasesService } from './cases.service.ts';
import { Hold } from './holds.repository.ts';

/** /fitness/cases */
export const casesModule = (service: CasesService): Module =>
  crudModule({
    base: '/fitness/cases',
    permission: 'fitness:case',
    about: 'rows',
    permissions: { 'fitness:case:notes': 'rows' },
    noun: 'fitness-case',
    service,
    detail: CaseDetail,
    erasures: [
      { ...keeps(FitnessCase), obstacle: openCaseOf },
      keeps('fitness_decision', { writtenOnce: true }),
      keeps(Hold),
    ],
    routes: [
      route(
        {
          method: 'get',
          path: '/:id/notes',
          id: 'getFitnessCaseNotes',
          summary: 'Read every decision of a case, with its assessment and note; the read is logged',
          permission: 'fitness:case:notes',
          params: BY_ID,
          responses: { 200: DecisionNotes },
        },
        async ({ params }, context) => ok(await service.notes(context, params.id)),
      ),
    ],
  });
