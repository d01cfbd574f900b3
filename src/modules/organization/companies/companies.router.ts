import { LOCALES } from '../../../platform/i18n/locales.ts';
import {
  accepted,
  BY_ID,
  crudModule,
  email,
  exact,
  line,
  ok,
  okRow,
  oneOf,
  pageOf,
  RawJson,
  route,
  uuid,
} from '../../../platform/module.ts';
import type { JobDefinition, Module, Route } from '../../../platform/module.ts';
import { ChildCompany, Company, OWN_EDIT } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';
import type { Companies } from './companies.service.ts';
import { CLOSED_RETENTION, CLOSING_SETTING } from './settings.ts';
import { USAGE } from './usage.repository.ts';
import type { UsageService } from './usage.service.ts';

const clients = ['admin'] as const;
const OWNER = exact({ firstName: line(100), lastName: line(100), email: email(), locale: oneOf(LOCALES) });

const ownRoutes = (service: Companies, usage: UsageService): Route[] => [
  route(
    {
      method: 'get',
      path: '/current',
      id: 'getOwnCompany',
      summary: "The caller's company",
      permission: 'organization:company:read',
      clients,
      responses: { 200: Company.view },
    },
    async (_input, context) => {
      const { text: body, version } = await service.own(context);
      return ok(new RawJson(body), `"${version}"`);
    },
  ),
  route(
    {
      method: 'patch',
      path: '/current',
      id: 'editOwnCompany',
      summary: "Change the caller's company",
      permission: 'organization:company:write',
      clients,
      body: OWN_EDIT,
      ifMatch: true,
      responses: { 200: Company.view },
    },
    async ({ body, version }, context) =>
      okRow(Company.show(await service.editOwn(context, body, version)) as CompanyRow),
  ),
  route(
    {
      method: 'get',
      path: '/current/usage',
      id: 'getOwnUsage',
      summary: 'What the plan allows and what is used of it',
      permission: 'organization:company:read',
      clients,
      responses: { 200: USAGE },
    },
    async (_input, context) => ok(await usage.own(context)),
  ),
  route(
    {
      method: 'get',
      path: '/current/children',
      id: 'listOwnCompanies',
      summary: 'The companies that belong to the caller’s: who they are and how they stand',
      description: 'Those directly below. What is theirs is read by their own people only.',
      permission: 'organization:company:read',
      clients,
      query: service.childrenQuery,
      responses: { 200: pageOf(ChildCompany) },
    },
    async ({ query }, context) => ok(new RawJson(await service.children(context, query))),
  ),
];

interface CompaniesParts {
  readonly service: Companies;
  readonly usage: UsageService;
  readonly jobs: readonly JobDefinition[];
}

/** /admin/companies: the operator's companies; `current` is the caller's own. */
export const companiesModule = ({ service, usage, jobs }: CompaniesParts): Module =>
  crudModule({
    base: '/admin/companies',
    permission: 'operator:company',
    permissions: { 'organization:company:read': 'company', 'organization:company:write': 'company' },
    clients,
    service,
    jobs,
    ticks: usage.ticks,
    settings: [CLOSING_SETTING],
    retentions: [CLOSED_RETENTION, ...usage.retentions],
    routes: [
      ...ownRoutes(service, usage),
      route(
        {
          method: 'get',
          path: '/:id/usage',
          id: 'getCompanyUsage',
          summary: "What a company's plan allows and what is used of it",
          permission: 'operator:company:read',
          clients,
          params: BY_ID,
          responses: { 200: USAGE },
        },
        async ({ params }, context) => ok(await usage.of(context, params.id)),
      ),
      route(
        {
          method: 'post',
          path: '/:id/owner',
          id: 'inviteCompanyOwner',
          summary: "Ask somebody by mail to become the company's first owner",
          description: 'Whoever was asked before and has not come is asked no more: their link ends.',
          permission: 'operator:company:write',
          rate: 'invitation',
          clients,
          params: BY_ID,
          body: OWNER,
          idempotency: 'accepted',
          responses: { 202: exact({ profileId: uuid() }) },
        },
        async ({ params, body }, context) => {
          const profileId = await service.inviteOwner(context, params.id, body);
          return accepted(`/angelis/admin/profile/${profileId}`, { profileId });
        },
      ),
    ],
  });
