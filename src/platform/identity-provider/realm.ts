import type { SignInClient, StaffRole } from './port.ts';

/** The audience that every access token for this system carries, and the id of the service's own client. */
export const API_CLIENT = 'angelis-api';

const SIGN_IN_CLIENTS: readonly SignInClient[] = ['angelis-worker', 'angelis-admin', 'angelis-otp'];

export const MACHINE_PREFIX = 'angelis-machine-';

/** Keycloak's own client of each realm: its roles are those of the realm's administrators. */
export const ADMINISTRATION = 'realm-management';

export const STAFF_ROLES: readonly StaffRole[] = ['operator-superadmin', 'operator-support', 'operator-auditor'];

/** Lifetimes in seconds; config/keycloak/angelis-realm.json says the same. */
export const ACCESS_TOKEN_LIFE = 300;
export const SESSION_IDLE = 8 * 3600;
export const SESSION_MAX = 30 * 24 * 3600;

/** Length in characters (domain rule). */
export const PASSWORD_LENGTH = { min: 10, max: 128 } as const;

/** The same in what Keycloak counts, UTF-16 units, of which a character has two at the most; the realm's policy says so. */
export const PASSWORD_UNITS = { min: PASSWORD_LENGTH.min, max: 2 * PASSWORD_LENGTH.max } as const;

/** Brute-force protection of the realm; times in seconds, the quick-login window in milliseconds. */
export const BRUTE_FORCE = {
  failures: 5,
  waitStep: 300,
  waitMax: 2400,
  quickLoginMs: 1000,
  quickLoginWait: 60,
  forgetAfter: 43_200,
} as const;

const REFUSED_IN_NAMES = /[<>&"$%!#?§;*~/\\|^=[\]{}()\p{Cc}]+/gu;

/** A name as the provider takes it: characters that its user profile refuses (26.7) become spaces. */
export function plainName(name: string): string {
  return name.replaceAll(REFUSED_IN_NAMES, ' ').replaceAll(/ +/g, ' ').trim() || '–';
}

export function isSignInClient(id: string): id is SignInClient {
  return SIGN_IN_CLIENTS.some((client) => client === id);
}

/** Whether an `azp` is a client that may call this system. */
export function isAuthorizedParty(azp: string): boolean {
  return isSignInClient(azp) || azp.startsWith(MACHINE_PREFIX);
}
