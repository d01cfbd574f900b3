import Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import type { Client } from '../access/principal.ts';
import type { Context } from '../http/context.ts';
import { created, okRow, route } from '../http/route.ts';
import type { Permission, Route } from '../http/route.ts';
import type { AnyEntity } from '../schema/entity.ts';
import { exact } from '../schema/types.ts';
import { BY_ID } from './routes.ts';

/** A row, and its secret in the clear: asked for once, when the row is committed. */
export interface Revealed<Row> {
  readonly row: Row;
  readonly secret: () => Promise<string>;
}

interface Named {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
}

interface SecretOptions<Row, Body extends TSchema> {
  /** Full path below `/angelis`, for Location. */
  readonly base: string;
  readonly entity: AnyEntity;
  readonly permission: Permission;
  readonly clients?: readonly Client[];
  readonly body: Body;
  readonly create: Named & { readonly run: (context: Context, body: Static<Body>) => Promise<Revealed<Row>> };
  readonly rotate: Named & {
    readonly run: (context: Context, id: string, version: number) => Promise<Revealed<Row>>;
  };
}

const NO_STORE = { 'Cache-Control': 'no-store' };

/**
 * POST / and POST /:id/rotate of what has a secret: each shows it once. No cache keeps it, and a repeated request gets the
 * answer without it.
 */
export const secretRoutes = <Row extends { readonly id: string; readonly version: number }, Body extends TSchema>({
  base,
  entity,
  permission,
  clients,
  body: schema,
  create: { run: create, ...creating },
  rotate: { run: rotate, ...rotating },
}: SecretOptions<Row, Body>): Route[] => {
  const view = Type.Unsafe<Row>(
    exact({
      ...entity.view.properties,
      secret: Type.Optional(Type.String({ description: 'Shown this once; a repeated request does not show it again' })),
    }),
  );
  const shared = {
    method: 'post',
    permission,
    ...(clients && { clients }),
    idempotency: 'accepted',
    secrets: ['secret'],
  } as const;
  const revealing = ({ secret }: Revealed<Row>) => ({ reveal: async () => ({ secret: await secret() }) });
  return [
    route({ ...shared, ...creating, path: '/', body: schema, responses: { 201: view } }, async ({ body }, context) => {
      const made = await create(context, body as Static<Body>);
      const { headers, ...answer } = created(`/angelis${base}/${made.row.id}`, entity.show(made.row) as Row);
      return { ...answer, ...revealing(made), headers: { ...headers, ...NO_STORE } };
    }),
    route(
      { ...shared, ...rotating, path: '/:id/rotate', params: BY_ID, ifMatch: true, responses: { 200: view } },
      async ({ params, version }, context) => {
        const rotated = await rotate(context, params.id, version);
        return { ...okRow(entity.show(rotated.row) as Row), ...revealing(rotated), headers: NO_STORE };
      },
    ),
  ];
};
