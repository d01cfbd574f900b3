import { Router } from 'express';
import type { Express, RequestHandler } from 'express';
import type { Catalogue, Openings } from '../access/catalogue.ts';
import { once } from '../once.ts';
import type { Module } from './module.ts';
import { createHandler } from './serve.ts';
import type { ServeDependencies } from './serve.ts';
import type { Client } from '../access/principal.ts';
import type { Contract, Route } from './route.ts';

/** What a route declares, with the clients that may call it. */
type MountedContract = Contract & { readonly clients: readonly Client[] };

/** A declared route at its full path below `/angelis`. */
export interface MountedRoute {
  readonly module: string;
  readonly path: string;
  readonly contract: MountedContract;
  readonly route: Route;
}

/** Words and whole parameters: what Express reads otherwise, or not at all, would show with the first request only. */
const PATH = /^(?:\/(?:[\w.-]+|:\w+))+$/;
const METHODS_WITH_STATE = new Set(['put', 'patch', 'delete']);

/** `/a/:id` and `/a/:other` answer the same requests. */
const shape = ({ path, contract }: MountedRoute): string => `${contract.method} ${path.replaceAll(/:\w+/g, ':')}`;

const duplicates = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index)),
];

const parameterFaults = ({ path, contract }: MountedRoute): string[] => {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!).toSorted();
  const declared = Object.keys(contract.params?.properties ?? {}).toSorted();
  return named.join() === declared.join()
    ? []
    : [`${contract.id}: path parameters ${named.join()} but params ${declared.join()}`];
};

const contractFaults = ({ path, contract }: MountedRoute): string[] => [
  ...(PATH.test(path) ? [] : [`${contract.id}: path ${path} is no words and parameters`]),
  ...(METHODS_WITH_STATE.has(contract.method) && !contract.ifMatch && !contract.withoutVersion
    ? [`${contract.id}: ${contract.method} needs ifMatch, or says withoutVersion`]
    : []),
  ...(contract.idempotency !== undefined && contract.method !== 'post'
    ? [`${contract.id}: only a POST takes an Idempotency-Key`]
    : []),
  ...(Object.keys(contract.responses).length === 0 ? [`${contract.id}: no response`] : []),
];

const permissionsOf = ({ permissions = {} }: Module): string[] => Object.keys(permissions);

/** What asks for a permission, and through which clients it can be had. */
interface Asking {
  readonly by: string;
  readonly permission: string;
  readonly clients: readonly Client[];
}

/** A report is made for a profile, which a machine client has not. */
const OF_REPORTS: readonly Client[] = ['worker', 'admin'];

const askingOf = (modules: readonly Module[], routes: readonly MountedRoute[]): Asking[] => [
  ...routes.map(({ contract: { id, permission, clients } }) => ({ by: id, permission, clients })),
  ...modules
    .flatMap(({ reports = [] }) => reports)
    .flatMap(({ kind, permission, columns }) =>
      [permission, ...columns.flatMap((column) => column.permission ?? [])].map((asked) => ({
        by: `report ${kind}`,
        permission: asked,
        clients: OF_REPORTS,
      })),
    ),
];

/** Who asks for a permission that no module defines: nobody could ever hold it. */
const permissionFaults = (modules: readonly Module[], routes: readonly MountedRoute[]): string[] => {
  const known = new Set(['public', 'signed-in', ...modules.flatMap(permissionsOf)]);
  return askingOf(modules, routes)
    .filter(({ permission }) => !known.has(permission))
    .map((one) => `${one.by}: no permission ${one.permission}`);
};

/** Names that only one may have, with what is said of two. */
const uniqueNames = (modules: readonly Module[]): [names: string[], said: (name: string) => string][] => [
  [modules.map(({ name }) => name), (name) => `two modules are called ${name}`],
  [modules.flatMap(permissionsOf), (name) => `permission ${name} is defined twice`],
  [
    modules.flatMap(({ lifecycles = [] }) => lifecycles.map(({ entity }) => entity)),
    (name) => `two lifecycles of ${name}`,
  ],
  [modules.flatMap(({ jobs = [] }) => jobs.map(({ name }) => name)), (name) => `two jobs are called ${name}`],
  [modules.flatMap(({ reports = [] }) => reports.map(({ kind }) => kind)), (name) => `two reports are called ${name}`],
  [modules.flatMap(({ settings = [] }) => settings.map(({ key }) => key)), (name) => `two settings are called ${name}`],
];

const moduleFaults = (modules: readonly Module[]): string[] => {
  const known = modules.map(({ name }) => name);
  return [
    ...uniqueNames(modules).flatMap(([names, said]) => duplicates(names).map(said)),
    ...modules.flatMap(({ name, requires = [] }) =>
      requires
        .filter((needed) => !known.includes(needed))
        .map((needed) => `${name} requires ${needed}, which is missing`),
    ),
    ...modules
      .filter(({ base, routes = [] }) => routes.length > 0 && base === undefined)
      .map(({ name }) => `${name} has routes but no base`),
  ];
};

/** Every permission of the modules, with what it is about. */
export const catalogueOf = (modules: readonly Module[]): Catalogue =>
  Object.assign({}, ...modules.map(({ permissions }) => permissions)) as Catalogue;

