import Type from 'typebox';
import type { TObject } from 'typebox';
import {
  BY_ID,
  created,
  crudModule,
  day,
  exact,
  noContent,
  nullable,
  ok,
  route,
  uuid,
} from '../../../platform/module.ts';
import type { Module, Route } from '../../../platform/module.ts';
import { SystemLink } from './links.repository.ts';
import type { createLinksService } from './links.service.ts';
import { NATIONAL_ID, NATIONAL_ID_KINDS } from './national-id.ts';
import { profilePhotoRoutes } from './photos.router.ts';
import type { Photos } from './photos.service.ts';
import { profileErasures } from './profiles.erasures.ts';
import { Profile, ProfileItem } from './profiles.repository.ts';
import type { Profiles } from './profiles.service.ts';
import type { Reporting } from './reporting.service.ts';

interface ProfilesRouterDependencies {
  readonly service: Profiles;
  readonly reporting: Reporting;
  readonly links: ReturnType<typeof createLinksService>;
  readonly photos: Photos;
}

const base = '/admin/profile';
const clients = ['admin'] as const;
const LINES = exact({
  items: Type.Array(
    exact({ id: uuid(), subordinateId: uuid(), superiorId: uuid(), startsOn: day(), endsOn: nullable(day()) }),
    { maxItems: 200 },
  ),
});
const LINKS = exact({ items: Type.Array(SystemLink.view, { maxItems: 200 }) });

/** A body that may also give the national id, which is no column. */
const withNationalId = (body: unknown, options: object = {}) =>
  exact({ ...(body as TObject).properties, nationalId: Type.Optional(nullable(NATIONAL_ID)) }, options);

const nationalIdRoute = (service: Profiles): Route =>
  route(
    {
      method: 'get',
      path: '/:id/national-id',
      id: 'revealNationalId',
      summary: 'The national id in the clear',
      description: 'Every read is written to the change log before it is answered.',
      permission: 'organization:national-id:reveal',
      clients,
      params: BY_ID,
      responses: {
        200: exact({ kind: Type.Enum([...NATIONAL_ID_KINDS], { type: 'string' }), value: nullable(Type.String()) }),
      },
    },
    async ({ params }, context) => ok(await service.reveal(context, params.id)),
  );

const reportingRoutes = (reporting: Reporting): Route[] => [
  route(
    {
      method: 'get',
      path: '/:id/superior',
      id: 'listReportingLines',
      summary: 'To whom a person reports and has reported, the newest first',
      permission: 'organization:reporting-line:read',
      clients,
      params: BY_ID,
      responses: { 200: LINES },
    },
    async ({ params }, context) => ok({ items: await reporting.history(context, params.id) }),
  ),
  route(
    {
      method: 'put',
      path: '/:id/superior',
      id: 'setSuperior',
      summary: 'Let a person report to another from today on, or to nobody',
      description:
        'A line ends on the day on which the next begins. Whoever left is nobody’s superior: with their profile the lines of those who reported to them end. Their own line, and those of whoever stands above them, only owners set: OWN_LIMITS.',
      permission: 'organization:reporting-line:write',
      clients,
      params: BY_ID,
      body: exact({ superiorId: nullable(uuid()) }),
      withoutVersion: 'a line is never changed, only followed by another',
      responses: { 200: LINES },
    },
    async ({ params, body }, context) =>
      ok({ items: await reporting.setSuperior(context, params.id, body.superiorId) }),
  ),
];

const linkRoutes = (links: ProfilesRouterDependencies['links']): Route[] => [
  route(
    {
      method: 'get',
      path: '/:id/system-link',
      id: 'listSystemLinks',
      summary: 'Ids under which other systems know the person',
      permission: 'organization:system-link:read',
      machines: true,
      clients,
      params: BY_ID,
      responses: { 200: LINKS },
    },
    async ({ params }, context) => ok({ items: await links.all(context, params.id) }),
  ),
  route(
    {
      method: 'post',
      path: '/:id/system-link',
      id: 'addSystemLink',
      summary: 'Link the person to an id of another system',
      description: 'Nobody links themselves, but owners to a system to which they have no link: OWN_LIMITS.',
      permission: 'organization:system-link:write',
      clients,
      params: BY_ID,
      body: SystemLink.createBody,
      idempotency: 'accepted',
      responses: { 201: SystemLink.view },
    },
    async ({ params, body }, context) => {
      const row = await links.add(context, params.id, body);
      return created(`/angelis${base}/${params.id}/system-link/${row.id}`, SystemLink.show(row) as typeof row);
    },
  ),
  route(
    {
      method: 'delete',
      path: '/:id/system-link/:linkId',
      id: 'removeSystemLink',
      summary: 'Take the link away',
      permission: 'organization:system-link:write',
      clients,
      params: exact({ id: uuid(), linkId: uuid() }),
      ifMatch: true,
      responses: { 204: null },
    },
    async ({ params, version }, context) => {
      await links.remove(context, params.id, params.linkId, version);
      return noContent;
    },
  ),
];

/** /admin/profile */
export const profilesModule = ({ service, reporting, links, photos }: ProfilesRouterDependencies): Module =>
  crudModule({
    base,
    permission: 'organization:profile',
    machines: true,
    about: 'rows',
    permissions: {
      'organization:profile:check': 'everybody',
      'organization:national-id:reveal': 'rows',
      'organization:reporting-line:read': 'rows',
      'organization:reporting-line:write': 'rows',
      'organization:system-link:read': 'rows',
      'organization:system-link:write': 'rows',
    },
    clients,
    service,
    item: ProfileItem,
    createBody: withNationalId(Profile.createBody),
    editBody: withNationalId(Profile.editBody, { minProperties: 1 }),
    erasures: profileErasures,
    jobs: photos.jobs,
    routes: [
      nationalIdRoute(service),
      ...profilePhotoRoutes(photos, clients),
      ...reportingRoutes(reporting),
      ...linkRoutes(links),
    ],
  });
