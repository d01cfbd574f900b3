/** The clients through which people sign in. Each token names one of them as `azp`. */
export type SignInClient = 'angelis-worker' | 'angelis-admin' | 'angelis-otp';

/** The only roles of ours that the realm knows; they mark operator staff and grant no business permission. */
export type StaffRole = 'operator-superadmin' | 'operator-support' | 'operator-auditor';

/** How somebody proves that they are meant: a password, and the code of the second factor of whoever has one. */
export interface PasswordProof {
  password: string;
  totp?: string | undefined;
}

/** Who proves it; `address` is the person's own, for the provider's brute-force protection. */
export type PasswordAttempt = PasswordProof & { username: string; address: string };

/** What a sign-in or a refresh yields. Lifetimes are in seconds from now. */
export interface TokenSet {
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  refreshExpiresIn: number;
  /** Only where the grant asked for one: the admin client. */
  idToken?: string;
  /** The provider's session; the same through every refresh. */
  sid: string;
  userId: string;
}

/** A machine client's token: no session, no refresh. */
export interface MachineToken {
  accessToken: string;
  expiresIn: number;
}

/** RFC 7662: an inactive token says nothing else. */
export type Introspection =
  | { active: false }
  | { active: true; userId: string; clientId: string; sid?: string; expiresAt: Date };

export interface User {
  id: string;
  username: string;
  email?: string;
  firstName?: string;
  lastName?: string;
  enabled: boolean;
  emailVerified: boolean;
}

export interface NewUser {
  /** Opaque, lower case, at most 255 characters: never a national id. */
  username: string;
  email?: string;
  firstName?: string;
  lastName?: string;
  enabled: boolean;
  emailVerified: boolean;
  password?: string;
}

export type UserPatch = Partial<Pick<User, 'email' | 'emailVerified' | 'firstName' | 'lastName' | 'enabled'>>;

/** How it stands with a user's password. */
export interface PasswordState {
  /** There is one. */
  isSet: boolean;
  /** A new one is required, before which nobody signs in. */
  isRequired: boolean;
  /** Failed tries have locked the user for now: none is taken, the right one neither. */
  isLocked: boolean;
}

/** A session at the provider, since when by its clock, which may count whole seconds. */
export interface LiveProviderSession {
  sid: string;
  startedAt: Date;
}

export type UserQuery = { id: string } | { username: string } | { email: string };

/** What happened at the provider, in this project's words. */
export type ProviderEventType =
  | 'sign_in'
  | 'sign_in_failed'
  | 'locked'
  | 'refresh_failed'
  | 'session_ended'
  | 'sessions_ended'
  | 'credential_changed'
  /** By the user, at the provider's own page. */
  | 'password_chosen'
  | 'second_factor_set_up'
  | 'user_changed'
  | 'user_removed';

export interface ProviderEvent {
  /** Unique and stable: reading the same stretch twice gives the same ids. */
  id: string;
  at: Date;
  type: ProviderEventType;
  userId?: string;
  sid?: string;
  clientId?: string;
  address?: string;
  /** The provider's own code, as `invalid_user_credentials`. */
  error?: string;
}

/** The beginning of a stretch, oldest first. */
export interface EventPage {
  events: ProviderEvent[];
  /** Since when to ask for what follows; undefined where this is all. */
  next?: Date;
}

/**
 * All that this system asks of the identity provider.
 * Every function throws IdentityProviderError; its `code` says what kind (errors.ts).
 */
export interface IdentityProvider {
  /** As tokens carry it in `iss`. */
  issuer: string;
  jwksUri: string;

