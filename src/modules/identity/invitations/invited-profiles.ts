import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Caller } from '../../organization/caller.ts';

/** Somebody whom an invitation asks to join. What is null or left out it does not say: a draft that is there keeps its own. */
export interface Invitee {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly kind?: 'employee' | 'contractor' | 'guest' | 'temporary' | null;
  readonly departmentId?: string | null;
  readonly siteId?: string | null;
  readonly expiresAt?: string | null;
}

/** A role that comes with an invitation: a system role or an own one, within a scope or not. */
export interface OfferedRole {
  readonly systemRole?: string | null;
  readonly roleId?: string | null;
  readonly scopeKind?: 'department' | 'project' | null;
  readonly scopeId?: string | null;
  readonly expiresAt?: string | null;
}

/** What whoever is invited will be. */
export interface InvitationAttributes {
  /** Postgraduate year of a resident, 1 to 10: who accepts becomes one. */
  readonly pgyLevel?: number;
}

/** What comes with an invitation: given with it, and taken away unless somebody accepts. */
export interface Gifts {
  /** Assignments of roles. */
  readonly givenRoles: readonly string[];
  /** Grants of features. */
  readonly givenGrants: readonly string[];
  readonly attributes: InvitationAttributes;
}

/** What a sender names of it. */
export interface Offer {
  readonly roles?: readonly OfferedRole[];
  /** Codes of features. */
  readonly features?: readonly string[];
  readonly attributes?: InvitationAttributes;
}

/** What the organization does with the profiles of invitations; each in the company's transaction. */
export interface InvitedProfiles {
  /**
   * Asks somebody to join: their draft profile, made where the department (or, where none is named, the company) has none of
   * this address, becomes what is said of them, gets the roles and features as the caller may give them, and is invited.
   * Answers its id. Throws 403, 409, 422.
   */
  invite(tx: Tx, caller: Caller, request: Invitee & Offer & { readonly locale: Locale }): Promise<string>;
  /** Throws 409 where the company takes nobody in: it is suspended, or closed. */
  mustTakeIn(tx: Tx): Promise<void>;
  /** Whether whoever was in the company with this address left: a second profile would not be theirs to accept. */
  isOfLeaver(reader: Reader, email: string): Promise<boolean>;
  /** Locks a profile: before its invitation, always. */
  lock(tx: Tx, profileId: string): Promise<void>;
  /** Throws 403 for somebody who holds what the caller could not give. */
  mayManage(tx: Tx, caller: Caller, profileId: string): Promise<void>;
  /**
   * An invited profile gets its person, becomes active, and what its invitation says that it will be. 409 when it is not
   * invited, the person is here already, or the plan has no room any more.
   */
  activate(tx: Tx, profileId: string, personId: string, attributes: InvitationAttributes): Promise<void>;
  /** Its invitation ended: it is a draft again. */
  lapse(tx: Tx, profileId: string): Promise<void>;
  /** Takes away what came with an invitation that nobody accepted. */
  takeBack(tx: Tx, gifts: Pick<Gifts, 'givenRoles' | 'givenGrants'>): Promise<void>;
}
