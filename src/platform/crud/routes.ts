import Type from 'typebox';
import type { TObject, TSchema } from 'typebox';
import type { List } from '../db/list.ts';
import type { CrudService, MovingService } from './service.ts';
import type { Lifecycle, Stateful } from '../lifecycle/lifecycle.ts';
import { exact, nullable, pageOf, uuid } from '../schema/types.ts';
import type { Client } from '../access/principal.ts';
import { created, noContent, ok, okRow, RawJson, route } from '../http/route.ts';
import type { Permission, Route } from '../http/route.ts';

export const BY_ID = exact({ id: uuid() });

export const ACTIONS = exact({
  items: Type.Array(exact({ move: Type.String(), allowed: Type.Boolean(), reason: nullable(Type.String()) }), {
    maxItems: 50,
  }),
});

interface Common {
  /** Singular, camelCase: names the operations (`listProjects` needs `plural`). */
  readonly name: string;
  readonly plural?: string;
  /** `area:resource`; `:read`, `:write` are added. */
  readonly permission: `${string}:${string}`;
  readonly clients?: readonly Client[];
}

interface CrudOptions<Row> extends Common {
  /** Full path below `/angelis`, for Location. */
  readonly base: string;
  readonly view: TSchema;
  readonly createBody: TSchema;
  readonly editBody: TSchema;
  readonly list: List;
  readonly listItem?: TSchema;
  readonly service: CrudService<Row>;
}

const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** List, detail, create, edit and (where the service can) delete of a plain entity. */
export const crudRoutes = <Row extends { id: string; version: number }>(options: CrudOptions<Row>): Route[] => {
  const { name, plural = `${name}s`, permission, clients, view, service, list } = options;
  const read: Permission = `${permission}:read`;
  const write: Permission = `${permission}:write`;
  const shared = clients === undefined ? {} : { clients };
  const listing = route(
    {
      ...shared,
      method: 'get',
      path: '/',
      id: `list${title(plural)}`,
      summary: `List ${plural}`,
      permission: read,
      query: list.query,
      responses: { 200: pageOf(options.listItem ?? view) },
    },
    async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
  );
  const creating = route(
    {
      ...shared,
      method: 'post',
      path: '/',
      id: `create${title(name)}`,
      summary: `Create a ${name}`,
      permission: write,
      body: options.createBody,
      idempotency: 'accepted',
      responses: { 201: view },
    },
    async ({ body }, context) => {
      const row = await service.create(context, body as never);
      return created(`/angelis${options.base}/${row.id}`, row);
    },
  );
  const detail = route(
    {
      ...shared,
      method: 'get',
      path: '/:id',
      id: `get${title(name)}`,
      summary: `Read a ${name}`,
      permission: read,
      params: BY_ID,
      responses: { 200: view },
    },
    async ({ params }, context) => {
      const { text, version } = await service.detail(context, params.id);
      return ok(new RawJson(text), `"${version}"`);
    },
  );
  const editing = route(
    {
      ...shared,
      method: 'patch',
      path: '/:id',
      id: `edit${title(name)}`,
      summary: `Change a ${name}`,
      permission: write,
      params: BY_ID,
      body: options.editBody,
      ifMatch: true,
      responses: { 200: view },
    },
    async ({ params, body, version }, context) => okRow(await service.edit(context, params.id, body as never, version)),
  );
  const removing = route(
    {
      ...shared,
      method: 'delete',
      path: '/:id',
      id: `delete${title(name)}`,
      summary: `Delete a ${name}`,
      permission: write,
      params: BY_ID,
      ifMatch: true,
      responses: { 204: null },
    },
    async ({ params, version }, context) => {
      await service.remove?.(context, params.id, version);
      return noContent;
    },
  );
  return [listing, creating, detail, editing, ...(service.remove === undefined ? [] : [removing])];
};

interface MoveOptions<Row extends Stateful> extends Common {
  readonly view: TSchema;
  readonly lifecycle: Lifecycle<Row>;
  readonly service: MovingService<Row>;
}

/** One route a move (`POST /:id/<move>`), and `GET /:id/actions`: what the caller may do next, and why not the rest. */
export const moveRoutes = <Row extends Stateful>({
  name,
  permission,
  clients,
  view,
  lifecycle,
  service,
}: MoveOptions<Row>): Route[] => {
  const shared = clients === undefined ? {} : { clients };
  const moves = Object.entries(lifecycle.moves).flatMap(([move, definition]) => {
    if (definition.permission === undefined) return [];
    const fields: TObject | undefined = definition.fields;
    return route(
      {
        ...shared,
        method: 'post',
        path: `/:id/${move.replaceAll('_', '-')}`,
        id: `${move.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())}${title(name)}`,
        summary: definition.summary,
        description: `From ${definition.from.join(', ')} to ${definition.to}.`,
        permission: definition.permission,
        params: BY_ID,
        ...(fields !== undefined && { body: fields }),
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 200: view },
      },
      async ({ params, body, version }, context) =>
        okRow(await service.move(context, params.id, move, (body as object | undefined) ?? {}, version)),
    );
  });
  const actions = route(
    {
      ...shared,
      method: 'get',
      path: '/:id/actions',
      id: `list${title(name)}Actions`,
      summary: `What may be done next with a ${name}`,
      permission: `${permission}:read`,
      params: BY_ID,
      responses: { 200: ACTIONS },
    },
    async ({ params }, context) => ok({ items: await service.actions(context, params.id) }),
  );
  return [actions, ...moves];
};
