import type { LiveSession } from '../../../platform/access/directory.ts';
import {
  clears,
  entity,
  instant,
  integer,
  line,
  nullable,
  oneOf,
  shows,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Reader, RowOf, Tx } from '../../../platform/module.ts';

/** One person in one company through one client; see docs/glossary.md. */
export const Session = entity({
  table: 'session',
  fields: {
    profileId: nullable(uuid()),
    kind: oneOf(['member', 'support', 'operator', 'machine']),
    client: oneOf(['worker', 'admin', 'machine']),
    reason: nullable(text(500)),
    lastSeenAt: instant(),
    expiresAt: instant(),
    revokedAt: nullable(instant()),
    revokedBecause: nullable(line(40)),
  },
  hidden: {
    personId: nullable(uuid()),
    sid: line(100),
    address: nullable(line(100)),
    device: nullable(line(200)),
    agent: nullable(line(300)),
    epoch: integer(1, 2_147_483_647),
  },
  create: [],
  edit: [],
});
export type SessionRow = RowOf<typeof Session>;

/** Live sessions of a person in the transaction's company that were seen since, the one seen longest ago first. */
export const liveSessionsOf = (reader: Reader, personId: string, since: Date): Promise<{ id: string; sid: string }[]> =>
  reader.prepared(
    `select id, sid from session
     where company_id = $1 and person_id = $2 and revoked_at is null and last_seen_at > $3 order by last_seen_at, id`,
    [reader.companyId, personId, since],
  );

/** A live session of somebody's profile. */
export type ProfileSession = Omit<LiveSession, 'companyId' | 'companyName' | 'profileId'>;

/** Live sessions of a profile of the transaction's company, the one seen last first. */
export const sessionsOfProfile = (reader: Reader, profileId: string): Promise<ProfileSession[]> =>
  reader.prepared<ProfileSession>(
    `select id, kind, client, sid, device, address, agent, created_at as "createdAt", last_seen_at as "lastSeenAt",
       expires_at as "expiresAt"
     from session where company_id = $1 and profile_id = $2 and revoked_at is null order by last_seen_at desc, id limit 500`,
    [reader.companyId, profileId],
  );

/** Read model: whose profile it is; undefined where nobody's. */
export const personOfProfile = async (reader: Reader, profileId: string): Promise<string | undefined> => {
  const [found] = await reader.prepared<{ id: string | null }>(
    'select person_id as id from profile where company_id = $1 and id = $2',
    [reader.companyId, profileId],
  );
  return found?.id ?? undefined;
};

/** Id of the live session of a sid in the transaction's company. */
export const liveSessionOf = async (reader: Reader, sid: string): Promise<string | undefined> =>
  (
    await reader.prepared<{ id: string }>(
      'select id from session where company_id = $1 and sid = $2 and revoked_at is null',
      [reader.companyId, sid],
    )
  )[0]?.id;

/** Remembers that the session of a sid ended for which no row stands. In the operator's transaction. */
export const rememberEnded = async (tx: Tx, sid: string): Promise<void> => {
  await tx.prepared('insert into ended_sid (sid, ended_at) values ($1, $2) on conflict (sid) do nothing', [
    sid,
    tx.now,
  ]);
};

/** Forgets those that ended before: no token of theirs is good any more. In the operator's transaction. */
export const purgeEnded = async (tx: Tx, before: Date): Promise<void> => {
  await tx.prepared('delete from ended_sid where ended_at < $1', [before]);
};

/** Notes that a session was seen. No change of the row: neither its version nor the log move. */
export const touchSession = async (tx: Tx, id: string): Promise<void> => {
  await tx.prepared('update session set last_seen_at = $3 where company_id = $1 and id = $2', [
    tx.companyId,
    id,
    tx.now,
  ]);
};

/** Ids of sessions of the company whose time is over and that nobody ended; at most `limit`. */
export const staleSessions = async (reader: Reader, at: Date, limit: number): Promise<string[]> =>
  (
    await reader.prepared<{ id: string }>(
      `select id from session where company_id = $1 and revoked_at is null and expires_at <= $2 order by id limit $3`,
      [reader.companyId, at, limit],
    )
  ).map(({ id }) => id);

/** From where and with what the person came; who is not there any more can open none of them. */
export const sessionErasure: Erasure = {
  ...clears(
    'session',
    'update session set device = null, address = null, agent = null where company_id = $1 and profile_id = $2 returning id',
  ),
  ...shows(Session),
};

/** The same for the sessions of somebody who was of the staff. In the operator's transaction. */
export const forgetSessions = async (tx: Tx, personId: string): Promise<void> => {
  await tx.prepared(
    'update session set device = null, address = null, agent = null where company_id = $1 and person_id = $2',
    [tx.companyId, personId],
  );
};
