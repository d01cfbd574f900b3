import { BY_ID, crudModule, exact, nullable, ok, route, text } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { ASSESSMENT } from '../assessment.ts';
import { CaseDetail } from './cases.repository.ts';
import type { CasesService } from './cases.service.ts';

/** /fitness/cases */
export const casesModule = (service: CasesService): Module =>
  crudModule({
    base: '/fitness/cases',
    permission: 'fitness:case',
    permissions: ['fitness:case:notes'],
    noun: 'fitness-case',
    service,
    detail: CaseDetail,
    routes: [
      route(
        {
          method: 'get',
          path: '/:id/notes',
          id: 'getFitnessCaseNotes',
          summary: 'Read the assessment and the note of a case; the read is logged',
          permission: 'fitness:case:notes',
          params: BY_ID,
          responses: { 200: exact({ assessment: nullable(ASSESSMENT), note: nullable(text(2_000)) }) },
        },
        async ({ params }, context) => ok(await service.notes(context, params.id)),
      ),
    ],
  });
