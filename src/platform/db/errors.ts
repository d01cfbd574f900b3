import { Problem } from '../problem.ts';
import type { Fault } from '../problem.ts';

/** The cached principal is older than the session in the database: load it again and repeat. */
export class StaleSession extends Error {
  override readonly name = 'StaleSession';
}

/** The session was revoked, expired, or its person, profile or company may not act any more. */
export class SessionEnded extends Error {
  override readonly name = 'SessionEnded';
}

interface PgError {
  readonly code?: string;
  readonly message: string;
  readonly constraint?: string;
}

/** SQLSTATEs raised by `app.enter`. */
const STALE = 'AN001';
const ENDED = 'AN002';

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  '57P01',
  '57P02',
  '57P03',
  '53300',
]);

const asPgError = (error: unknown): PgError | undefined => {
  if (!(error instanceof Error)) return undefined;
  const original = (error as { original?: unknown }).original;
  return original instanceof Error ? original : error;
};

/** True for a connection that broke or could not be made: nothing is known about the statement. */
export const isConnectionError = (error: unknown): boolean => {
  const { code, message } = asPgError(error) ?? { message: '' };
  return (
    (code !== undefined && (CONNECTION_CODES.has(code) || code.startsWith('08'))) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      message,
    )
  );
};

/**
 * True where a connection keeps statements prepared that are no more what they were: a migration changed the type of a
 * column, or the server forgot them (`DISCARD ALL`). Also of the problem that `databaseError` made of it.
 */
export const isPlanLost = (error: unknown): boolean => {
  const { code, message } = asPgError(error instanceof Problem ? error.cause : error) ?? { message: '' };
  return code === '26000' || (code === '0A000' && message.includes('cached plan'));
};

/** SQLSTATEs of work that stood in the way of other work: two that wait for each other, or a read that the server cut short. */
const COLLISIONS = new Set(['40P01', '40001']);

/** True of work that may be done again from its beginning: nothing of it was written. Also of the problem that `databaseError` made of it. */
export const isCollision = (error: unknown): boolean => {
  const { code } = asPgError(error instanceof Problem ? error.cause : error) ?? {};
  return code !== undefined && COLLISIONS.has(code);
};

/** The constraint's name, from the message where a distributed database leaves the field empty (`…_102456` cut off). */
const constraintOf = ({ constraint, message }: PgError): string =>
  (constraint ?? /constraint "([^"]+)"/.exec(message)?.[1] ?? '').replace(/_\d{6,}$/, '');

/** Of the whole body: `constraints.ts` says which fields, once the transaction is over. */
const faultOf = (code: string): Fault => ({ pointer: '', code, in: 'body' });

/**
 * What the database refused, as the problem a caller can act on: duplicates 409, unknown references and failed checks
 * 422, full pools, time-outs, collisions, lost connections and lost plans 503. Everything else stays the error it was.
 */
export const databaseError = (error: unknown): unknown => {
  if (error instanceof Problem) return error;
  const known = asPgError(error);
  if (known === undefined) return error;
  if (known.code === STALE) return new StaleSession();
  if (known.code === ENDED) return new SessionEnded();
  if (isConnectionError(error)) return new Problem(503, 'DATABASE_UNAVAILABLE', { cause: error, retryAfter: 2 });
  if (isPlanLost(error)) return new Problem(503, 'DATABASE_UNAVAILABLE', { cause: error, retryAfter: 1 });
  if (isCollision(error)) return new Problem(503, 'WORK_COLLIDED', { cause: error, retryAfter: 1 });
  const constraint = constraintOf(known);
  switch (known.code) {
    case '23505':
      return new Problem(409, 'DUPLICATE', {
        cause: error,
        constraint,
        errors: [faultOf('DUPLICATE')],
      });
    case '23P01':
      return new Problem(409, 'OVERLAP', { cause: error, constraint });
    case '23503':
      return new Problem(422, 'UNKNOWN_REFERENCE', {
        cause: error,
        constraint,
        errors: [faultOf('UNKNOWN_REFERENCE')],
      });
    case '23514':
      return new Problem(422, 'INVALID', {
        cause: error,
        constraint,
        errors: [faultOf('INVALID')],
      });
    case '57014':
    case '55P03':
      return new Problem(503, 'DATABASE_BUSY', { cause: error, retryAfter: 1 });
    default:
      return error;
  }
};
