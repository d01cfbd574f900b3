import type { TSchema } from 'typebox';
import type { About } from '../access/catalogue.ts';
import type { Module } from '../http/module.ts';
import type { Stateful } from '../lifecycle/lifecycle.ts';
import { namesOf } from './names.ts';
import { moveRoutes, readRoutes, writeRoutes } from './routes.ts';
import type { CrudService, MovingService } from './service.ts';

interface CrudModuleOptions<Row extends Stateful> extends Pick<
  Module,
  | 'requires'
  | 'clients'
  | 'routes'
  | 'permissions'
  | 'reports'
  | 'jobs'
  | 'ticks'
  | 'settings'
  | 'retentions'
  | 'erasures'
> {
  /** Path below `/angelis`. */
  readonly base: string;
  /** `area:resource`: `:read`, `:write` and those of the moves are the module's permissions. */
  readonly permission: `${string}:${string}`;
  /** What these are about, but for those that `permissions` names. Default: the company as a whole. */
  readonly about?: About;
  /** What one of them is called, kebab-case. Default: the permission's resource. */
  readonly noun?: string;
  /** Where English does not follow the rule. */
  readonly plural?: string;
  /** Machine clients list and read them as well; they write nothing, and are told no actions. Default: they do not. */
  readonly machines?: boolean;
  readonly service: CrudService<Row> & MovingService<Row>;
  /** Where a row shows more than the entity's own fields: always, in the list, or read alone. */
  readonly view?: TSchema;
  readonly item?: TSchema;
  readonly detail?: TSchema;
  readonly createBody?: TSchema;
  readonly editBody?: TSchema;
}

/**
 * The module of a plain entity: list, detail, create, edit and delete as far as the entity and its service can, the moves
 * of its lifecycle, and whatever else the caller adds.
 */
export const crudModule = <Row extends Stateful>(options: CrudModuleOptions<Row>): Module => {
  const { base, permission, about = 'company', noun, plural, machines = false, service, item, ...others } = options;
  const { detail, createBody, editBody, ...rest } = others;
  const { entity, list, lifecycle } = service.about;
  const { view = entity.view, routes = [], permissions, ...registered } = rest;
  const names = namesOf(noun ?? permission.slice(permission.lastIndexOf(':') + 1), plural);
  const common = { names, permission, view, service };
  const writing = writeRoutes({
    ...common,
    base,
    ...(item !== undefined && { item }),
    createBody: createBody ?? (entity.create.length > 0 ? entity.createBody : undefined),
    editBody: editBody ?? (entity.edit.length > 0 ? entity.editBody : undefined),
  });
  const moves = Object.values(lifecycle?.moves ?? {}).flatMap((move) => move.permission ?? []);
  const own = [`${permission}:read`, ...(writing.length > 0 ? [`${permission}:write`] : []), ...moves];
  return {
    ...registered,
    name: names.module,
    base,
    permissions: { ...Object.fromEntries(own.map((one) => [one, about])), ...permissions },
    ...(lifecycle && { lifecycles: [lifecycle] }),
    routes: [
      ...readRoutes({ ...common, list, machines, item: item ?? view, detail: detail ?? view }),
      ...writing,
      ...(lifecycle === undefined ? [] : moveRoutes({ ...common, lifecycle })),
      ...routes,
    ],
  };
};
