import Type from 'typebox';
import {
  BY_ID,
  crudModule,
  day,
  exact,
  keeps,
  line,
  nullable,
  ok,
  okRow,
  oneOf,
  pageOf,
  RawJson,
  route,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { List, Module, TickDefinition } from '../../../platform/module.ts';
import { Credential, CREDENTIAL_STATES, evidenceErasure } from './credentials.repository.ts';
import type { createCredentialsService } from './credentials.service.ts';
import { CREDENTIAL_BASES, CREDENTIAL_KINDS } from './kinds.ts';

interface CredentialsRouterDependencies {
  readonly service: ReturnType<typeof createCredentialsService>;
  readonly expiring: List;
  readonly ticks: readonly TickDefinition[];
}

const EVIDENCE = exact({ evidence: text(4_000, { description: 'What proves it: findings, numbers, reference' }) });
const REQUIRED = exact({
  items: Type.Array(
    exact({
      credential: oneOf(CREDENTIAL_KINDS),
      requiredBy: oneOf(CREDENTIAL_BASES),
      equipment: nullable(line(40, { description: 'Code of the kind of equipment that requires it' })),
      status: oneOf(['missing', ...CREDENTIAL_STATES]),
      from: nullable(day()),
      to: nullable(day()),
    }),
    { maxItems: 100 },
  ),
});

/** /admin/credential */
export const credentialsModule = ({ service, expiring, ticks }: CredentialsRouterDependencies): Module =>
  crudModule({
    base: '/admin/credential',
    clients: ['worker', 'admin'],
    permission: 'workforce:credential',
    machines: true,
    about: 'rows',
    permissions: { 'workforce:evidence:read': 'rows' },
    requires: ['assignments'],
    service,
    ticks,
    erasures: [keeps(Credential), evidenceErasure],
    routes: [
      route(
        {
          method: 'get',
          path: '/expiring',
          id: 'listExpiringCredentials',
          summary: 'List valid credentials by the day they end',
          permission: 'workforce:credential:read',
          query: expiring.query,
          responses: { 200: pageOf(Credential.view) },
        },
        async ({ query }, context) => ok(new RawJson(await service.listExpiring(context, query))),
      ),
      route(
        {
          method: 'get',
          path: '/required',
          id: 'listRequiredCredentials',
          summary: 'What a work assignment requires today, and what its person holds',
          permission: 'workforce:credential:read',
          query: exact({ assignmentId: uuid() }),
          responses: { 200: REQUIRED },
        },
        async ({ query }, context) =>
          ok({ items: await service.required(context, query.assignmentId) } as Type.Static<typeof REQUIRED>),
      ),
      route(
        {
          method: 'get',
          path: '/:id/evidence',
          id: 'readCredentialEvidence',
          summary: 'Read the evidence of a credential; the read is logged',
          permission: 'workforce:evidence:read',
          params: BY_ID,
          responses: { 200: EVIDENCE },
        },
        async ({ params }, context) => ok({ evidence: await service.readEvidence(context, params.id) }),
      ),
      route(
        {
          method: 'put',
          path: '/:id/evidence',
          id: 'setCredentialEvidence',
          summary: 'Give the evidence of a credential that is not decided yet',
          permission: 'workforce:credential:write',
          params: BY_ID,
          body: EVIDENCE,
          ifMatch: true,
          responses: { 200: Credential.view },
        },
        async ({ params, body, version }, context) =>
          okRow(await service.setEvidence(context, params.id, body.evidence, version)),
      ),
    ],
  });
