import Type from 'typebox';
import { code, created, crudModule, exact, keeps, line, route, uuid } from '../../../platform/module.ts';
import type { JobDefinition, Module } from '../../../platform/module.ts';
import { License } from './licenses.repository.ts';
import type { createLicensesService } from './licenses.service.ts';

const ASSIGN = exact({
  offering: code(40, { examples: ['SAFER'] }),
  profileId: uuid(),
  externalId: Type.Optional(line(100, { description: 'The person’s number in the offering’s system' })),
});

/** /admin/license */
export const licensesModule = (
  service: ReturnType<typeof createLicensesService>,
  jobs: readonly JobDefinition[],
): Module =>
  crudModule({
    base: '/admin/license',
    permission: 'commerce:license',
    about: 'rows',
    permissions: { 'commerce:license:write': 'rows' },
    requires: ['subscriptions'],
    service,
    jobs,
    erasures: [keeps(License)],
    routes: [
      route(
        {
          method: 'post',
          path: '/',
          id: 'assignLicense',
          summary: 'Assign a license to a person',
          permission: 'commerce:license:write',
          body: ASSIGN,
          idempotency: 'accepted',
          responses: { 201: License.view },
        },
        async ({ body }, context) => {
          const row = await service.assign(context, body);
          return created(`/angelis/admin/license/${row.id}`, row);
        },
      ),
    ],
  });
