import Type from 'typebox';
import {
  BY_ID,
  created,
  crudModule,
  exact,
  instant,
  line,
  noContent,
  nullable,
  ok,
  oneOf,
  pageOf,
  RawJson,
  route,
  uuid,
} from '../../../platform/module.ts';
import type { List, Module, Route, TickDefinition } from '../../../platform/module.ts';
import { Explained } from '../../../platform/access/explained.ts';
import { ABOUTS } from '../../../platform/access/catalogue.ts';
import { CLIENTS, REACHES } from '../../../platform/access/principal.ts';
import type { createCatalogue } from './catalogue.service.ts';
import type { Assignments } from './assignments.service.ts';
import type { createEffectivePermissions } from './effective.service.ts';
import { RoleAssignment, RoleAssignmentItem, roleErasure, SCOPE_KINDS } from './roles.repository.ts';
import type { createRolesService } from './roles.service.ts';

interface RolesRouterDependencies {
  readonly service: ReturnType<typeof createRolesService>;
  readonly assignments: Assignments;
  readonly effective: ReturnType<typeof createEffectivePermissions>;
  readonly catalogue: ReturnType<typeof createCatalogue>;
  readonly assignmentList: List;
  readonly ticks: readonly TickDefinition[];
}

const base = '/admin/role';
const clients = ['admin'] as const;
const PERMISSION = exact({
  permission: Type.String({ examples: ['workforce:shift:read'] }),
  about: oneOf(ABOUTS),
  clients: Type.Array(oneOf(CLIENTS), {
    description: 'Through which clients it opens anything: with `machine`, a machine client may be given it as a scope',
    maxItems: CLIENTS.length,
  }),
  area: Type.String(),
  text: line(300, { description: "In the caller's language" }),
});
const SYSTEM_ROLE = exact({
  code: Type.String(),
  text: line(200),
  reach: oneOf(REACHES),
  rank: Type.Integer({ description: 'Nobody gives a role of their own rank or higher' }),
  grants: Type.Array(Type.String(), { maxItems: 200 }),
  denies: Type.Array(Type.String(), { maxItems: 200 }),
  gives: nullable(
    Type.Array(Type.String(), {
      maxItems: 100,
      description: 'The only roles that its holders give; null: those below their rank, where they may give any',
    }),
  ),
});
const SCOPE = nullable(exact({ kind: oneOf(SCOPE_KINDS), id: uuid() }));
const EFFECTIVE = exact({
  roles: Type.Array(exact({ code: Type.String(), scope: SCOPE, expiresAt: nullable(instant()) }), { maxItems: 200 }),
  permissions: Type.Array(Explained, { maxItems: 2_000 }),
});

const catalogueRoutes = (catalogue: RolesRouterDependencies['catalogue']): Route[] => [
  route(
    {
      method: 'get',
      path: '/permissions',
      id: 'listPermissions',
      summary: 'Every permission there is',
      permission: 'organization:role:read',
      clients,
      responses: { 200: exact({ items: Type.Array(PERMISSION, { maxItems: 2_000 }) }) },
    },
    async (_input, context) => ok({ items: await catalogue.permissions(context) }),
  ),
  route(
    {
      method: 'get',
      path: '/system',
      id: 'listSystemRoles',
      summary: 'Roles that every company has and nobody changes',
      permission: 'organization:role:read',
      clients,
      responses: { 200: exact({ items: Type.Array(SYSTEM_ROLE, { maxItems: 100 }) }) },
    },
    async (_input, context) => {
      const items = await catalogue.systemRoles(context);
      return ok({
        items: items.map(({ grants, denies, gives, ...role }) => ({
          ...role,
          grants: [...grants],
          denies: [...denies],
          gives: gives === null ? null : [...gives],
        })),
      });
    },
  ),
];

const assignmentRoutes = ({ assignments, assignmentList }: RolesRouterDependencies): Route[] => [
  route(
    {
      method: 'get',
      path: '/assignment',
      id: 'listRoleAssignments',
      summary: 'Who holds which role',
      permission: 'organization:role-assignment:read',
      clients,
      query: assignmentList.query,
      responses: { 200: pageOf(RoleAssignmentItem) },
    },
    async ({ query }, context) => ok(new RawJson(await assignments.list(context, query))),
  ),
  route(
    {
      method: 'get',
      path: '/assignment/:id',
      id: 'getRoleAssignment',
      summary: 'One assignment',
      permission: 'organization:role-assignment:read',
      clients,
      params: BY_ID,
      responses: { 200: RoleAssignmentItem },
    },
    async ({ params }, context) => {
      const found = await assignments.one(context, params.id);
      return ok(new RawJson(found.text), `"${found.version}"`);
    },
  ),
  route(
    {
      method: 'post',
      path: '/assignment',
      id: 'giveRole',
      summary: 'Give a person a role',
      description:
        'Nobody gives above their own rank, permissions and scope, nor for longer than they hold them. Of a role with `maxUsers`, whoever holds one that inherits from it takes a place; whoever left takes none.',
      permission: 'organization:role-assignment:write',
      clients,
      body: RoleAssignment.createBody,
      idempotency: 'accepted',
      responses: { 201: RoleAssignment.view },
    },
    async ({ body }, context) => {
      const row = await assignments.give(context, body);
      return created(`/angelis${base}/assignment/${row.id}`, RoleAssignment.show(row) as typeof row);
    },
  ),
  route(
    {
      method: 'delete',
      path: '/assignment/:id',
      id: 'takeRole',
      summary: 'Take a role away',
      permission: 'organization:role-assignment:write',
      clients,
      params: BY_ID,
      ifMatch: true,
      responses: { 204: null },
    },
    async ({ params, version }, context) => {
      await assignments.take(context, params.id, version);
      return noContent;
    },
  ),
];

/** /admin/role */
export const rolesModule = (deps: RolesRouterDependencies): Module =>
  crudModule({
    base,
    permission: 'organization:role',
    permissions: {
      'organization:role:read': 'everybody',
      'organization:role-assignment:read': 'rows',
      'organization:role-assignment:write': 'rows',
    },
    clients,
    service: deps.service,
    ticks: deps.ticks,
    erasures: [roleErasure],
    routes: [
      ...catalogueRoutes(deps.catalogue),
      ...assignmentRoutes(deps),
      route(
        {
          method: 'get',
          path: '/effective/:id',
          id: 'getEffectivePermissions',
          summary: 'What a person may do, and why',
          permission: 'organization:role-assignment:read',
          clients,
          params: BY_ID,
          responses: { 200: EFFECTIVE },
        },
        async ({ params }, context) => ok(await deps.effective(context, params.id)),
      ),
    ],
  });
