import { fetchWithError } from '@keycloak/keycloak-admin-client';
import type { EventPage, ProviderEvent, ProviderEventType } from '../port.ts';
import type { Connection } from './connection.ts';

/** What is read of Keycloak's user events; `time` is milliseconds since 1970. */
export interface UserEvent {
  id?: string;
  time?: number;
  type?: string;
  userId?: string;
  sessionId?: string;
  clientId?: string;
  ipAddress?: string;
  error?: string;
  details?: Record<string, unknown>;
}

/** What is read of Keycloak's admin events. */
export interface AdminEvent {
  id?: string;
  time?: number;
  operationType?: string;
  resourceType?: string;
  resourcePath?: string;
}

const PAGE = 500;

const USER_EVENTS = new Map<string, ProviderEventType>([
  ['LOGIN', 'sign_in'],
  ['LOGIN_ERROR', 'sign_in_failed'],
  ['LOGOUT', 'session_ended'],
  ['USER_SESSION_DELETED', 'session_ended'],
  ['REFRESH_TOKEN_ERROR', 'refresh_failed'],
  ['USER_DISABLED_BY_TEMPORARY_LOCKOUT', 'locked'],
  ['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'locked'],
  ['REMOVE_CREDENTIAL', 'credential_changed'],
]);

const ADMIN_EVENTS: readonly [pattern: RegExp, type: ProviderEventType][] = [
  [/^UPDATE USER users\/(?<userId>[^/]+)$/, 'user_changed'],
  [/^DELETE USER users\/(?<userId>[^/]+)$/, 'user_removed'],
  [/^ACTION USER users\/(?<userId>[^/]+)\/reset-password$/, 'credential_changed'],
  [/^ACTION USER users\/(?<userId>[^/]+)\/logout$/, 'sessions_ended'],
  [/^(?:CREATE|DELETE) REALM_ROLE_MAPPING users\/(?<userId>[^/]+)\/role-mappings\/realm$/, 'user_changed'],
  [/^DELETE USER_SESSION sessions\/(?<sid>[^/]+)$/, 'session_ended'],
];

/** What people do with their own credentials happens at the page: passwords of ours are set by administration. */
const credentialEvent = (kind: unknown): ProviderEventType => {
  if (typeof kind !== 'string') return 'credential_changed';
  return kind === 'password' ? 'password_chosen' : 'second_factor_set_up';
};

/** A user event in this project's words; nothing for those that concern no one here. */
export function fromUserEvent(event: UserEvent): ProviderEvent | undefined {
  const { id, time, userId, sessionId, clientId, ipAddress, error } = event;
  const type =
    event.type === 'UPDATE_CREDENTIAL'
      ? credentialEvent(event.details?.['credential_type'])
      : USER_EVENTS.get(event.type ?? '');
  if (type === undefined || id === undefined || time === undefined) return undefined;
  const subject = event.details?.['refresh_token_sub'];
  const person = userId ?? (typeof subject === 'string' ? subject : undefined);
  // At the page there is no session yet: the one that begins there has the id of the sign-in.
  const begun = event.type === 'UPDATE_CREDENTIAL' ? event.details?.['code_id'] : undefined;
  const sid = sessionId ?? (typeof begun === 'string' ? begun : undefined);
  return { id, at: new Date(time), type, userId: person, sid, clientId, address: ipAddress, error };
}

/** What an administrator did, whoever it was: this service too. */
export function fromAdminEvent(event: AdminEvent): ProviderEvent | undefined {
  const { id, time, operationType = '', resourceType = '', resourcePath = '' } = event;
  if (id === undefined || time === undefined) return undefined;
  const what = `${operationType} ${resourceType} ${resourcePath}`;
  for (const [pattern, type] of ADMIN_EVENTS) {
    const found = pattern.exec(what);
    if (found) return { id, at: new Date(time), type, ...found.groups };
  }
  return undefined;
}

function isList<E>(value: unknown): value is E[] {
  return Array.isArray(value);
}

/** Rows of one kind from a time on, and the last time of which all are there; undefined where no more follow. */
interface Stretch<E> {
  readonly rows: readonly E[];
  readonly upTo?: number;
}

/**
 * Both kinds of events at or after `since`, oldest first: the beginning of a long stretch, so that whoever reads it gets on,
 * however much there is. Read by plain requests: the admin client's types know neither the events' ids nor a start in
 * milliseconds. A page that is full may break off within a millisecond: the rows of its last one are left to the next call,
 * unless it has no others.
 */
export async function readEvents(connection: Connection, since: Date): Promise<EventPage> {
  const readPage = <E>(kind: 'events' | 'admin-events', first: number): Promise<E[]> => {
    const query = new URLSearchParams({
      dateFrom: `${since.getTime()}`,
      direction: 'asc',
      first: `${first}`,
      max: `${PAGE}`,
    });
    return connection.read(async () => {
      const response = await fetchWithError(`${connection.adminUrl}/${kind}?${query.toString()}`, {
        headers: { authorization: `Bearer ${await connection.accessToken()}` },
        signal: AbortSignal.timeout(connection.timeout),
      });
      const events: unknown = await response.json();
      return isList<E>(events) ? events : [];
    });
  };
  const readStretch = async <E extends { time?: number }>(kind: 'events' | 'admin-events'): Promise<Stretch<E>> => {
    const rows: E[] = [];
    for (;;) {
      const page = await readPage<E>(kind, rows.length);
      rows.push(...page);
      if (page.length < PAGE) return { rows };
      const last = rows.at(-1)?.time ?? 0;
      if (last > since.getTime()) return { rows, upTo: last - 1 };
    }
  };
  const [userEvents, adminEvents] = await Promise.all([
    readStretch<UserEvent>('events'),
    readStretch<AdminEvent>('admin-events'),
  ]);
  const upTo = Math.min(userEvents.upTo ?? Infinity, adminEvents.upTo ?? Infinity);
  const events = [...userEvents.rows.map(fromUserEvent), ...adminEvents.rows.map(fromAdminEvent)]
    .filter((event) => event !== undefined)
    .filter(({ at }) => at.getTime() <= upTo)
    .toSorted((one, other) => one.at.getTime() - other.at.getTime());
  return upTo === Infinity ? { events } : { events, next: new Date(upTo + 1) };
}