/** Whoever signed in by a password or a code alone is at the client of workers: what administers a company is not theirs. */
const clientsBelow = (base: string): readonly Client[] =>
  /^\/admin(?:\/|$)/.test(base) ? ['admin'] : ['worker', 'admin'];

/** All routes of the modules, at their full paths. */
export const routesOf = (modules: readonly Module[]): MountedRoute[] =>
  modules.flatMap(({ name, base = '', clients: others = clientsBelow(base), routes = [] }) =>
    routes.map(({ contract: declared, handle }) => {
      const { clients: people = others, machines = false } = declared;
      const contract = { ...declared, clients: machines ? [...people, 'machine' as const] : people };
      const path = `${base}${declared.path === '/' ? '' : declared.path}`;
      return { module: name, path, contract, route: { contract, handle } };
    }),
  );

/** Through which clients each permission opens anything: what asks for it takes them. */
export const openingsOf = (modules: readonly Module[]): Openings =>
  new Map(
    [...Map.groupBy(askingOf(modules, routesOf(modules)), ({ permission }) => permission)].map(
      ([permission, asking]) => [permission, new Set(asking.flatMap(({ clients }) => clients))] as const,
    ),
  );

/** Checks what the modules declare against each other. Throws one error that lists every fault. */
export const checkModules = (modules: readonly Module[]): void => {
  const routes = routesOf(modules);
  const faults = [
    ...moduleFaults(modules),
    ...duplicates(routes.map(shape)).map((path) => `two routes answer ${path}`),
    ...duplicates(routes.map(({ contract }) => contract.id)).map((id) => `two routes are called ${id}`),
    ...permissionFaults(modules, routes),
    ...routes.flatMap(parameterFaults),
    ...routes.flatMap(contractFaults),
  ];
  if (faults.length > 0) throw new Error(`the modules do not fit together:\n${faults.join('\n')}`);
};

/** Fixed segments before parameters, so that `/profiles/export` is not read as `/profiles/:id`. */
const byPrecision = (a: MountedRoute, b: MountedRoute): number => {
  const weigh = ({ path }: MountedRoute) => path.replaceAll(/:\w+/g, '~');
  return weigh(a) < weigh(b) ? -1 : 1;
};

/** The fixed segments that a declared path begins with, two at the most. */
const fixedStart = (path: string): string => /^(?:\/[^/:]+){1,2}(?=\/|$)/.exec(path)?.[0] ?? '';

/** The starts under which a request's path may be declared, the longest first. */
const startsOf = (path: string): readonly string[] => {
  const [longer = '', shorter = ''] = /^(\/[^/]+)(?:\/[^/]+)?/.exec(path) ?? [];
  return [...new Set([longer, shorter, ''])];
};

/** Hands a request to the few routes that begin as its path does: asking each of hundreds costs more than most answers. */
const createDispatcher =
  (routers: ReadonlyMap<string, () => Router>): RequestHandler =>
  (request, response, next) => {
    const left = startsOf(request.path)
      .flatMap((start) => routers.get(start)?.() ?? [])
      .values();
    const go = (error?: unknown): void => {
      const router = error ? undefined : left.next().value;
      if (router === undefined) next(error);
      else router(request, response, go);
    };
    go();
  };

/**
 * Every route behind its guard, except those of modules that are switched off. The routes of a start are put together for the
 * first request under it: all at once would be a fifth of what wiring the application costs.
 */
export const mountRoutes = (
  modules: readonly Module[],
  deps: ServeDependencies,
  guardOf: (contract: Contract) => readonly RequestHandler[],
  isMounted: (module: string) => boolean,
): RequestHandler => {
  const mounted = routesOf(modules.filter(({ name }) => isMounted(name))).toSorted(byPrecision);
  const routerOf = (routes: readonly MountedRoute[]): Router => {
    const router = Router({ caseSensitive: true });
    for (const { path, contract, route } of routes) {
      const guard = contract.permission === 'public' ? [] : guardOf(contract);
      router[contract.method](path, ...guard, createHandler(deps, route));
    }
    return router;
  };
  const byStart = Map.groupBy(mounted, ({ path }) => fixedStart(path));
  return createDispatcher(new Map([...byStart].map(([start, routes]) => [start, once(() => routerOf(routes))])));
};

interface Layer {
  readonly route?: { readonly path: string };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

/** Paths that Express serves, whoever put them there. */
const servedPaths = (layers: readonly Layer[], except: unknown): string[] =>
  layers
    .filter(({ handle }) => handle !== except)
    .flatMap((layer) => [
      ...(layer.route === undefined ? [] : [layer.route.path]),
      ...servedPaths(layer.handle?.stack ?? [], except),
    ]);

/** Refuses an application that answers on a path which nobody declared. The router `except` is not looked into. */
export const checkServed = (
  app: Express,
  modules: readonly Module[],
  allowed: readonly string[],
  except: RequestHandler | undefined,
): void => {
  const declared = new Set([...routesOf(modules).map(({ path }) => path), ...allowed]);
  const { stack } = (app as unknown as { router: { stack: readonly Layer[] } }).router;
  const strangers = servedPaths(stack, except).filter((path) => !declared.has(path));
  if (strangers.length > 0) throw new Error(`Express carries undeclared routes: ${strangers.join(', ')}`);
};
