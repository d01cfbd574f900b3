import type { Restriction } from '../../platform/db/list.ts';
import type { Scope } from '../../platform/db/scope.ts';
import type { Context, Reader, Tx } from '../../platform/module.ts';

/** A work assignment as other areas need to know it. */
export interface AssignmentFacts {
  readonly id: string;
  readonly profileId: string;
  readonly projectId: string;
  readonly contractId: string | null;
  readonly role: string;
  readonly taskKindIds: readonly string[];
  readonly startsOn: string;
  /** Last day, included; null: open. */
  readonly endsOn: string | null;
}

/** A shift as other areas need to know it. `workDate` is the day it starts on in its site's zone. */
export interface ShiftFacts {
  readonly id: string;
  readonly assignmentId: string;
  readonly profileId: string;
  readonly projectId: string;
  readonly workDate: string;
  readonly kind: string;
  readonly timezone: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Who may do what, asked before an assignment becomes active. Throws 409 where the answer is a block. */
export interface AssignmentGate {
  askForAssignment(tx: Tx, question: { profileId: string; assignment: AssignmentFacts }): Promise<void>;
}

/** The same question before a shift starts, and before one is given to somebody beside the roster. */
export interface ShiftGate {
  askForShift(tx: Tx, question: { profileId: string; shift: ShiftFacts }): Promise<void>;
  askForCrew(tx: Tx, question: { profileId: string; shift: ShiftFacts }): Promise<void>;
}

/** Seats of the tests that work requires, held for an assignment. */
export interface Seats {
  /** A license of each offering for the profile, shared with its other assignments. Throws 409 when no seat is free. */
  reserve(tx: Tx, wanted: { profileId: string; offerings: readonly string[]; holder: string }): Promise<void>;
  /** Gives back what only `holder` held. */
  release(tx: Tx, held: { profileId: string; holder: string }): Promise<void>;
}

/** What people are told; the notifications area sends it by their preferences. */
export interface Notice {
  readonly kind: 'credential.expiring';
  readonly profileIds: readonly string[];
  /** What it is about, for the link. */
  readonly entity: 'credential';
  readonly entityId: string;
  /** Values for the text: codes, days and counts. */
  readonly params: Readonly<Record<string, string | number>>;
}

export interface Notices {
  notify(tx: Tx, notice: Notice): Promise<void>;
}

/** Somebody's work in a project as it is to be: in force or not, and until when; null: open. */
export interface WorkAhead {
  readonly id: string;
  readonly profileId: string;
  readonly projectId: string;
  readonly isActive: boolean;
  readonly endsAt: string | null;
}

/** Throws 403 where the caller would hold more over somebody by these changes: what is held within a project is held over all at work in it. */
export type MayWork = (tx: Tx, caller: Context, changes: readonly WorkAhead[]) => Promise<void>;

/** The people whom a caller reaches by the permission of the route. */
export interface People {
  /** Restricts rows to those whose profile (`idExpression`, `t.profile_id` by default) the caller reaches. */
  restrict(context: Context, idExpression?: string): Restriction;
  /** Whether a profile is there and within reach. */
  reaches(reader: Reader, context: Context, profileId: string): Promise<boolean>;
  /** Throws 422 at `pointer` for a profile that is not there or out of reach. */
  mustReach(reader: Reader, context: Context, profileId: string, pointer?: string): Promise<void>;
}

export type { Zones } from '../organization/zones.ts';

/** A person whom a batch upload adds, as a draft profile without roles. `id` becomes the profile's. */
export interface NewPerson {
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly nationalIdKind: 'RUT' | 'PASSPORT';
  readonly contactEmail: string | null;
  readonly contactPhone: string | null;
  readonly employeeNumber: string | null;
  readonly kind: 'employee' | 'contractor' | 'guest' | 'temporary';
  readonly departmentId: string | null;
  readonly siteId: string | null;
  readonly riskGroupId: string | null;
  readonly expiresAt: string | null;
  /** The person's numbers in other systems, by system. */
  readonly links: Readonly<Record<string, string>>;
}

/** Somebody whom a batch upload invites by mail. */
export interface BulkInvitee {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Null: that of their draft, as with what follows. */
  readonly kind: 'employee' | 'contractor' | 'guest' | 'temporary' | null;
  readonly departmentId: string | null;
  readonly siteId: string | null;
  readonly expiresAt: string | null;
  /** Language of the mail. */
  readonly locale: 'es' | 'en' | 'fr';
  /** For the whole company; null: none. */
  readonly systemRole: string | null;
  /** Codes of features. */
  readonly features: readonly string[];
  readonly attributes: { readonly pgyLevel?: number };
}

/** Sends invitations for a profile, from a job: whoever they are, the rules are those of a request. */
export interface BulkInviting {
  /** Throws 403 where the caller may not invite at all, or is no profile. */
  mayInvite(principal: Context['principal']): void;
  /** How the profile invites, by what it may do now; undefined where it may not invite any more. */
  as(scope: Scope, profileId: string): Promise<((tx: Tx, invitee: BulkInvitee) => Promise<void>) | undefined>;
}

/** How a national id is read for one company: its written form and its keyed hashes, the first being the one that is stored. */
export interface NationalIdReader {
  read(kind: 'RUT' | 'PASSPORT', written: string): { readonly value: string } | { readonly problem: string };
  hashes(kind: 'RUT' | 'PASSPORT', value: string): readonly string[];
}

/** The part of the organization that batch uploads write with. */
export interface PeopleBulk {
  nationalIds(reader: Reader): Promise<NationalIdReader>;
  /** The stored form of contact data; throws a problem that names the field. */
  contact(given: { contactEmail: string | null; contactPhone: string | null }): {
    readonly contactEmail?: string | null;
    readonly contactPhone?: string | null;
  };
  /** Adds draft profiles in a few statements, with keys, search words, links and change rows. `value` is the written national id. */
  add(tx: Tx, people: readonly (NewPerson & { readonly nationalId: string })[]): Promise<void>;
}
