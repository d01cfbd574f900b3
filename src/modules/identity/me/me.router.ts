import Type from 'typebox';
import type { Module } from '../../../platform/http/module.ts';
import { noContent, ok, okRow, route } from '../../../platform/http/route.ts';
import { exact, integer, uuid } from '../../../platform/schema/types.ts';
import { CompaniesView, MeEdit, MeView, PermissionsView, SessionsView } from './me.schemas.ts';
import type { Me } from './me.service.ts';

/** /auth/me */
export const meModule = (me: Me): Module => ({
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
        clients: ['worker', 'admin', 'machine'],
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
        body: exact({ companyId: uuid() }),
        responses: { 204: null },
      },
      async ({ body }, context) => {
        await me.switch(context, body.companyId);
        return noContent;
      },
    ),
  ],
});
