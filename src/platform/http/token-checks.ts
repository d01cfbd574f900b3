import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { errors } from 'jose';
import { notFound, Problem } from '../problem.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Authentication } from './authentication.ts';
import type { PublicContext } from './context.ts';
import { networkOf } from './network.ts';
import { perRequest } from './per-request.ts';
import { rateHeaders } from './rate-limits.ts';
import type { RateLimits } from './rate-limits.ts';
import { KeysUnavailableError } from './signing-keys.ts';

/** What the check of a bearer token comes to; its holder is told only whether it was good. */
const OUTCOMES = [
  'accepted',
  'malformed',
  'signature',
  'expired',
  'claims',
  'session_ended',
  'keys_unavailable',
] as const;
type Outcome = (typeof OUTCOMES)[number];

const SIGNATURE = [errors.JWSSignatureVerificationFailed, errors.JWKSNoMatchingKey, errors.JOSEAlgNotAllowed];

/** What was wrong with a token, by what its verification threw; what is not jose's was thrown for its claims. */
const reasonOf = (error: unknown): Outcome => {
  if (error instanceof KeysUnavailableError) return 'keys_unavailable';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed || !(error instanceof errors.JOSEError)) return 'claims';
  return SIGNATURE.some((kind) => error instanceof kind) ? 'signature' : 'malformed';
};

/** What is answered to a token, or to a ticket in place of one, that is no good. */
const REFUSALS = ['INVALID_TOKEN', 'TICKET_INVALID'];

/** Whether a token was refused for being no good, also where the answer calls it otherwise, as OAuth does. */
export const isBadToken = (error: unknown): error is Problem =>
  error instanceof Problem && (REFUSALS.includes(error.code) || isBadToken(error.options.cause));

interface TokenChecksDependencies {
  readonly metrics: Pick<Metrics, 'counter'>;
  readonly authentication: Pick<Authentication, 'claimsOf' | 'refusalOf'>;
  readonly rates: Pick<RateLimits, 'count' | 'consume'>;
  readonly contextOf: (request: Request, response: Response) => Pick<PublicContext, 'address' | 'speak'>;
}

interface TokenChecks {
  /** Counts guarded requests with a bearer token in `angelis_token_checks_total`, once their answers are over. */
  readonly measure: RequestHandler;
  /**
   * Counts every refused token against the address that it came from; 429 once these are used up, for whatever was wrong with
   * the token. It sees refusals only: a good token asks nobody, and is let through from an address that has none left. A
   * request without any token counts as what it is, one without a session.
   */
  readonly limit: ErrorRequestHandler;
  /** Ends in 404 what nobody declared. Nobody looked who asks: it counts as a request without a session. */
  readonly nowhere: RequestHandler;
}

/** What becomes of tokens: in figures, and by limit of those that are no good. */
export const createTokenChecks = (dependencies: TokenChecksDependencies): TokenChecks => {
  const { metrics, authentication, rates, contextOf } = dependencies;
  const refused = perRequest<true>();
  const checks = metrics.counter({
    name: 'token_checks_total',
    help: 'Requests with a bearer token: accepted, or what was wrong with it',
    labels: ['outcome'],
  });
  for (const outcome of OUTCOMES) checks.inc({ outcome }, 0);
  const countNobody = async (request: Request, response: Response): Promise<void> => {
    response.set(rateHeaders(await rates.consume('default', contextOf(request, response), undefined)));
  };
  return {
    nowhere: async (request, response, next) => {
      await countNobody(request, response);
      next(notFound());
    },
    measure: (request, response, next) => {
      response.once('close', () => {
        const refusal = authentication.refusalOf(request);
        if (refusal !== undefined) checks.inc({ outcome: reasonOf(refusal.cause) });
        else if (authentication.claimsOf(request) !== undefined)
          // A good token is refused for its session only.
          checks.inc({ outcome: refused.of(request) ? 'session_ended' : 'accepted' });
      });
      next();
    },
    limit: async (error: unknown, request, response, next) => {
      if (error instanceof Problem && error.code === 'UNAUTHENTICATED') await countNobody(request, response);
      if (!isBadToken(error)) {
        next(error);
        return;
      }
      refused.keep(request, true);
      const { address, speak } = contextOf(request, response);
      // A token that is no good does not tell the language of whoever it was given to.
      speak();
      response.set(rateHeaders([await rates.count('badToken', networkOf(address))]));
      next(error);
    },
  };
};
