import { fetchWithError } from '@keycloak/keycloak-admin-client';
import type { ProviderEvent, ProviderEventType } from '../port.ts';
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
  ['UPDATE_CREDENTIAL', 'credential_changed'],
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

/** A user event in this project's words; nothing for those that concern no one here. */
export function fromUserEvent(event: UserEvent): ProviderEvent | undefined {
  const { id, time, userId, sessionId, clientId, ipAddress, error } = event;
  const type = USER_EVENTS.get(event.type ?? '');
  if (type === undefined || id === undefined || time === undefined) return undefined;
  const subject = event.details?.['refresh_token_sub'];
  const person = userId ?? (typeof subject === 'string' ? subject : undefined);
  return { id, at: new Date(time), type, userId: person, sid: sessionId, clientId, address: ipAddress, error };
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

/**
 * Both kinds of events at or after `since`, oldest first. Read by plain requests: the admin client's types know neither
 * the events' ids nor a start in milliseconds. Keycloak sorts newest first, so what arrives between two pages only
 * repeats rows, which the id tells.
 */
export async function readEvents(connection: Connection, since: Date): Promise<ProviderEvent[]> {
  const readAll = async <E extends { id?: string }>(kind: 'events' | 'admin-events'): Promise<E[]> => {
    const all = new Map<string | undefined, E>();
    for (let first = 0; ; first += PAGE) {
      const query = new URLSearchParams({ dateFrom: `${since.getTime()}`, first: `${first}`, max: `${PAGE}` });
      const page = await connection.read(async () => {
        const response = await fetchWithError(`${connection.adminUrl}/${kind}?${query.toString()}`, {
          headers: { authorization: `Bearer ${await connection.accessToken()}` },
          signal: AbortSignal.timeout(connection.timeout),
        });
        const events: unknown = await response.json();
        return isList<E>(events) ? events : [];
      });
      for (const event of page) all.set(event.id, event);
      if (page.length < PAGE) return [...all.values()];
    }
  };
  const [userEvents, adminEvents] = await Promise.all([
    readAll<UserEvent>('events'),
    readAll<AdminEvent>('admin-events'),
  ]);
  return [...userEvents.map(fromUserEvent), ...adminEvents.map(fromAdminEvent)]
    .filter((event) => event !== undefined)
    .toSorted((one, other) => one.at.getTime() - other.at.getTime());
}
