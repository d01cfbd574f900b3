import Type from 'typebox';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import {
  created,
  crudModule,
  email,
  exact,
  instant,
  line,
  nullable,
  oneOf,
  route,
  uuid,
} from '../../../platform/module.ts';
import type { JobDefinition, Module } from '../../../platform/module.ts';
import { ATTRIBUTES, Invitation, invitationErasure, InvitationItem } from './invitations.repository.ts';
import type { Invitations } from './invitations.service.ts';

const base = '/admin/invitation';
const clients = ['admin'] as const;

const OFFERED = exact({
  systemRole: Type.Optional(nullable(Type.String({ maxLength: 40, examples: ['supervisor'] }))),
  roleId: Type.Optional(nullable(uuid({ description: 'Own role; either this or systemRole' }))),
  scopeKind: Type.Optional(nullable(oneOf(['department', 'project']))),
  scopeId: Type.Optional(nullable(uuid({ description: 'Department (with all below it) or project' }))),
  expiresAt: Type.Optional(nullable(instant())),
});

const REQUEST = exact({
  email: email(),
  firstName: line(100),
  lastName: line(100),
  kind: Type.Optional(
    oneOf(['employee', 'contractor', 'guest', 'temporary'], {
      description: 'Default: that of the draft; employee for somebody new',
    }),
  ),
  departmentId: Type.Optional(nullable(uuid())),
  siteId: Type.Optional(nullable(uuid())),
  expiresAt: Type.Optional(nullable(instant({ description: 'The profile ends then; needed for kind temporary' }))),
  locale: Type.Optional(oneOf(LOCALES, { description: "Language of the mail; default: the caller's" })),
  roles: Type.Optional(
    Type.Array(OFFERED, {
      maxItems: 10,
      description: 'What they hold once they accept: nothing above what the caller may give',
    }),
  ),
  features: Type.Optional(
    Type.Array(Type.String({ maxLength: 40, examples: ['live_transcription'] }), {
      maxItems: 20,
      uniqueItems: true,
      description: 'Features that they have once they accept, as the caller may give them',
    }),
  ),
  attributes: Type.Optional(ATTRIBUTES),
});

/** /admin/invitation */
export const invitationsModule = (service: Invitations, jobs: readonly JobDefinition[]): Module =>
  crudModule({
    base,
    permission: 'organization:invitation',
    about: 'rows',
    clients,
    service,
    item: InvitationItem,
    detail: InvitationItem,
    erasures: [invitationErasure],
    jobs,
    routes: [
      route(
        {
          method: 'post',
          path: '/',
          id: 'sendInvitation',
          summary: 'Invite somebody by mail',
          description:
            'Their draft profile becomes invited, made anew where the department, or without one the company, has no draft of this address. It becomes what is said here; what is left out, or null, stays as the draft has it. Once the invitation ends without being accepted it is a draft again.',
          permission: 'organization:invitation:write',
          clients,
          rate: 'invitation',
          body: REQUEST,
          idempotency: 'accepted',
          responses: { 201: Invitation.view },
        },
        async ({ body }, context) => {
          const row = await service.send(context, body);
          return created(`/angelis${base}/${row.id}`, row);
        },
      ),
    ],
  });
