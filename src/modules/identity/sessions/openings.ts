import type { Directory } from '../../../platform/access/directory.ts';
import type { Tx } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY } from '../../../platform/db/scope.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { Claims } from '../../../platform/http/authentication.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';

/** How far the clocks of the provider and of this system may be apart; milliseconds. */
export const CLOCKS_APART = 5_000;

/** One session of a person comes to be at a time, in whichever company, and none while all are ended: before sessions are locked. */
export const holdSessions = (tx: Tx, personId: string): Promise<void> =>
  serialize({ ...tx, companyId: OPERATOR_COMPANY }, `sessions:${personId}`);

/** The session of one sid is opened, moves or ends, one of it at a time: before sessions are locked. */
export const holdSid = (tx: Tx, sid: string): Promise<void> =>
  serialize({ ...tx, companyId: OPERATOR_COMPANY }, `session:${sid}`);

/** Whose token it is and when it was made, in seconds since 1970; undefined `sid` where it has no session. */
export type Origin = Pick<Claims, 'sub' | 'iat' | 'sid'>;

/**
 * Whether a token that opened no session yet opens none any more, since its person's sessions were ended after it was made. A
 * token says whole seconds, by the provider's clock: within seconds of the ending, the equal one with them, only the provider
 * knows which came first, and is asked whether its session lives. So who signs in the moment after they set a new password is
 * let in, and what was ended there is not. While the provider is yet to end them it cannot say, however new the token is: it
 * may be renewed in a session that is to end.
 */
export const isOver = async (
  { sub, iat, sid }: Origin,
  {
    directory,
    identityProvider: { users },
  }: { directory: Pick<Directory, 'person'>; identityProvider: Pick<IdentityProvider, 'users'> },
): Promise<boolean> => {
  const person = await directory.person(sub);
  if (person === undefined || person.sessionsEndedAt === null) return false;
  if (sid !== undefined && sid === person.sessionsKeptSid) return false;
  if (person.sessionsEnding) return true;
  const [made, ended] = [iat * 1000, Date.parse(person.sessionsEndedAt)];
  if (made > ended + CLOCKS_APART) return false;
  if (made < ended - CLOCKS_APART - 1000) return true;
  return !(await users.sessions(sub)).some((session) => session.sid === sid);
};
