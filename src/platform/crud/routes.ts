import Type from 'typebox';
import type { TObject, TSchema } from 'typebox';
import type { List } from '../db/list.ts';
import { created, noContent, ok, okRow, RawJson, route } from '../http/route.ts';
import type { Permission, Route } from '../http/route.ts';
import type { Lifecycle, Stateful } from '../lifecycle/lifecycle.ts';
import { camel } from '../schema/entity.ts';
import { exact, nullable, pageOf, uuid } from '../schema/types.ts';
import type { Names } from './names.ts';
import type { CrudService, MovingService } from './service.ts';

export const BY_ID = exact({ id: uuid() });

export const ACTIONS = exact({
  items: Type.Array(exact({ move: Type.String(), allowed: Type.Boolean(), reason: nullable(Type.String()) }), {
    maxItems: 50,
  }),
});

interface Common {
  readonly names: Names;
  /** `area:resource`; `:read`, `:write` are added. */
  readonly permission: `${string}:${string}`;
}

export interface ReadOptions extends Common {
  readonly list: List;
  /** Schema of a row in the list, and of one that is read alone. */
  readonly item: TSchema;
  readonly detail: TSchema;
  /** Machine clients read them as well. Default: they do not. */
  readonly machines?: boolean;
  readonly service: Pick<CrudService<never>, 'list' | 'detail'>;
}

/** List and detail. */
export const readRoutes = ({ list, item, detail, machines = false, service, ...common }: ReadOptions): Route[] => {
  const { names } = common;
  const shared = { method: 'get', permission: `${common.permission}:read`, machines } as const;
  return [
    route(
      {
        ...shared,
        path: '/',
        id: `list${names.Many}`,
        summary: `List ${names.many}`,
        query: list.query,
        responses: { 200: pageOf(item) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        ...shared,
        path: '/:id',
        id: `get${names.One}`,
        summary: `Read ${names.one}`,
        params: BY_ID,
        responses: { 200: detail },
      },
      async ({ params }, context) => {
        const { text, version } = await service.detail(context, params.id);
        return ok(new RawJson(text), `"${version}"`);
      },
    ),
  ];
};

interface WriteOptions<Row> extends Common {
  /** Full path below `/angelis`, for Location. */
  readonly base: string;
  readonly view: TSchema;
  /** Schema of a row in the list. Default: `view`. */
  readonly item?: TSchema;
  /** Absent: it is not created, or not changed, in this way. */
  readonly createBody?: TSchema | undefined;
  readonly editBody?: TSchema | undefined;
  readonly service: CrudService<Row>;
}

/** Create, edit, delete and restore, as far as there are bodies for them and the service can. */
export const writeRoutes = <Row extends Stateful>(options: WriteOptions<Row>): Route[] => {
  const { names, view, item = view, service, createBody, editBody } = options;
  const permission: Permission = `${options.permission}:write`;
  const shared = { permission };
  const creating = (body: TSchema): Route =>
    route(
      {
        ...shared,
        method: 'post',
        path: '/',
        id: `create${names.One}`,
        summary: `Create ${names.one}`,
        body,
        idempotency: 'accepted',
        responses: { 201: view },
      },
      async (input, context) => {
        const row = await service.create(context, input.body as never);
        return created(`/angelis${options.base}/${row.id}`, row);
      },
    );
  const editing = (body: TSchema): Route =>
    route(
      {
        ...shared,
        method: 'patch',
        path: '/:id',
        id: `edit${names.One}`,
        summary: `Change ${names.one}`,
        params: BY_ID,
        body,
        ifMatch: true,
        responses: { 200: view },
      },
      async ({ params, version, ...input }, context) =>
        okRow(await service.edit(context, params.id, input.body as never, version)),
    );
  const removing = (): Route =>
    route(
      {
        ...shared,
        method: 'delete',
        path: '/:id',
        id: `delete${names.One}`,
        summary: `Delete ${names.one}`,
        params: BY_ID,
        ifMatch: true,
        responses: { 204: null },
      },
      async ({ params, version }, context) => {
        await service.remove?.(context, params.id, version);
        return noContent;
      },
    );
  const restoring = ({ deleted, restore }: Pick<CrudService<Row>, 'deleted' | 'restore'>): Route[] => {
    const bin = service.about.list.deleted;
    if (deleted === undefined || restore === undefined || bin === undefined) return [];
    return [
      route(
        {
          ...shared,
          method: 'get',
          path: '/deleted',
          id: `listDeleted${names.Many}`,
          summary: `List ${names.many} that were deleted and can be brought back`,
          description: 'For 90 days; their versions are those that bringing them back asks for.',
          query: bin.query,
          responses: { 200: pageOf(item) },
        },
        async ({ query }, context) => ok(new RawJson(await deleted(context, query))),
      ),
      route(
        {
          ...shared,
          method: 'post',
          path: '/:id/restore',
          id: `restore${names.One}`,
          summary: `Bring back ${names.one} that was deleted`,
          params: BY_ID,
          ifMatch: true,
          idempotency: 'accepted',
          responses: { 200: view },
        },
        async ({ params, version }, context) => okRow(await restore(context, params.id, version)),
      ),
    ];
  };
  return [
    ...(createBody === undefined ? [] : [creating(createBody)]),
    ...(editBody === undefined ? [] : [editing(editBody)]),
    ...(service.remove === undefined ? [] : [removing()]),
    ...restoring(service),
  ];
};

interface MoveOptions<Row extends Stateful> extends Common {
  readonly view: TSchema;
  readonly lifecycle: Lifecycle<Row>;
  readonly service: MovingService<Row>;
}

/** One route a move (`POST /:id/<move>`), and `GET /:id/actions`: what the caller may do next, and why not the rest. */
export const moveRoutes = <Row extends Stateful>(options: MoveOptions<Row>): Route[] => {
  const { names, view, lifecycle, service } = options;
  const shared = { params: BY_ID };
  const moves = Object.entries(lifecycle.moves).flatMap(
    ([move, { permission, rate, summary, from, to, ...definition }]) => {
      if (permission === undefined) return [];
      const fields: TObject | undefined = definition.fields;
      return route(
        {
          ...shared,
          method: 'post',
          path: `/:id/${move.replaceAll('_', '-')}`,
          id: `${camel(move)}${names.One}`,
          summary,
          description: `From ${from.join(', ')} to ${to}.`,
          permission,
          ...(rate !== undefined && { rate }),
          ...(fields !== undefined && { body: fields }),
          ifMatch: true,
          idempotency: 'accepted',
          responses: { 200: view },
        },
        async ({ params, body, version }, context) =>
          okRow(await service.move(context, params.id, move, (body as object | undefined) ?? {}, version)),
      );
    },
  );
  const actions = route(
    {
      ...shared,
      method: 'get',
      path: '/:id/actions',
      id: `list${names.One}Actions`,
      summary: `What may be done next with ${names.one}`,
      permission: `${options.permission}:read`,
      responses: { 200: ACTIONS },
    },
    async ({ params }, context) => ok({ items: await service.actions(context, params.id) }),
  );
  return [actions, ...moves];
};
