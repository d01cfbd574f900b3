import { randomBytes, randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import type { ProviderEvent, SignInClient, StaffRole, User } from '../port.ts';
import { SESSION_IDLE, SESSION_MAX } from '../realm.ts';
import type { Failures } from './brute-force.ts';
import type { PasswordHash } from './passwords.ts';
import type { IssuerStore } from './store.ts';

/** All times in this file are milliseconds since 1970. */
export interface StoredUser extends User {
  password?: PasswordHash;
  passwordSetAt?: number;
  needsPassword?: boolean;
  roles: StaffRole[];
  failures: Failures;
}

/** One sign-in and its one refresh family. */
export interface StoredSession {
  sid: string;
  userId: string;
  clientId: SignInClient;
  scope: string;
  startedAt: number;
  lastUsedAt: number;
  /** Id of the only refresh token that is good now; none once the family is dead. */
  refreshId?: string;
}

export interface StoredMachineClient {
  clientId: string;
  name: string;
  /** SHA-256 of the secret, which is random and long. */
  secretHash: string;
  enabled: boolean;
  userId: string;
}

export type StoredEvent = Omit<ProviderEvent, 'at'> & { at: number };

export interface IssuerState {
  version: 1;
  signingKeys: (JWK & { kid: string })[];
  /** Base64url; signs refresh tokens, which only this issuer reads. */
  refreshSecret: string;
  users: Record<string, StoredUser>;
  sessions: Record<string, StoredSession>;
  machineClients: Record<string, StoredMachineClient>;
  events: StoredEvent[];
}

const EVENTS_KEPT = 5000;
const SESSIONS_KEPT = 5000;
const EVENT_LIFE = 7 * 24 * 3_600_000;
const SAVE_DELAY = 500;

export interface StateKeeper {
  state: IssuerState;
  /** Notes that something small changed: written within half a second. */
  touch: () => void;
  /** Writes now, and resolves once it stands: for what the caller's own records will point at. */
  flush: () => Promise<void>;
  record: (event: Omit<StoredEvent, 'id' | 'at'>) => void;
  close: () => Promise<void>;
}

/** When a session ends unless it is used, in milliseconds since 1970. */
export function sessionEnd(session: StoredSession): number {
  return Math.min(session.lastUsedAt + SESSION_IDLE * 1000, session.startedAt + SESSION_MAX * 1000);
}

function trim(state: IssuerState, at: number): void {
  const firstKept = state.events.findIndex((event) => event.at > at - EVENT_LIFE);
  const surplus = Math.max(firstKept === -1 ? state.events.length : firstKept, state.events.length - EVENTS_KEPT);
  if (surplus > 0) state.events.splice(0, surplus);
  for (const session of Object.values(state.sessions)) {
    if (sessionEnd(session) <= at) delete state.sessions[session.sid];
  }
  const kept = Object.values(state.sessions);
  if (kept.length <= SESSIONS_KEPT) return;
  const oldest = kept.toSorted((one, other) => one.lastUsedAt - other.lastUsedAt).slice(0, kept.length - SESSIONS_KEPT);
  for (const session of oldest) delete state.sessions[session.sid];
}

function emptyState(): IssuerState {
  return {
    version: 1,
    signingKeys: [],
    refreshSecret: randomBytes(64).toString('base64url'),
    users: {},
    sessions: {},
    machineClients: {},
    events: [],
  };
}

function isState(value: unknown): value is IssuerState {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1;
}

function parse(text: string): IssuerState {
  const state: unknown = JSON.parse(text);
  if (!isState(state)) {
    throw new Error('The development issuer cannot read its own data: remove the data folder and start with --fresh');
  }
  return state;
}

/** Loads the issuer's state and writes its changes back, a burst of them at once; ended sessions and old events go. */
export async function keepState(store: IssuerStore, now: () => Date): Promise<StateKeeper> {
  const text = await store.load();
  const state = text === undefined ? emptyState() : parse(text);
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let unsaved = false;

  const write = async (): Promise<void> => {
    if (!unsaved) return;
    unsaved = false;
    trim(state, now().getTime());
    try {
      await store.save(JSON.stringify(state));
    } catch (error) {
      unsaved = true;
      throw error;
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write, write);
    return writing;
  };
  const touch = (): void => {
    unsaved = true;
    // A failed background write is tried again by the next change, and reported by the next flush.
    timer ??= setTimeout(() => void flush().catch(() => undefined), SAVE_DELAY).unref();
  };
  return {
    state,
    touch,
    flush: () => {
      unsaved = true;
      return flush();
    },
    record: (event) => {
      state.events.push({ id: randomUUID(), at: now().getTime(), ...event });
      if (state.events.length > EVENTS_KEPT * 1.2) trim(state, now().getTime());
      touch();
    },
    close: flush,
  };
}
