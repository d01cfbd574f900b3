import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { faultText } from '../i18n/faults.ts';
import { asOutage } from '../outage.ts';
import { Problem } from '../problem.ts';
import type { Fault } from '../problem.ts';
import type { PublicContext } from './context.ts';

type Speaker = Pick<PublicContext, 't' | 'traceId'>;

/** The text of a code, or of the general one when a code has none of its own. */
const say = (context: Speaker, code: string, part: string, params?: Fault['params']): string =>
  context.t(`errors:${code}.${part}`, params);

/** A problem as the RFC 9457 document that is answered; `instance` is the path that was asked for. */
export const problemDocument = (problem: Problem, context: Speaker, instance: string) => ({
  type: `urn:angelis:problem:${problem.code}`,
  title: say(context, problem.code, 'title'),
  status: problem.status,
  detail: say(context, problem.code, 'detail', problem.options.params),
  instance,
  code: problem.code,
  timestamp: new Date().toISOString(),
  traceId: context.traceId,
  ...(problem.options.errors && {
    errors: problem.options.errors.map((fault) => ({
      pointer: fault.pointer,
      ...(fault.in && { in: fault.in }),
      code: fault.code,
      message: faultText(context.t, fault.code, fault.params),
    })),
  }),
  ...problem.options.extra,
});

const headersOf = ({ status, code, options }: Problem): Record<string, string> => ({
  ...(status === 401 && {
    // Only what was said of a token: no password, secret or ticket is one.
    'WWW-Authenticate': `Bearer realm="angelis"${code === 'INVALID_TOKEN' ? ', error="invalid_token"' : ''}`,
  }),
  ...(options.retryAfter !== undefined && { 'Retry-After': String(options.retryAfter) }),
  ...options.headers,
});

/** What an error means to a caller: its own problem, a part that does not serve, or a fault of ours. */
const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  const outage = asOutage(error);
  if (outage !== undefined) return outage;
  // Express's router, of a path with escapes that are no UTF-8.
  if (error instanceof URIError) return new Problem(400, 'MALFORMED_REQUEST', { cause: error });
  return new Problem(500, 'INTERNAL', { cause: error });
};

/** The one error handler: problems as RFC 9457 documents in the caller's language, everything else a logged 500. */
export const createErrorHandler =
  (
    log: Logger,
    contextOf: (request: import('express').Request, response: import('express').Response) => PublicContext,
  ): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const context = contextOf(request, response);
    const problem = toProblem(error);
    if (problem.status >= 500)
      log.error({ err: problem.cause ?? problem, traceId: context.traceId, code: problem.code }, 'request failed');
    if (response.headersSent) {
      response.destroy(error instanceof Error ? error : undefined);
      return;
    }
    // What was said of an answer that could not be given is not so of this one.
    response.removeHeader('ETag');
    response
      .status(problem.status)
      .set(headersOf(problem))
      .type('application/problem+json')
      .send(JSON.stringify(problemDocument(problem, context, request.originalUrl.split('?')[0] ?? '/')));
  };
