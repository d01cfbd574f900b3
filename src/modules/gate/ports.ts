import type { Reader, Tx } from '../../platform/db/database.ts';
import type { GateFacts } from './facts.ts';
import type { ActualShift, DeclaredHours } from './hours.ts';
import type { HourLimitsOverride, HourPolicy } from './rules.ts';

/** May this person do this work, here, at this instant? What is null follows from what is given: shift → assignment → site; where work starts now and no shift is named, the person's own. */
export interface GateQuestion {
  readonly profileId: string;
  readonly purpose: GateFacts['purpose'];
  /** ISO 8601. */
  readonly at: string;
  readonly assignmentId: string | null;
  readonly shiftId: string | null;
  readonly siteId: string | null;
  /** Besides the task kinds of the assignment. */
  readonly taskKindIds: readonly string[];
  /** Kinds of equipment, besides those of the assignment. */
  readonly equipmentKindIds: readonly string[];
}

/** Working time as the database gives it; the gate turns it into the hours of one question. */
export interface RawHours {
  readonly ahead: {
    readonly shift: string;
    readonly date: string;
    readonly kind: 'day' | 'night' | 'travel';
    readonly startsAt: string;
    readonly plannedAt: string;
    readonly endsAt: string;
    readonly extensionAuthorized: boolean;
  };
  readonly worked: readonly (Omit<ActualShift, 'startedAt' | 'endedAt'> & {
    readonly startedAt: string;
    readonly endedAt: string | null;
  })[];
  readonly declared: readonly DeclaredHours[];
}

/** The facts that areas provide; what is left of `GateFacts` the gate knows from the question. */
export interface ProvidedFacts extends Pick<
  GateFacts,
  | 'highRisk'
  | 'work'
  | 'equipment'
  | 'profile'
  | 'assignment'
  | 'project'
  | 'contract'
  | 'licenses'
  | 'holds'
  | 'restrictions'
  | 'requirements'
  | 'credentials'
  | 'leave'
> {
  readonly hours: RawHours | null;
  /** Limits of the fitness policy that holds for the person; null where it names none. */
  readonly policyLimits: HourPolicy | null;
  /** The authorization of the roster that is in force on the day of the work. */
  readonly authorization: { readonly reference: string; readonly limits: HourLimitsOverride } | null;
}

export type FactName = keyof ProvidedFacts;

/**
 * What an area knows. Each fact is an SQL expression that gives JSON in the shape of `ProvidedFacts`, correlated with the
 * question `q`: its columns are those of `GatePlace` and profile_id, purpose, at. Every table reference carries
 * `company_id = $1`. The gate reads the facts of all questions in one statement made of them.
 */
export interface FactProvider {
  readonly name: string;
  readonly facts: Readonly<Partial<Record<FactName, string>>>;
}

/**
 * Where the work is: an SQL select, lateral to the question `asked` (profile_id, purpose, at, assignment_id, shift_id,
 * site_id, task_kind_ids, equipment_kind_ids), of exactly one row with assignment_id, shift_id, project_id, site_id, task_kind_ids,
 * equipment_kind_ids, zone.
 */
export type GatePlace = string;

/** What the gate answers others that run in a transaction of their own. */
export interface Gate {
  /** Decides, and stores the decision. */
  decide(tx: Tx, question: GateQuestion): Promise<GateVerdict>;
  /**
   * As `decide`; unless the work may go on, refuses it: 409 GATE_BLOCKED with the reasons and the id of the decision, which is
   * stored after the caller's work was rolled back. `prepare` writes facts that must be there to be asked for, and that a
   * refusal keeps: with it the decision is taken again then.
   */
  require(tx: Tx, question: GateQuestion, prepare?: (tx: Tx) => Promise<void>): Promise<GateVerdict>;
  /** Answers without storing: what a board shows. In the order of the questions. */
  look(reader: Reader, questions: readonly GateQuestion[]): Promise<GateVerdict[]>;
}

export interface GateVerdict {
  /** Id of the stored decision; null where it was only looked at. */
  readonly id: string | null;
  readonly profileId: string;
  /** What the rules say. */
  readonly outcome: 'allow' | 'restrict' | 'block';
  /** The same under the overrides in force. */
  readonly effectiveOutcome: 'allow' | 'restrict' | 'block';
  readonly reasons: readonly {
    readonly code: string;
    readonly severity: string;
    readonly key: string;
    readonly params: object;
  }[];
  readonly ruleVersion: string;
}
