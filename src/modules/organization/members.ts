import Type from 'typebox';
import type { TSchema } from 'typebox';
import { BY_ID, exact, integer, ok, pageOf, RawJson, route, uuid } from '../../platform/module.ts';
import type { Context, Route } from '../../platform/module.ts';

const PLACING =
  'Who holds roles within the one comes to hold more over them, who does within the other less: the caller stands above these roles. Nobody holds more by it themselves: GRANT_ABOVE_OWN, ROLE_ABOVE_OWN, ROLE_NOT_YOURS. Their own department only owners choose: OWN_LIMITS.';

/** Where people belong. */
export type Home = 'department' | 'site';

/** What departments and sites need of the people in them. */
export interface Members {
  /** Schema of one person in a page. */
  readonly item: TSchema;
  /** A page as JSON text. */
  members(
    context: Context,
    home: Home,
    id: string,
    query: { below?: boolean; cursor?: string; limit?: number },
  ): Promise<string>;
  /** Puts people there; answers how many came from elsewhere. */
  place(context: Context, home: Home, id: string, profileIds: readonly string[]): Promise<number>;
}

/** GET and POST …/:id/members; `service.detail` throws 404 for a place that is not there. */
export const memberRoutes = (
  home: Home,
  service: { detail(context: Context, id: string): Promise<unknown> },
  people: Members,
): Route[] => {
  const name = home === 'site' ? 'Site' : 'Department';
  return [
    route(
      {
        method: 'get',
        path: '/:id/members',
        id: `list${name}Members`,
        summary: `People of a ${home}`,
        permission: 'organization:profile:read',
        params: BY_ID,
        query: exact({
          below: Type.Optional(Type.Boolean({ description: `Also those of the ${home}s below` })),
          cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
          limit: Type.Optional(integer(1, 200)),
        }),
        responses: { 200: pageOf(people.item) },
      },
      async ({ params, query }, context) => {
        await service.detail(context, params.id);
        return ok(new RawJson(await people.members(context, home, params.id, query)));
      },
    ),
    route(
      {
        method: 'post',
        path: '/:id/members',
        id: `place${name}Members`,
        summary: `Put people into a ${home}, all of them or none`,
        ...(home === 'department' && { description: PLACING }),
        permission: 'organization:profile:write',
        params: BY_ID,
        body: exact({ profileIds: Type.Array(uuid(), { minItems: 1, maxItems: 200, uniqueItems: true }) }),
        idempotency: 'accepted',
        responses: { 200: exact({ placed: integer(0, 200) }) },
      },
      async ({ params, body }, context) => {
        await service.detail(context, params.id);
        return ok({ placed: await people.place(context, home, params.id, body.profileIds) });
      },
    ),
  ];
};
