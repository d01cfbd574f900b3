import type { RequestHandler } from 'express';
import { errors } from 'jose';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Authentication } from './authentication.ts';
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

/** Counts guarded requests with a bearer token in `angelis_token_checks_total`, once their answers are over. */
export const countTokens = (
  metrics: Pick<Metrics, 'counter'>,
  authentication: Pick<Authentication, 'claimsOf' | 'refusalOf'>,
): RequestHandler => {
  const checks = metrics.counter({
    name: 'token_checks_total',
    help: 'Requests with a bearer token: accepted, or what was wrong with it',
    labels: ['outcome'],
  });
  for (const outcome of OUTCOMES) checks.inc({ outcome }, 0);
  return (request, response, next) => {
    response.once('close', () => {
      const refusal = authentication.refusalOf(request);
      if (refusal !== undefined) checks.inc({ outcome: reasonOf(refusal.cause) });
      else if (authentication.claimsOf(request) !== undefined)
        // A good token is answered 401 for its session only.
        checks.inc({ outcome: response.statusCode === 401 ? 'session_ended' : 'accepted' });
    });
    next();
  };
};
