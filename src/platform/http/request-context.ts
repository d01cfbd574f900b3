import type { Request, RequestHandler, Response } from 'express';
import type { I18n } from '../i18n/i18n.ts';
import { Problem } from '../problem.ts';
import { parseTraceparent, startSpan } from '../telemetry/trace.ts';
import { readCompanyHints } from './company-hints.ts';
import type { PublicContext } from './context.ts';

export interface RequestContextOptions {
  readonly i18n: I18n;
  readonly now: () => Date;
  /** Host name of the service. */
  readonly host: string;
  /** Longest time a request may take, in ms. */
  readonly timeout: number;
}

export interface RequestContexts {
  /** First middleware: gives every request its trace, language, company hints and deadline. */
  readonly attach: RequestHandler;
  readonly of: (request: Request, response: Response) => PublicContext;
}

/** The context that every request has before anybody knows who asks. */
export const createRequestContexts = ({ i18n, now, host, timeout }: RequestContextOptions): RequestContexts => {
  const known = new WeakMap<Request, PublicContext>();
  const make = (request: Request, withHints: boolean): PublicContext => {
    const trace = startSpan(parseTraceparent(request.get('traceparent')));
    const locale = i18n.locale(request.get('accept-language'));
    return {
      locale,
      traceId: trace.traceId,
      address: request.ip ?? '',
      agent: (request.get('user-agent') ?? '').slice(0, 300),
      deadline: new Date(now().getTime() + timeout),
      hints: withHints ? readCompanyHints(request, { host }) : [],
      t: (key, params) => i18n.t(locale, key, params),
    };
  };
  return {
    of: (request) => known.get(request) ?? make(request, false),
    attach: (request, response, next) => {
      const plain = make(request, false);
      known.set(request, plain);
      response.set('X-Request-Id', plain.traceId);
      response.set('Content-Language', plain.locale);
      response.vary('Accept-Language');
      try {
        known.set(request, { ...plain, hints: readCompanyHints(request, { host }) });
        next();
      } catch (error) {
        next(error instanceof Problem ? error : new Problem(400, 'MALFORMED_REQUEST', { cause: error }));
      }
    },
  };
};
