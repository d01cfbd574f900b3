import { BY_ID, crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { okRow, route } from '../../../platform/http/route.ts';
import { exact, nullable, uuid } from '../../../platform/schema/types.ts';
import { Department } from './departments.repository.ts';
import type { Departments } from './departments.service.ts';

interface DepartmentsRouterDependencies {
  readonly service: Departments;
  readonly list: List;
}

/** /admin/department */
export const departmentsModule = ({ service, list }: DepartmentsRouterDependencies): Module => ({
  name: 'departments',
  base: '/admin/department',
  permissions: ['organization:department:read', 'organization:department:write'],
  routes: [
    ...crudRoutes({
      name: 'department',
      base: '/admin/department',
      permission: 'organization:department',
      view: Department.view,
      createBody: Department.createBody,
      editBody: Department.editBody,
      list,
      service,
    }),
    route(
      {
        method: 'post',
        path: '/:id/move',
        id: 'moveDepartment',
        summary: 'Put a department, with all below it, under another or at the top',
        permission: 'organization:department:write',
        params: BY_ID,
        body: exact({ parentId: nullable(uuid()) }),
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 200: Department.view },
      },
      async ({ params, body, version }, context) =>
        okRow(await service.move(context, params.id, body.parentId, version)),
    ),
  ],
});
