import Type from 'typebox';
import { exact, noContent, okRow, route } from '../../../platform/module.ts';
import type { Lifecycle, Module } from '../../../platform/module.ts';
import { DOMAIN_VIEW, showDomain } from './domains.repository.ts';
import type { CompanyDomainRow } from './domains.repository.ts';
import type { Domains } from './domains.service.ts';

const clients = ['admin'] as const;
const read = { clients, permission: 'organization:company:read' } as const;
const write = { clients, permission: 'organization:company:write' } as const;

/** /admin/companies/current/domain: the company's own host. */
export const domainsModule = (service: Domains, lifecycle: Lifecycle<CompanyDomainRow>): Module => ({
  name: 'company-domain',
  base: '/admin/companies/current/domain',
  requires: ['companies'],
  lifecycles: [lifecycle],
  jobs: service.jobs,
  routes: [
    route(
      {
        ...read,
        method: 'get',
        path: '/',
        id: 'getOwnDomain',
        summary: "The company's own host, and the record that proves it",
        responses: { 200: DOMAIN_VIEW },
      },
      async (_input, context) => okRow(showDomain(await service.own(context))),
    ),
    route(
      {
        ...write,
        method: 'put',
        path: '/',
        id: 'claimOwnDomain',
        summary: 'Name the host of the company; one that it had before names it no more',
        withoutVersion: 'A company has one; the same host again changes nothing.',
        body: exact({ host: Type.String({ minLength: 1, maxLength: 253, examples: ['angelis.minera-norte.cl'] }) }),
        responses: { 200: DOMAIN_VIEW },
      },
      async ({ body }, context) => okRow(showDomain(await service.claim(context, body.host))),
    ),
    route(
      {
        ...write,
        method: 'post',
        path: '/verify',
        id: 'verifyOwnDomain',
        summary: 'Look for the record in DNS; once it is there, the host names the company',
        responses: { 200: DOMAIN_VIEW },
      },
      async (_input, context) => okRow(showDomain(await service.verify(context))),
    ),
    route(
      {
        ...write,
        method: 'delete',
        path: '/',
        id: 'removeOwnDomain',
        summary: 'Give the host up: it names the company no more',
        ifMatch: true,
        responses: { 204: null },
      },
      async ({ version }, context) => {
        await service.remove(context, version);
        return noContent;
      },
    ),
  ],
});
