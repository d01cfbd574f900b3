import type { Request, RequestHandler, Response } from 'express';
import type { Tracer } from '../telemetry/tracer.ts';
import { parseTraceparent } from '../telemetry/trace.ts';
import type { PublicContext } from './context.ts';
import { routeOf } from './observe.ts';

/** A span for every request, below the caller's own; one whose caller says that it is not sampled is left out. */
export const traceRequests =
  (tracer: Tracer, contextOf: (request: Request, response: Response) => PublicContext): RequestHandler =>
  (request, response, next) => {
    const caller = parseTraceparent(request.get('traceparent'));
    if (caller?.sampled === false) {
      next();
      return;
    }
    const { method } = request;
    const span = tracer.start({
      name: method,
      kind: 'server',
      traceId: contextOf(request, response).traceId,
      ...(caller && { parentId: caller.spanId }),
      attributes: { 'http.request.method': method },
    });
    response.once('close', () => {
      const route = routeOf(request);
      const status = response.writableEnded ? response.statusCode : 499;
      span.end({
        name: `${method} ${route}`,
        attributes: { 'http.route': route, 'http.response.status_code': status },
        ...(status >= 500 && { error: String(status) }),
      });
    });
    span.run(next);
  };
