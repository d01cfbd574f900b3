import type { Request, RequestHandler, Response } from 'express';
import type { I18n, TextParams } from '../i18n/i18n.ts';
import { Problem } from '../problem.ts';
import { parseTraceparent, startSpan } from '../telemetry/trace.ts';
import { readCompanyHints } from './company-hints.ts';
import type { CompanyHint } from './company-hints.ts';
import type { PublicContext } from './context.ts';
import { perRequest } from './per-request.ts';

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
  /** Adds how a request names its company, where that is found out later. */
  readonly hint: (request: Request, hint: CompanyHint) => void;
}

type Mutable = { -readonly [Name in keyof PublicContext]: PublicContext[Name] };

/** The context that every request has before anybody knows who asks. */
export const createRequestContexts = ({ i18n, now, host, timeout }: RequestContextOptions): RequestContexts => {
  const known = perRequest<Mutable>();
  const make = (request: Request, response: Response): Mutable => {
    const { traceId } = startSpan(parseTraceparent(request.get('traceparent')));
    const wanted = request.get('accept-language');
    const context = {
      locale: i18n.locale(wanted),
      traceId,
      address: request.ip ?? '',
      agent: (request.get('user-agent') ?? '').slice(0, 300),
      deadline: new Date(now().getTime() + timeout),
      hints: [] as readonly CompanyHint[],
      t: (key: string, params?: TextParams) => i18n.t(context.locale, key, params),
      speak: (own?: string) => {
        context.locale = i18n.locale(wanted, own);
        response.setHeader('Content-Language', context.locale);
      },
    };
    return context;
  };
  return {
    of: (request, response) => known.of(request) ?? make(request, response),
    hint: (request, hint) => {
      const context = known.of(request);
      if (context !== undefined) context.hints = [...context.hints, hint];
    },
    attach: (request, response, next) => {
      const context = make(request, response);
      known.keep(request, context);
      response.setHeader('X-Request-Id', context.traceId);
      response.setHeader('Content-Language', context.locale);
      response.setHeader('Vary', 'Accept-Language');
      try {
        context.hints = readCompanyHints(request, { host });
        next();
      } catch (error) {
        next(error instanceof Problem ? error : new Problem(400, 'MALFORMED_REQUEST', { cause: error }));
      }
    },
  };
};
