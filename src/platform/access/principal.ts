/** How far a permission reaches, from the narrowest: own rows, direct reports, everyone below, the company, the operator. */
export const REACHES = ['self', 'reports', 'hierarchy', 'company', 'operator'] as const;
export type Reach = (typeof REACHES)[number];

export const CLIENTS = ['worker', 'admin', 'machine'] as const;
/** Through which kind of client the caller signed in. */
export type Client = (typeof CLIENTS)[number];

/** Narrows a grant to one department (with those below it) or one project. */
export interface GrantScope {
  readonly kind: 'department' | 'project';
  readonly id: string;
}

/** One reason why a permission is held or denied. */
export interface Grant {
  readonly permission: string;
  readonly effect: 'grant' | 'deny';
  readonly reach: Reach;
  /** Absent: the whole company. */
  readonly scope?: GrantScope;
  /** The role by which it is held. */
  readonly role: string;
  /** The role, own or the system's, that says it; absent: the held one itself. */
  readonly inheritedFrom?: string;
  /** By which assignment the role is held, and until when: it ends, or the profile does; absent for staff and machine clients. */
  readonly assignment?: { readonly id: string; readonly expiresAt: string | null };
}

/** The caller as this process knows it; `epoch` tells whether that is still true. */
export interface Principal {
  readonly personId: string;
  /** The person in this company; null for operator staff and machine clients. */
  readonly profileId: string | null;
  readonly companyId: string;
  readonly companySlug: string;
  readonly customDomain: string | null;
  readonly timezone: string;
  readonly sessionId: string;
  readonly epoch: number;
  readonly client: Client;
  readonly kind: 'profile' | 'operator' | 'machine';
  readonly locale: string;
  readonly roles: readonly string[];
  readonly grants: readonly Grant[];
  /** A company that is pending or suspended may only be read, and only by its owner: why. */
  readonly readOnly: 'COMPANY_PENDING' | 'COMPANY_SUSPENDED' | undefined;
  /** Staff inside a company, by a support session. */
  readonly support: boolean;
  /** The person signed in by a one-time code, and entered no password. */
  readonly byCode?: boolean;
  /** Scopes of the token: they narrow, never widen. Absent: no narrowing. */
  readonly tokenScopes?: readonly string[];
}
