import { LOCALES } from '../../../platform/i18n/locales.ts';
import {
  email,
  exact,
  instant,
  line,
  noContent,
  ok,
  oneOf,
  pageOf,
  RawJson,
  route,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { List, Module, Route } from '../../../platform/module.ts';
import { OperatorUser, STAFF_ROLES, StaffView, SupportSessionView } from './staff.repository.ts';
import type { Staff } from './staff.service.ts';
import type { Support } from './support.service.ts';

interface StaffRouterDependencies {
  readonly staff: Staff;
  readonly staffList: List;
  readonly support: Support;
  readonly supportList: List;
}

const base = '/admin/internal_user';
const BY_ID = exact({ id: uuid() });
const read = 'operator:staff:read';
const write = 'operator:staff:write';
const shown = ({ text: body, version }: { text: string; version: number }) => ok(new RawJson(body), `"${version}"`);

const staffRoutes = ({ staff, staffList }: StaffRouterDependencies): Route[] => [
  route(
    {
      method: 'get',
      path: '/',
      id: 'listInternalUsers',
      summary: 'List operator staff',
      permission: read,
      clients: ['admin'],
      query: staffList.query,
      responses: { 200: pageOf(StaffView) },
    },
    async ({ query }, context) => ok(new RawJson(await staff.page(context, query))),
  ),
  route(
    {
      method: 'get',
      path: '/:id',
      id: 'getInternalUser',
      summary: 'Read a member of the staff',
      permission: read,
      clients: ['admin'],
      params: BY_ID,
      responses: { 200: StaffView },
    },
    async ({ params }, context) => shown(await staff.read(context, params.id)),
  ),
  route(
    {
      method: 'post',
      path: '/',
      id: 'createInternalUser',
      summary: 'Add somebody to the staff: they get a mailed link',
      permission: write,
      rate: 'invitation',
      clients: ['admin'],
      body: exact({
        firstName: line(100),
        lastName: line(100),
        email: email(),
        locale: oneOf(LOCALES),
        role: oneOf(STAFF_ROLES),
      }),
      idempotency: 'accepted',
      responses: { 201: OperatorUser.view },
    },
    async ({ body }, context) => {
      const row = await staff.create(context, body);
      const headers = { Location: `/angelis${base}/${row.id}` };
      return { status: 201 as const, body: OperatorUser.show(row) as typeof row, etag: '"1"', headers };
    },
  ),
  route(
    {
      method: 'patch',
      path: '/:id',
      id: 'editInternalUser',
      summary: 'Change the role of a member of the staff',
      permission: write,
      clients: ['admin'],
      params: BY_ID,
      body: exact({ role: oneOf(STAFF_ROLES) }),
      ifMatch: true,
      responses: { 200: StaffView },
    },
    async ({ params, body, version }, context) => shown(await staff.changeRole(context, params.id, body.role, version)),
  ),
  route(
    {
      method: 'post',
      path: '/:id/resend',
      id: 'resendInternalUserInvitation',
      summary: 'Mail the link again to a member of the staff who has not joined yet; the one before ends',
      permission: write,
      rate: 'invitation',
      clients: ['admin'],
      params: BY_ID,
      ifMatch: true,
      responses: { 200: StaffView },
    },
    async ({ params, version }, context) => shown(await staff.resend(context, params.id, version)),
  ),
  route(
    {
      method: 'post',
      path: '/:id/deactivate',
      id: 'deactivateInternalUser',
      summary: 'End what somebody may do as staff, at once',
      permission: write,
      clients: ['admin'],
      params: BY_ID,
      body: exact({ reason: text(500) }),
      ifMatch: true,
      responses: { 200: StaffView },
    },
    async ({ params, body, version }, context) =>
      shown(await staff.deactivate(context, params.id, body.reason, version)),
  ),
  route(
    {
      method: 'post',
      path: '/:id/activate',
      id: 'activateInternalUser',
      summary: 'Let a deactivated member of the staff in again',
      permission: write,
      clients: ['admin'],
      params: BY_ID,
      ifMatch: true,
      responses: { 200: StaffView },
    },
    async ({ params, version }, context) => shown(await staff.activate(context, params.id, version)),
  ),
];

const supportRoutes = ({ support, supportList }: StaffRouterDependencies): Route[] => [
  route(
    {
      method: 'get',
      path: '/support-session',
      id: 'listSupportSessions',
      summary: 'When staff of the operator were in this company, and why',
      permission: 'identity:support:read',
      query: supportList.query,
      responses: { 200: pageOf(SupportSessionView) },
    },
    async ({ query }, context) => ok(new RawJson(await support.page(context, query))),
  ),
  route(
    {
      method: 'post',
      path: '/support-session',
      id: 'beginSupportSession',
      summary: 'Enter a company with the same token, for an hour at most',
      permission: 'operator:support:begin',
      clients: ['admin'],
      endsSession: true,
      body: exact({ companyId: uuid(), reason: text(500) }),
      responses: { 200: exact({ companyId: uuid(), expiresAt: instant() }) },
    },
    async ({ body }, context) => ok(await support.begin(context, body.companyId, body.reason)),
  ),
  route(
    {
      method: 'post',
      path: '/support-session/end',
      id: 'endSupportSession',
      summary: 'Go back to the operator',
      permission: 'signed-in',
      clients: ['admin'],
      endsSession: true,
      responses: { 204: null },
    },
    async (_input, context) => {
      await support.end(context);
      return noContent;
    },
  ),
];

/** /admin/internal_user */
export const staffModule = (dependencies: StaffRouterDependencies): Module => ({
  name: 'staff',
  base,
  permissions: {
    [read]: 'company',
    [write]: 'company',
    'operator:support:begin': 'company',
    'identity:support:read': 'company',
  },
  routes: [...staffRoutes(dependencies), ...supportRoutes(dependencies)],
});
