import Type from 'typebox';
import type { TSchema } from 'typebox';
import { OtpReceiptView } from '../otp/otp-receipt.ts';
import { email, exact, integer, noContent, ok, okRow, route, text, uuid } from '../../../platform/module.ts';
import type { Module, Route } from '../../../platform/module.ts';
import { SessionsView } from '../sessions/session-views.ts';
import { CompaniesView, MeEdit, MeView, PermissionsView } from './me-schemas.ts';
import type { AddressKind } from '../persons/addresses.ts';
import type { ContactChanges } from './contact-changes.service.ts';
import type { Me } from './me.service.ts';

const ticket = Type.String({ minLength: 1, maxLength: 100 });

/** The two steps in which somebody changes an address that they sign in with. */
const contactRoutes = (kind: AddressKind, value: TSchema, contacts: ContactChanges): Route[] => [
  route(
    {
      method: 'post',
      path: `/${kind}`,
      id: kind === 'email' ? 'changeMyEmail' : 'changeMyPhone',
      summary: `Send codes to my present address and to the new ${kind}`,
      permission: 'signed-in',
      rate: 'otp',
      body: exact({ [kind]: value }),
      responses: { 202: exact({ current: OtpReceiptView, fresh: OtpReceiptView }) },
    },
    async ({ body }, context) => ({
      status: 202 as const,
      body: await contacts.begin(context, kind, String(body[kind])),
    }),
  ),
  route(
    {
      method: 'post',
      path: `/${kind}/confirm`,
      id: kind === 'email' ? 'confirmMyEmail' : 'confirmMyPhone',
      summary: `Move to the new ${kind} once both codes were verified`,
      permission: 'signed-in',
      body: exact({ current: ticket, fresh: ticket }),
      responses: { 204: null },
    },
    async ({ body }, context) => {
      await contacts.confirm(context, kind, body);
      return noContent;
    },
  ),
];

/** /auth/me */
export const meModule = (me: Me, contacts: ContactChanges): Module => ({
  name: 'me',
  base: '/auth/me',
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'readMe',
        summary: 'Who I am here',
        permission: 'signed-in',
        responses: { 200: MeView },
      },
      async (_input, context) => okRow(await me.read(context)),
    ),
    route(
      {
        method: 'patch',
        path: '/',
        id: 'editMe',
        summary: 'Change my names, language or preferences',
        permission: 'signed-in',
        body: MeEdit,
        ifMatch: true,
        responses: { 200: MeView },
      },
      async ({ body, version }, context) => okRow(await me.edit(context, body, version)),
    ),
    route(
      {
        method: 'get',
        path: '/sessions',
        id: 'listMySessions',
        summary: 'My sessions, in every company',
        permission: 'signed-in',
        responses: { 200: SessionsView },
      },
      async (_input, context) => ok(await me.sessions(context)),
    ),
    route(
      {
        method: 'delete',
        path: '/sessions/:id',
        id: 'endMySession',
        summary: 'End one of my sessions',
        permission: 'signed-in',
        params: exact({ id: uuid() }),
        withoutVersion: 'a session is ended whatever happened to it since it was listed',
        responses: { 204: null },
      },
      async ({ params }, context) => {
        await me.endSession(context, params.id);
        return noContent;
      },
    ),
    route(
      {
        method: 'post',
        path: '/sessions/end-others',
        id: 'endMyOtherSessions',
        summary: 'End all my sessions but this one',
        permission: 'signed-in',
        endsSession: true,
        responses: { 200: exact({ ended: integer(0, 1_000) }) },
      },
      async (_input, context) => ok(await me.endOtherSessions(context)),
    ),
    route(
      {
        method: 'get',
        path: '/permissions',
        id: 'explainMyPermissions',
        summary: 'What I may do here, and why or why not',
        permission: 'signed-in',
        machines: true,
        query: exact({ permission: Type.Optional(Type.String({ maxLength: 100 })) }),
        responses: { 200: PermissionsView },
      },
      async ({ query }, context) => ok(await me.permissions(context, query.permission)),
    ),
    route(
      {
        method: 'get',
        path: '/companies',
        id: 'listMyCompanies',
        summary: 'The companies I belong to',
        permission: 'signed-in',
        responses: { 200: CompaniesView },
      },
      async (_input, context) => ok(await me.companies(context)),
    ),
    route(
      {
        method: 'post',
        path: '/companies/switch',
        id: 'switchCompany',
        summary: 'Go on in another company of mine, with the same token',
        permission: 'signed-in',
        endsSession: true,
        body: exact({ companyId: uuid() }),
        responses: { 204: null },
      },
      async ({ body }, context) => {
        await me.switch(context, body.companyId);
        return noContent;
      },
    ),
    ...contactRoutes('email', email(), contacts),
    ...contactRoutes('phone', text(40, { examples: ['+56 9 1234 5678'] }), contacts),
  ],
});
