import { BY_ID, moveRoutes } from '../../../platform/crud/routes.ts';
import type { CrudService, MovingService } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { pageOf } from '../../../platform/schema/types.ts';
import { Shift } from './shifts.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';

interface ShiftsRouterDependencies {
  readonly service: Pick<CrudService<ShiftRow>, 'list' | 'detail'> & MovingService<ShiftRow>;
  readonly list: List;
  readonly lifecycle: Lifecycle<ShiftRow>;
}

/** /admin/assignment/shift */
export const shiftsModule = ({ service, list, lifecycle }: ShiftsRouterDependencies): Module => ({
  name: 'shifts',
  base: '/admin/assignment/shift',
  permissions: ['workforce:shift:read', 'workforce:shift:start', 'workforce:shift:finish', 'workforce:shift:cancel'],
  lifecycles: [lifecycle],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listShifts',
        summary: 'List shifts',
        permission: 'workforce:shift:read',
        query: list.query,
        responses: { 200: pageOf(Shift.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getShift',
        summary: 'Read a shift',
        permission: 'workforce:shift:read',
        params: BY_ID,
        responses: { 200: Shift.view },
      },
      async ({ params }, context) => {
        const { text, version } = await service.detail(context, params.id);
        return ok(new RawJson(text), `"${version}"`);
      },
    ),
    ...moveRoutes({ name: 'shift', permission: 'workforce:shift', view: Shift.view, lifecycle, service }),
  ],
});