  /**
   * Signs a person in on the worker client. Wrong tries lock the account; of those that come at the same moment Keycloak may count
   * one only, and takes none of them in, nor a right one among them; the development issuer counts each.
   */
  passwordGrant: (request: PasswordAttempt) => Promise<TokenSet>;
  /** Opens a session after this system's own one-time password was verified: whoever may call this signs anyone in. */
  otpGrant: (request: { username: string; address: string }) => Promise<TokenSet>;
  /** Where the browser goes to sign in on the admin client; `challenge` is PKCE S256, base64url. */
  authorizationUrl: (request: { state: string; nonce: string; challenge: string; redirectUri: string }) => string;
  /** Redeems the code once; with `nonce`, an id token that carries another one is refused. */
  exchangeCode: (request: { code: string; verifier: string; redirectUri: string; nonce?: string }) => Promise<TokenSet>;
  /** With `scopes`, each with a colon, the token's `scope` names these and no others; whether the client has them the caller decides. */
  clientCredentials: (request: {
    clientId: string;
    clientSecret: string;
    scopes?: readonly string[];
  }) => Promise<MachineToken>;
  /** Rotates: the token given is spent, and using it again ends the whole family. */
  refresh: (request: { client: SignInClient; refreshToken: string }) => Promise<TokenSet>;
  /** Ends the session of a refresh token and answers its sid; undefined for a token that is no longer active, or is not theirs. */
  logout: (request: { client: SignInClient; refreshToken: string }) => Promise<string | undefined>;
  introspect: (token: string) => Promise<Introspection>;
  /** Whether this is the person's password, with the code of whoever has a second factor; counts as an attempt, and leaves no session behind. */
  verifyPassword: (request: PasswordAttempt) => Promise<boolean>;

  /** Ends one session. One that is already gone is not an error. */
  endSession: (sid: string) => Promise<void>;
  logoutAll: (userId: string) => Promise<void>;

  users: {
    /** @throws conflict when the username or the email is taken, password_refused when the password breaks the policy */
    create: (user: NewUser) => Promise<User>;
    find: (query: UserQuery) => Promise<User | undefined>;
    /** People in the order of their usernames, `max` at the most from place `first` on (0 the first); no machine clients. */
    page: (range: { first: number; max: number }) => Promise<User[]>;
    update: (id: string, patch: UserPatch) => Promise<void>;
    passwordState: (id: string) => Promise<PasswordState>;
    /** Removes the password: nobody signs in as this user any more, by whatever way, before `setPassword` gave a new one. */
    requireNewPassword: (id: string) => Promise<void>;
    /** Also lifts a lock, and is the new password that may have been required. @throws password_refused */
    setPassword: (id: string, password: string) => Promise<void>;
    /** When the password that a user has was set, by the provider's clock; undefined without one. */
    passwordSetAt: (id: string) => Promise<Date | undefined>;
    remove: (id: string) => Promise<void>;
    /** The sessions of a user that live, also those whose tokens nobody used; none of somebody who is not there. */
    sessions: (id: string) => Promise<LiveProviderSession[]>;
    roles: (id: string) => Promise<StaffRole[]>;
    /** Ids of the users that hold a role. */
    holders: (role: StaffRole) => Promise<string[]>;
    /** With the last role the second factor goes, which was set up for its sake. */
    setRoles: (id: string, roles: readonly StaffRole[]) => Promise<void>;
    /** Takes it away; whoever holds a role sets one up before they sign in again. Answers whether there was one. */
    removeSecondFactor: (id: string) => Promise<boolean>;
    /** Whether a password alone proves nothing of this user. */
    hasSecondFactor: (username: string) => Promise<boolean>;
  };

  /** Client ids start with `angelis-machine-`. */
  machineClients: {
    /** The secret is shown this once. */
    create: (client: { clientId: string; name: string }) => Promise<{ secret: string }>;
    rotateSecret: (clientId: string) => Promise<{ secret: string }>;
    setEnabled: (clientId: string, enabled: boolean) => Promise<void>;
    list: () => Promise<{ clientId: string; enabled: boolean }[]>;
    remove: (clientId: string) => Promise<void>;
    /** Ids of users, accounts of machines aside, that were given a role of a machine client: this system makes none. */
    roleHolders: () => Promise<string[]>;
  };

  /** What happened at or after `since`; the caller drops ids that it has seen. */
  events: (query: { since: Date }) => Promise<EventPage>;
}
