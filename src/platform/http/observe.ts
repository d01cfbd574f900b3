import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import type { PublicContext } from './context.ts';

/** Where all routes are mounted. */
const MOUNT = '/angelis';

/** The declared path of the route that answered; addresses stay out. */
export const routeOf = (request: Request): string => {
  const path = (request.route as { path?: unknown } | undefined)?.path;
  if (typeof path !== 'string') return 'unmatched';
  // Express has taken the mount off again where the answer is an error.
  const mounted = request.originalUrl.startsWith(`${MOUNT}/`) ? MOUNT : '';
  return `${request.baseUrl || mounted}${path}`;
};

/** One log line and one measurement a request, by the route's declared path: addresses and bodies stay out. */
export const observeRequests =
  (log: Logger, metrics: Metrics, contextOf: (request: Request, response: Response) => PublicContext): RequestHandler =>
  (request, response, next) => {
    const begun = performance.now();
    const { traceId } = contextOf(request, response);
    response.once('close', () => {
      const seconds = (performance.now() - begun) / 1_000;
      const { method } = request;
      const route = routeOf(request);
      const status = response.writableEnded ? response.statusCode : 499;
      metrics.observeRequest({ method, route, status, seconds });
      log.info({ traceId, method, route, status, ms: Math.round(seconds * 1_000) }, 'request');
    });
    next();
  };
