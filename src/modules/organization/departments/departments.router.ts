import Type from 'typebox';
import type { TSchema } from 'typebox';
import {
  BY_ID,
  crudModule,
  exact,
  integer,
  nullable,
  ok,
  okRow,
  pageOf,
  RawJson,
  route,
  uuid,
} from '../../../platform/module.ts';
import type { Context, Module, Route } from '../../../platform/module.ts';
import { Department } from './departments.repository.ts';
import type { Departments } from './departments.service.ts';

/** What departments need of the people in them. */
export interface Members {
  /** Schema of one person in a page. */
  readonly item: TSchema;
  /** A page as JSON text. */
  members(
    context: Context,
    departmentId: string,
    query: { below?: boolean; cursor?: string; limit?: number },
  ): Promise<string>;
  /** Puts people into a department; answers how many came from elsewhere. */
  place(context: Context, departmentId: string, profileIds: readonly string[]): Promise<number>;
}

const memberRoutes = (service: Departments, people: Members): Route[] => [
  route(
    {
      method: 'get',
      path: '/:id/members',
      id: 'listDepartmentMembers',
      summary: 'People of a department',
      permission: 'organization:profile:read',
      params: BY_ID,
      query: exact({
        below: Type.Optional(Type.Boolean({ description: 'Also those of the departments below' })),
        cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
        limit: Type.Optional(integer(1, 200)),
      }),
      responses: { 200: pageOf(people.item) },
    },
    async ({ params, query }, context) => {
      await service.detail(context, params.id);
      return ok(new RawJson(await people.members(context, params.id, query)));
    },
  ),
  route(
    {
      method: 'post',
      path: '/:id/members',
      id: 'placeDepartmentMembers',
      summary: 'Put people into a department, all of them or none',
      permission: 'organization:profile:write',
      params: BY_ID,
      body: exact({ profileIds: Type.Array(uuid(), { minItems: 1, maxItems: 200, uniqueItems: true }) }),
      idempotency: 'accepted',
      responses: { 200: exact({ placed: integer(0, 200) }) },
    },
    async ({ params, body }, context) => {
      await service.detail(context, params.id);
      return ok({ placed: await people.place(context, params.id, body.profileIds) });
    },
  ),
];

/** /admin/department */
export const departmentsModule = (service: Departments, people: Members): Module =>
  crudModule({
    base: '/admin/department',
    permission: 'organization:department',
    service,
    routes: [
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
          okRow(await service.relocate(context, params.id, body.parentId, version)),
      ),
      ...memberRoutes(service, people),
    ],
  });
