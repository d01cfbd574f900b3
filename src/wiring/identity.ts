import { createSessions } from '../modules/identity/sessions/sessions.service.ts';
import type { Sessions } from '../modules/identity/sessions/sessions.service.ts';
import { Session } from '../modules/identity/sessions/sessions.repository.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

export interface Identity {
  readonly modules: readonly Module[];
  readonly sessions: Sessions;
}

/** Persons, sign-in, sessions. */
export const wireIdentity = (platform: Platform): Identity => {
  const sessions = createSessions({ ...platform, repository: platform.repository(Session) });
  return { modules: [], sessions };
};
