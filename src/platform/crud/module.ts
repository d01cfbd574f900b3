import type { List } from '../db/list.ts';
import type { Module } from '../http/module.ts';
import type { Lifecycle, Stateful } from '../lifecycle/lifecycle.ts';
import type { AnyEntity } from '../schema/entity.ts';
import { crudRoutes, moveRoutes } from './routes.ts';
import type { CrudService, MovingService } from './service.ts';

interface CrudModuleOptions<Row extends Stateful> extends Pick<
  Module,
  'base' | 'requires' | 'reports' | 'jobs' | 'ticks' | 'settings'
> {
  /** Singular, camelCase: names the operations. */
  readonly name: string;
  /** Names the module, and the list's operation. Default: with an `s`. */
  readonly plural?: string;
  /** Path below `/angelis`. */
  readonly base: string;
  /** `area:resource`: `:read`, `:write` and those of the moves are the module's permissions. */
  readonly permission: `${string}:${string}`;
  readonly entity: AnyEntity;
  readonly list: List;
  readonly service: CrudService<Row> & MovingService<Row>;
  readonly lifecycle: Lifecycle<Row>;
}

/** The module of a plain entity with states: list, detail, create, edit, delete where the service can, and its moves. */
export const crudModule = <Row extends Stateful>(options: CrudModuleOptions<Row>): Module => {
  const { name, plural = `${name}s`, base, permission, entity, list, service, lifecycle, ...rest } = options;
  const common = { name, plural, permission, view: entity.view, service } as const;
  const moves = Object.values(lifecycle.moves).flatMap((move) => move.permission ?? []);
  return {
    ...rest,
    name: plural,
    base,
    permissions: [...new Set([`${permission}:read`, `${permission}:write`, ...moves])],
    lifecycles: [lifecycle],
    routes: [
      ...crudRoutes({ ...common, base, list, createBody: entity.createBody, editBody: entity.editBody }),
      ...moveRoutes({ ...common, lifecycle }),
    ],
  };
};
