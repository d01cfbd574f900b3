import { createHash } from 'node:crypto';
import type { Database, Tx } from '../db/database.ts';
import { conflict, Problem } from '../problem.ts';
import type { Context } from './context.ts';
import type { Contract, Reply, Responses } from './route.ts';
import { RawJson } from './route.ts';

const KEY = /^[\x21-\x7e]{8,128}$/;
type AnyReply = Reply<Responses>;

interface Kept {
  readonly operation: string;
  readonly payload_hash: Buffer;
  readonly status: number;
  readonly location: string | null;
  readonly etag: string | null;
  readonly body: object | null;
}

/** The same payload has the same hash whatever the order of its keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const payloadHash = (operation: string, input: object): Buffer =>
  createHash('sha256')
    .update(`${operation}\n${canonical(input)}`)
    .digest();

const readKey = (contract: Contract, header: string | undefined): string | undefined => {
  if (header === undefined) {
    if (contract.idempotency === 'required') throw new Problem(428, 'IDEMPOTENCY_KEY_REQUIRED');
    return undefined;
  }
  if (!KEY.test(header)) throw new Problem(400, 'IDEMPOTENCY_KEY_MALFORMED');
  return header;
};

/** What is kept of an answer: never its secrets. */
const bodyText = (reply: AnyReply, { secrets = [] }: Contract): string | null => {
  if (reply.body === null) return null;
  const text = reply.body instanceof RawJson ? reply.body.text : JSON.stringify(reply.body);
  if (secrets.length === 0) return text;
  const kept = Object.entries(JSON.parse(text) as object).filter(([name]) => !secrets.includes(name));
  return JSON.stringify(Object.fromEntries(kept));
};

const find = async (tx: Tx, actor: string, key: string): Promise<Kept | undefined> =>
  (
    await tx.prepared<Kept>(
      'select operation, payload_hash, status, location, etag, body from idempotency where company_id = $1 and actor_id = $2 and key = $3',
      [tx.companyId, actor, key],
    )
  )[0];

const replay = (kept: Kept, hash: Buffer): AnyReply => {
  if (!kept.payload_hash.equals(hash)) throw new Problem(422, 'IDEMPOTENCY_KEY_REUSED');
  return {
    status: kept.status,
    body: kept.body,
    headers: { 'Idempotency-Replayed': 'true', ...(kept.location !== null && { Location: kept.location }) },
    ...(kept.etag !== null && { etag: kept.etag }),
  };
};

/** The answer with what may be asked for only now that the work is committed. */
const revealed = async (reply: AnyReply): Promise<AnyReply> =>
  reply.reveal === undefined ? reply : { ...reply, body: { ...(reply.body as object), ...(await reply.reveal()) } };

/**
 * Runs a request that carries an Idempotency-Key: the lock on the key, the business change and the kept answer are one
 * transaction, which the services join. Same key and payload: the kept answer; other payload: 422; still running: 409.
 */
export const runIdempotent = async (
  db: Database,
  contract: Contract,
  context: Context,
  input: { readonly body?: unknown; readonly params?: unknown; readonly version?: number | undefined },
  header: string | undefined,
  handle: () => Promise<AnyReply>,
): Promise<AnyReply> => {
  const key = contract.idempotency === undefined ? undefined : readKey(contract, header);
  if (key === undefined) return revealed(await handle());
  const actor = context.principal.profileId ?? context.principal.personId;
  const { body, params, version } = input;
  const hash = payloadHash(contract.id, { body, params, version });
  const reply = await db.write(context.scope, async (tx) => {
    const lock = `${tx.companyId}:${actor}:${key}`;
    const [{ locked } = { locked: false }] = await tx.query<{ locked: boolean }>(
      'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked',
      [lock],
    );
    if (!locked) throw conflict('REQUEST_RUNNING', { retryAfter: 1 });
    const kept = await find(tx, actor, key);
    if (kept !== undefined) return replay(kept, hash);
    context.tx = tx;
    context.entered = true;
    const fresh = await handle();
    await tx.prepared(
      `insert into idempotency (company_id, actor_id, key, operation, payload_hash, status, location, etag, body, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tx.companyId,
        actor,
        key,
        contract.id,
        hash,
        fresh.status,
        fresh.headers?.['Location'] ?? null,
        fresh.etag ?? null,
        bodyText(fresh, contract),
        tx.now,
      ],
    );
    return fresh;
  });
  context.committed = true;
  return revealed(reply);
};
