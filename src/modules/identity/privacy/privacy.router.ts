import { created, crudModule, okRow, route } from '../../../platform/module.ts';
import type { CrudService, Lifecycle, Module, MovingService } from '../../../platform/module.ts';
import { ERASURES } from './erasures.ts';
import type { ErasureReportRow } from './erasures.ts';
import { ERASURE_SETTING } from './person-erasure.service.ts';
import type { PersonErasure } from './person-erasure.service.ts';
import { ErasureRequest } from './requests.ts';
import type { ErasureRequestRow } from './requests.ts';

const base = '/privacy/erasure-request';
const view = (row: ErasureRequestRow): ErasureRequestRow => ErasureRequest.show(row) as ErasureRequestRow;

/** /privacy/erasure-request: everybody's own. */
export const erasureRequestsModule = (service: PersonErasure, lifecycle: Lifecycle<ErasureRequestRow>): Module => ({
  name: 'erasure-requests',
  base,
  lifecycles: [lifecycle],
  jobs: service.jobs,
  settings: [ERASURE_SETTING],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'getMyErasureRequest',
        summary: 'Whether I asked to be erased, and when it will be done',
        permission: 'signed-in',
        responses: { 200: ErasureRequest.view },
      },
      async (_input, context) => okRow(view(await service.mine(context))),
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'askForErasure',
        summary: 'Ask to be erased, in every company',
        description:
          'After 30 days, or as many as the company says, who I am is erased and my login ends. Until then it can be withdrawn. It is put off while a company holds me by law, a case about me is open, or I am the last owner of a company.',
        permission: 'signed-in',
        idempotency: 'accepted',
        responses: { 201: ErasureRequest.view },
      },
      async (_input, context) => created(`/angelis${base}`, view(await service.ask(context))),
    ),
    route(
      {
        method: 'post',
        path: '/withdraw',
        id: 'withdrawErasureRequest',
        summary: 'Stay: take my request back',
        permission: 'signed-in',
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 200: ErasureRequest.view },
      },
      async ({ version }, context) => okRow(view(await service.withdraw(context, version))),
    ),
  ],
});

/** /privacy/erasure: what was erased here. */
export const erasuresModule = (service: CrudService<ErasureReportRow> & MovingService<ErasureReportRow>): Module =>
  crudModule({
    base: '/privacy/erasure',
    permission: 'identity:erasure',
    about: 'rows',
    clients: ['admin'],
    service,
    erasures: ERASURES,
  });
