import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Decide } from './platform/access/decision.ts';
import type { Principals } from './platform/access/principals.ts';
import type { Directory } from './platform/access/directory.ts';
import type { Database } from './platform/db/database.ts';
import type { Authentication } from './platform/http/authentication.ts';
import { createBodyReader } from './platform/http/body.ts';
import { turnAwayUnread } from './platform/http/turn-away.ts';
import { crossOrigin } from './platform/http/cross-origin.ts';
import { docsRouter } from './platform/http/docs.ts';
import { createErrorHandler } from './platform/http/error-handler.ts';
import type { Module } from './platform/http/module.ts';
import { openApi } from './platform/http/openapi.ts';
import type { RateLimits } from './platform/http/rate-limits.ts';
import { checkModules, checkServed, mountRoutes, routesOf } from './platform/http/registry.ts';
import { createRequestContexts } from './platform/http/request-context.ts';
import { observeRequests } from './platform/http/observe.ts';
import type { MachineRequests } from './platform/http/serve.ts';
import { createTokenChecks } from './platform/http/token-checks.ts';
import { traceRequests } from './platform/http/trace-requests.ts';
import { NO_TRACER } from './platform/telemetry/tracer.ts';
import type { Tracer } from './platform/telemetry/tracer.ts';
import type { TicketPass } from './platform/http/ticket-pass.ts';
import type { I18n } from './platform/i18n/i18n.ts';
import type { Validator } from './platform/schema/validator.ts';
import type { Metrics } from './platform/telemetry/metrics.ts';

/** Everything the application is made of; wiring builds it, tests replace what they must. */
export interface AppParts {
  readonly modules: readonly Module[];
  readonly db: Database;
  readonly validator: Validator;
  readonly i18n: I18n;
  readonly authentication: Authentication;
  readonly ticketPass: TicketPass;
  readonly principals: Principals;
  readonly decide: Decide;
  readonly rates: RateLimits;
  readonly machineRequests: MachineRequests;
  readonly directory: Pick<Directory, 'isOne' | 'isCompanyHost'>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent where no collector is set. */
  readonly tracer?: Tracer;
  readonly now: () => Date;
  readonly version: string;
  /** Public address of the service, and the origins whose pages may call it. */
  readonly publicUrl: string;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  /** Names of modules that are wired but not mounted. */
  readonly unmounted?: readonly string[];
  /** Routers beside `/angelis` (the development issuer), with the paths they answer. */
  readonly besides?: { readonly path: string; readonly router: RequestHandler };
  /** Holds every answer to its schema: in development and tests. */
  readonly checkResponses: boolean;
}

const TIMEOUT = 30_000;

/**
 * The application: middleware in order, the modules' routes, 404, one error handler. Throws when modules do not fit
 * together or Express would serve a path that nobody declared.
 */
export const buildApp = (parts: AppParts): Express => {
  checkModules(parts.modules);
  const contexts = createRequestContexts({
    i18n: parts.i18n,
    now: parts.now,
    host: new URL(parts.publicUrl).hostname,
    timeout: TIMEOUT,
  });
  const tokenChecks = createTokenChecks({ ...parts, contextOf: contexts.of });
  const app = express();
  app
    .disable('x-powered-by')
    .set('etag', false)
    .set('trust proxy', [...parts.trustedProxies])
    .set('case sensitive routing', true);
  app.use(
    contexts.attach,
    turnAwayUnread,
    observeRequests(parts.log, parts.metrics, contexts.of),
    tokenChecks.measure,
    traceRequests(parts.tracer ?? NO_TRACER, contexts.of),
    helmet(),
    crossOrigin({ origins: parts.corsOrigins, directory: parts.directory, contexts }),
  );
  if (parts.besides !== undefined) app.use(parts.besides.path, parts.besides.router);
  const routes = routesOf(parts.modules);
  app.use(
    '/angelis',
    docsRouter(() => openApi(routes, { title: 'Angelis', version: parts.version })),
  );
  const unmounted = new Set(parts.unmounted);
  const guard = [...parts.authentication.attach, parts.authentication.protect];
  const deps = { ...parts, readBody: createBodyReader(), publicContext: contexts.of };
  app.use(
    '/angelis',
    mountRoutes(
      parts.modules,
      deps,
      ({ ticket }) => (ticket ? parts.ticketPass.instead(guard) : guard),
      (name) => !unmounted.has(name),
    ),
  );
  checkServed(app, parts.modules, ['/', '/openapi.json', '/docs'], parts.besides?.router);
  app.use(tokenChecks.nowhere, tokenChecks.limit, createErrorHandler(parts.log, contexts.of));
  return app;
};
