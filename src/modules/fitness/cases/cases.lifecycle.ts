import Type from 'typebox';
import { conflict, exact, invalid, lifecycle, move, oneOf, text } from '../../../platform/module.ts';
import type { Context, Lifecycle, Tx } from '../../../platform/module.ts';
import {
  CASE_DECISIONS,
  FitnessCase,
  greenAfter,
  Restrictions,
  UNDECIDED,
  undecidedCaseOf,
} from './cases.repository.ts';
import type { FitnessCaseRow } from './cases.repository.ts';
import { ASSESSMENT } from '../assessment.ts';
import type { Decisions } from '../decisions.ts';
import type { EscalationStep } from '../ports.ts';
import type { Holds } from './holds.repository.ts';

const permission = 'fitness:case:move';

const DECIDE = exact({
  decision: oneOf(CASE_DECISIONS),
  assessment: ASSESSMENT,
  note: text(2_000, { description: 'Why; no medical cause' }),
  restrictions: Type.Optional(Restrictions),
  transportArranged: Type.Optional(Type.Boolean()),
});

export interface CaseEffects {
  /** Keeps what was decided, and why, for ever. */
  readonly keep: Decisions['write'];
  readonly holds: Holds;
  /** Tells who stands at `step`, and writes down that they were told. */
  readonly tell: (tx: Tx, row: FitnessCaseRow, step: EscalationStep) => Promise<void>;
  /** Tells the supervisor to look again at somebody who works under restrictions. */
  readonly recheck: (tx: Tx, row: FitnessCaseRow) => Promise<void>;
  /** Puts a case that nobody decided into the breach report. */
  readonly breach: (tx: Tx, row: FitnessCaseRow) => Promise<void>;
  /** When the shift that the person is on ends, ISO text; undefined where none runs. */
  readonly shiftEnd: (tx: Tx, profileId: string) => Promise<string | undefined>;
  /** Whether a medical fitness of the person was renewed since `since`. */
  readonly medicalRenewedSince: (tx: Tx, profileId: string, since: string) => Promise<boolean>;
}

const isOwn = (row: FitnessCaseRow, caller?: Context): boolean => caller?.principal.profileId === row.profileId;
/** Whoever reaches direct reports only acts as a supervisor. */
const isSupervisorOnly = (caller?: Context): boolean =>
  caller !== undefined && (caller.allowance.reach === 'reports' || caller.allowance.reach === 'self');
const notOwn = (row: FitnessCaseRow, _now: Date, caller?: Context) => (isOwn(row, caller) ? 'CASE_OWN' : undefined);

const whoDecides = (row: FitnessCaseRow, _now: Date, caller?: Context): string | undefined => {
  if (isOwn(row, caller)) return 'CASE_OWN';
  if (!isSupervisorOnly(caller)) return undefined;
  if (row.status === 'lapsed') return 'CASE_LAPSED_NEEDS_MANAGER';
  return row.level === 'red' && !row.terms.redDecidedBySupervisor ? 'CASE_RED_NEEDS_MANAGER' : undefined;
};

const later = (from: string, minutes: number): string => new Date(Date.parse(from) + minutes * 60_000).toISOString();
const dateOrNull = (at: string | null): Date | null => (at === null ? null : new Date(at));
const isCleared = ({ decision }: FitnessCaseRow): boolean =>
  decision === 'cleared' || decision === 'cleared_with_restrictions';

/** Instants at which a case, whatever opened it, goes up unless somebody acknowledges it. */
export const escalationOf = (from: string, terms: FitnessCaseRow['terms']) => ({
  managerDueAt: later(from, terms.managerMinutes),
  safetyAdminDueAt: later(from, terms.safetyAdminMinutes),
  escalatedTo: null,
});

/** What nobody has done yet in a case that was opened, or opened again: the change log and the decisions keep what was before. */
export const AFRESH = {
  acknowledgedBy: null,
  acknowledgedAt: null,
  restFrom: null,
  restUntil: null,
  nap: null,
  retestUntil: null,
  retests: 0,
  retestResultId: null,
  retestLevel: null,
  decision: null,
  restrictions: null,
  recheckToldAt: null,
  transportArranged: null,
  decidedBy: null,
  decidedAt: null,
  closedAt: null,
  lapsedAt: null,
} as const;

/** Decided or closed with its shift, restrictions are looked at again when the human who set them said. */
const recheckIn = (state: 'decided' | 'closed', recheck: CaseEffects['recheck']) =>
  move<FitnessCaseRow>({
    from: [state],
    to: state,
    summary: 'Tell the supervisor to look again',
    dueAt: ({ restrictions, recheckToldAt }) =>
      recheckToldAt === null ? dateOrNull(restrictions?.recheckAt ?? null) : null,
    set: (_context, now) => ({ recheckToldAt: now.toISOString() }),
    effect: (tx, { row }) => recheck(tx, row),
  });

