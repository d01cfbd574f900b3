import { createHash, randomBytes } from 'node:crypto';
import type { Database, Tx } from '../db/database.ts';
import { systemScope } from '../db/scope.ts';

/** Whose stream a ticket opens. */
export interface TicketHolder {
  readonly sessionId: string;
  /** Null for sessions without a profile (operator staff). */
  readonly profileId: string | null;
}

/** Single-use tickets for clients that cannot send an Authorization header (a browser's EventSource, a WebSocket). */
export interface Tickets {
  /** A ticket for the transaction's company, valid for 30 s. Only its hash is kept. */
  issue(tx: Tx, holder: TicketHolder): Promise<{ ticket: string; expiresAt: string }>;
  /** Uses the ticket up: of any number of callers one gets the holder. Undefined: unknown, used or expired. */
  redeem(ticket: string, traceId: string): Promise<(TicketHolder & { companyId: string }) | undefined>;
}

export const TICKET_MS = 30_000;
const SECRET_BYTES = 32;
const COMPANY_BYTES = 16;

const INSERT = `insert into stream_ticket (company_id, hash, session_id, profile_id, expires_at)
  values ($1, $2, $3, $4, $5)`;
const REDEEM = `delete from stream_ticket where company_id = $1 and hash = $2 and expires_at > $3
  returning session_id as "sessionId", profile_id as "profileId"`;

/** 32 random bytes need no slow or keyed hash. */
const hashOf = (ticket: string): Buffer => createHash('sha256').update(ticket).digest();

/** The company that stands in front of the secret: no look-up across companies is needed. */
const companyOf = (ticket: string): string | undefined => {
  const bytes = Buffer.from(ticket, 'base64url');
  if (bytes.length !== COMPANY_BYTES + SECRET_BYTES || bytes.toString('base64url') !== ticket) return undefined;
  const hex = bytes.toString('hex', 0, COMPANY_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Tickets in table `stream_ticket`. */
export const createTickets = (db: Database): Tickets => ({
  issue: async (tx, { sessionId, profileId }) => {
    const company = Buffer.from(tx.companyId.replaceAll('-', ''), 'hex');
    const ticket = Buffer.concat([company, randomBytes(SECRET_BYTES)]).toString('base64url');
    const expiresAt = new Date(tx.now.getTime() + TICKET_MS);
    await tx.prepared(INSERT, [tx.companyId, hashOf(ticket), sessionId, profileId, expiresAt]);
    return { ticket, expiresAt: expiresAt.toISOString() };
  },
  redeem: async (ticket, traceId) => {
    const companyId = companyOf(ticket);
    if (companyId === undefined) return undefined;
    return db.write(systemScope(companyId, 'stream-ticket', traceId), async (tx) => {
      const [holder] = await tx.prepared<TicketHolder>(REDEEM, [companyId, hashOf(ticket), tx.now]);
      return holder && { ...holder, companyId };
    });
  },
});
