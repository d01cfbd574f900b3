import Type from 'typebox';
import {
  BY_ID,
  crudModule,
  day,
  exact,
  instant,
  integer,
  line,
  nullable,
  ok,
  oneOf,
  route,
  uuid,
} from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { Feature, quotaSchema } from './catalogue.repository.ts';
import type { FeaturesService } from './features.service.ts';
import { FeatureGrant, grantErasure } from './grants.repository.ts';
import type { createGrantsService } from './grants.service.ts';
import { REASONS } from './resolution.ts';
import { usageErasure } from './usage.repository.ts';

const { type, unit, period } = Feature.fields;
const SHOWN = {
  feature: Feature.fields.code,
  name: line(100, { description: 'In the caller’s language' }),
  type,
  allowed: Type.Boolean(),
  because: oneOf(REASONS, {
    description:
      'What decided: killed by the operator, a deny, the nearest grant, the plan, a subscription (a seat, where it is sold so), the default. SUSPENDED: granted, but the company does not have it now',
  }),
  unit,
  period,
  startsOn: nullable(
    day({ description: 'First day of the present period, in the company’s zone; null: it is not counted' }),
  ),
  companyUsed: nullable(
    integer(0, Number.MAX_SAFE_INTEGER, { description: 'Units that all of the company used since' }),
  ),
  companyQuota: quotaSchema('Most units in a period for all of the company together; null: no limit'),
};
const INCLUDED = exact({ items: Type.Array(exact(SHOWN), { maxItems: 500 }) });
const EFFECTIVE = exact({
  items: Type.Array(
    exact({
      ...SHOWN,
      grantId: nullable(uuid({ description: 'The grant that decided, or that waits' })),
      used: nullable(integer(0, Number.MAX_SAFE_INTEGER, { description: 'Units that this person used since' })),
      quota: quotaSchema('Most units in a period for this person; null: no limit of their own'),
    }),
    { maxItems: 500 },
  ),
});

const { departmentId, roleId, systemRole, profileId, effect, quota, endsAt, reason } = FeatureGrant.fields;
const GRANT = exact({
  feature: Feature.fields.code,
  effect,
  reason,
  departmentId: Type.Optional(departmentId),
  roleId: Type.Optional(roleId),
  systemRole: Type.Optional(systemRole),
  profileId: Type.Optional(profileId),
  quota: Type.Optional(quota),
  endsAt: Type.Optional(endsAt),
  startsAt: Type.Optional(instant({ description: 'Default, and at the earliest: now' })),
});

/** /admin/feature/grant, with what comes of grants: /admin/feature/effective/:id, /admin/feature/company, /auth/me/features. */
export const featureModules = (service: FeaturesService, grants: ReturnType<typeof createGrantsService>): Module[] => [
  crudModule({
    base: '/admin/feature/grant',
    permission: 'organization:feature-grant',
    about: 'rows',
    clients: ['admin'],
    service: grants,
    createBody: GRANT,
    erasures: [grantErasure, usageErasure],
  }),
  {
    name: 'effective-features',
    base: '/admin/feature',
    permissions: { 'organization:feature:read': 'company' },
    routes: [
      route(
        {
          method: 'get',
          path: '/company',
          id: 'listCompanyFeatures',
          summary: 'What the company has of each feature, and why',
          permission: 'organization:feature:read',
          clients: ['admin'],
          responses: { 200: INCLUDED },
        },
        async (_input, context) => ok({ items: await service.company(context) }),
      ),
      route(
        {
          method: 'get',
          path: '/effective/:id',
          id: 'getEffectiveFeatures',
          summary: 'Which features a person has, and why',
          permission: 'organization:feature-grant:read',
          clients: ['admin'],
          params: BY_ID,
          responses: { 200: EFFECTIVE },
        },
        async ({ params }, context) => ok({ items: await service.of(context, params.id) }),
      ),
    ],
  },
  {
    name: 'my-features',
    base: '/auth/me/features',
    routes: [
      route(
        {
          method: 'get',
          path: '/',
          id: 'listMyFeatures',
          summary: 'Which features I have here, and why',
          permission: 'signed-in',
          machines: true,
          responses: { 200: EFFECTIVE },
        },
        async (_input, context) => ok({ items: await service.own(context) }),
      ),
    ],
  },
];