const timers = ({ tell, recheck, breach }: CaseEffects) => ({
  recheck: recheckIn('decided', recheck),
  recheck_closed: recheckIn('closed', recheck),
  escalate_manager: move<FitnessCaseRow>({
    from: ['open'],
    to: 'open',
    summary: 'Tell the manager that nobody acknowledged',
    dueAt: (row) => (row.escalatedTo === null ? dateOrNull(row.managerDueAt) : null),
    set: () => ({ escalatedTo: 'manager' }),
    effect: (tx, { row }) => tell(tx, row, 'manager'),
  }),
  escalate_safety_admin: move<FitnessCaseRow>({
    from: ['open'],
    to: 'open',
    summary: 'Tell the safety admin that nobody acknowledged',
    dueAt: (row) => (row.escalatedTo === 'manager' ? dateOrNull(row.safetyAdminDueAt) : null),
    set: () => ({ escalatedTo: 'safety_admin' }),
    effect: (tx, { row }) => tell(tx, row, 'safety_admin'),
  }),
  end_rest: move<FitnessCaseRow>({
    from: ['resting'],
    to: 'awaiting_retest',
    summary: 'The rest is over',
    dueAt: (row) => dateOrNull(row.restUntil),
    when: (row, now) =>
      row.restUntil !== null && Date.parse(row.restUntil) <= now.getTime() ? undefined : 'CASE_RESTING',
    set: ({ row }) => ({ retestUntil: later(row.restUntil!, row.terms.retestWithinMinutes) }),
  }),
  expire_retest: move<FitnessCaseRow>({
    from: ['awaiting_retest'],
    to: 'not_retested',
    summary: 'Nobody took the retest',
    dueAt: (row) => dateOrNull(row.retestUntil),
  }),
  lapse: move<FitnessCaseRow>({
    from: UNDECIDED,
    to: 'lapsed',
    summary: 'The shift ended undecided',
    dueAt: (row) => new Date(row.lapseAt),
    set: (_context, now) => ({ lapsedAt: now.toISOString() }),
    effect: (tx, { row }) => breach(tx, row),
  }),
  close: move<FitnessCaseRow>({
    from: ['decided'],
    to: 'closed',
    summary: 'The shift of a cleared person ended',
    dueAt: (row) => (isCleared(row) ? new Date(row.lapseAt) : null),
    when: (row) => (isCleared(row) ? undefined : 'CASE_NOT_CLEARED'),
    set: (_context, now) => ({ closedAt: now.toISOString() }),
  }),
});

const decide = ({ keep, holds, shiftEnd }: CaseEffects) =>
  move<FitnessCaseRow, typeof DECIDE.properties>({
    from: ['retested', 'not_retested', 'acknowledged', 'lapsed'],
    to: 'decided',
    permission,
    summary: 'Decide a case',
    fields: DECIDE,
    when: whoDecides,
    check: async (tx, { input }) => {
      const { decision, restrictions, transportArranged } = input;
      if (decision === 'sent_home' && transportArranged !== true)
        throw invalid('/transportArranged', 'TRANSPORT_NEEDED');
      const isRestricting = decision === 'cleared_with_restrictions';
      if (isRestricting !== (restrictions !== undefined))
        throw invalid('/restrictions', isRestricting ? 'required' : 'RESTRICTIONS_NOT_EXPECTED');
      if (restrictions === undefined) return Promise.resolve();
      const { noDriving, accompanied, noHeights, until, recheckAt } = restrictions;
      if (!noDriving && !accompanied && !noHeights) throw invalid('/restrictions', 'RESTRICTIONS_EMPTY');
      if (until !== null && Date.parse(until) <= tx.now.getTime())
        throw invalid('/restrictions/until', 'NOT_IN_FUTURE');
      if (recheckAt !== null && Date.parse(recheckAt) <= tx.now.getTime())
        throw invalid('/restrictions/recheckAt', 'NOT_IN_FUTURE');
      return Promise.resolve();
    },
    // Restrictions end with the exposure that the case is about, else with the shift that runs; never is no end.
    find: async (tx, { row, input: { restrictions } }) => {
      if (restrictions === undefined) return { restrictions: null };
      const ownEnd = Date.parse(row.lapseAt) > tx.now.getTime() ? row.lapseAt : undefined;
      const until = restrictions.until ?? ownEnd ?? (await shiftEnd(tx, row.profileId));
      if (until === undefined) throw invalid('/restrictions/until', 'UNTIL_NEEDED');
      return { restrictions: { ...restrictions, until } };
    },
    set: ({ input, caller }, now) => {
      const { decision, transportArranged = null } = input;
      return {
        decision,
        transportArranged,
        decidedBy: caller?.principal.profileId ?? null,
        decidedAt: now.toISOString(),
      };
    },
    effect: async (tx, { row, input: { assessment, note } }) => {
      await keep(tx, {
        profileId: row.profileId,
        about: { caseId: row.id },
        decision: row.decision!,
        restrictions: row.restrictions,
        transportArranged: row.transportArranged,
        decidedBy: row.decidedBy,
        decidedAt: row.decidedAt!,
        texts: { assessment, note },
      });
      if (!isCleared(row)) return;
      await holds.release(tx, row.id, row.decision!);
      if (row.restrictions === null) return;
      const { profileId, id: caseId, level, restrictions } = row;
      await holds.restrict(tx, { profileId, caseId, level, restrictions, endsAt: restrictions.until });
    },
  });

