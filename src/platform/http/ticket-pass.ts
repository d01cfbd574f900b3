import type { Request, RequestHandler } from 'express';
import type { Database } from '../db/database.ts';
import { systemScope } from '../db/scope.ts';
import { Problem } from '../problem.ts';
import type { Tickets } from '../stream/tickets.ts';
import type { Claims } from './authentication.ts';
import { perRequest } from './per-request.ts';

/** Lets requests of routes that take tickets through on `?ticket=…` instead of a bearer token. */
export interface TicketPass {
  /** `guard`, but for requests with a ticket and no Authorization header. Ends in `next(Problem)`, 401, for a bad ticket. */
  readonly instead: (guard: readonly RequestHandler[]) => RequestHandler[];
  /** The claims of the session that the request's ticket stands for. */
  readonly claimsOf: (request: Request) => Claims | undefined;
}

const SID = 'select sid from session where company_id = $1 and id = $2 and revoked_at is null';
/** No person has it: a ticket never opens a session, it stands for one that lives. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Single-use tickets as a pass. */
export const createTicketPass = (tickets: Pick<Tickets, 'redeem'>, db: Database): TicketPass => {
  const admitted = perRequest<Claims>();
  const sidOf = async (ticket: string, traceId: string): Promise<string> => {
    const holder = await tickets.redeem(ticket, traceId);
    if (holder === undefined) throw new Problem(401, 'TICKET_INVALID');
    const { companyId, sessionId } = holder;
    const [session] = await db.read(systemScope(companyId, 'stream-ticket', traceId), (reader) =>
      reader.prepared<{ sid: string }>(SID, [companyId, sessionId]),
    );
    if (session === undefined) throw new Problem(401, 'TICKET_INVALID');
    return session.sid;
  };
  const admit: RequestHandler = async (request, response, next) => {
    const { ticket } = request.query;
    if (typeof ticket === 'string' && request.headers.authorization === undefined) {
      const sid = await sidOf(ticket, response.get('X-Request-Id') ?? '');
      admitted.keep(request, { sid, sub: NOBODY, azp: 'ticket', iat: 0, exp: 0 });
    }
    next();
  };
  return {
    claimsOf: (request) => admitted.of(request),
    instead: (guard) => [
      admit,
      ...guard.map(
        (handler): RequestHandler =>
          (request, response, next) =>
            admitted.of(request) !== undefined ? next() : handler(request, response, next),
      ),
    ],
  };
};