const people = (effects: CaseEffects) => ({
  acknowledge: move<FitnessCaseRow>({
    from: ['open'],
    to: 'acknowledged',
    permission,
    summary: 'Take a case on; the escalation stops',
    when: notOwn,
    set: ({ caller }, now) => ({
      acknowledgedBy: caller?.principal.profileId ?? null,
      acknowledgedAt: now.toISOString(),
    }),
  }),
  rest: move({
    from: ['acknowledged'],
    to: 'resting',
    permission,
    summary: 'Send to rest before a retest',
    fields: exact({ nap: Type.Boolean({ description: 'A nap: the rest is longer (sleep inertia)' }) }),
    when: (row: FitnessCaseRow, now, caller) => {
      if (row.retests >= row.terms.maximumRetests) return 'CASE_RETESTS_USED';
      return notOwn(row, now, caller);
    },
    set: ({ row, input: { nap } }, now) => ({
      nap,
      restFrom: now.toISOString(),
      restUntil: later(now.toISOString(), nap ? row.terms.napMinutes : row.terms.restMinutes),
    }),
  }),
  decide: decide(effects),
  return: move<FitnessCaseRow>({
    from: ['decided'],
    to: 'returned',
    permission,
    summary: 'Back to work after a later green result, or a renewed medical fitness',
    when: (row, now, caller) => {
      if (row.decision === null || isCleared(row)) return 'CASE_NOTHING_TO_RETURN_FROM';
      return notOwn(row, now, caller);
    },
    find: async (tx, { row }) => {
      if (row.decision !== 'referred') {
        const returnedResultId = await greenAfter(tx, row);
        if (returnedResultId === undefined) throw conflict('CASE_GREEN_NEEDED');
        return { returnedResultId };
      }
      if (await effects.medicalRenewedSince(tx, row.profileId, row.decidedAt!)) return { returnedResultId: null };
      throw conflict('CASE_MEDICAL_FITNESS_NEEDED');
    },
    set: ({ caller }, now) => ({
      returnedBy: caller?.principal.profileId ?? null,
      returnedAt: now.toISOString(),
    }),
    effect: (tx, { row }) => effects.holds.release(tx, row.id, 'returned'),
  }),
  reopen: move({
    from: ['decided', 'closed'],
    to: 'open',
    permission: 'fitness:safety:reopen',
    summary: 'Open a decided case again',
    fields: exact({ reason: text(500) }),
    when: notOwn,
    check: async (tx, { row }) => {
      if ((await undecidedCaseOf(tx, row.profileId)) !== undefined) throw conflict('CASE_ALREADY_OPEN');
    },
    set: ({ row }: { row: FitnessCaseRow }, now) => ({
      ...AFRESH,
      ...escalationOf(now.toISOString(), row.terms),
      reopened: row.reopened + 1,
      lapseAt: new Date(
        Math.max(Date.parse(row.lapseAt), now.getTime() + row.terms.reopenedHours * 3_600_000),
      ).toISOString(),
    }),
    effect: async (tx, { row }) => {
      await effects.holds.lift(tx, { caseId: row.id }, 'reopened');
      await effects.holds.start(tx, { profileId: row.profileId, caseId: row.id, level: row.level });
      await effects.tell(tx, row, 'supervisor');
    },
  }),
});

/** The table of a case's moves, domain.md 4a. */
export const createCaseLifecycle = (effects: CaseEffects): Lifecycle<FitnessCaseRow> =>
  lifecycle<FitnessCaseRow>({
    entity: FitnessCase,
    initial: 'open',
    moves: {
      ...people(effects),
      ...timers(effects),
      retest: move({
        from: ['awaiting_retest'],
        to: 'retested',
        summary: 'A valid retest came',
        fields: exact({
          resultId: Type.String(),
          level: Type.String(),
          worst: oneOf(['none', 'yellow', 'orange', 'red']),
        }),
        set: ({
          row,
          input,
        }: {
          row: FitnessCaseRow;
          input: { resultId: string; level: string; worst: FitnessCaseRow['level'] };
        }) => ({
          retestResultId: input.resultId,
          retestLevel: input.level,
          level: input.worst,
          retests: row.retests + 1,
        }),
      }),
    },
  });
