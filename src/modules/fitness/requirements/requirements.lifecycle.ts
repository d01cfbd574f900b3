import Type from 'typebox';
import type { Static } from 'typebox';
import { exact, lifecycle, move, oneOf } from '../../../platform/module.ts';
import type { Context, Lifecycle, Tx } from '../../../platform/module.ts';
import { ASSESSMENT } from '../assessment.ts';
import { LEVELS } from '../classification/classify.ts';
import type { Decisions } from '../decisions.ts';
import type { Draw } from './draw.ts';
import { Requirement } from './requirements.repository.ts';
import { Detected } from './requirements.repository.ts';
import type { RequirementRow } from './requirements.repository.ts';

const HOUR = 3_600_000;

export const EXCUSE_REASONS = [
  'absent',
  'shift_changed',
  'emergency',
  'device_failure',
  'source_delay',
  'not_exposed',
  'other',
] as const;

const BLOCK_REASONS = ['SOURCE_DOWN', 'DEVICE_OUTAGE', 'LICENSE_OUTAGE'] as const;

/** What made a test impossible, and by what it was detected. */
export interface Outage {
  readonly because: (typeof BLOCK_REASONS)[number];
  readonly detected: Static<typeof Detected>;
}

const isOwn = (row: RequirementRow, caller?: Context): boolean => caller?.principal.profileId === row.profileId;

/** Supervisors (reach: direct reports) excuse for so many hours after it was due; managers after that. Nobody for themselves. */
const mayExcuse = (row: RequirementRow, now: Date, caller?: Context): string | undefined => {
  if (isOwn(row, caller)) return 'REQUIREMENT_OWN';
  const reach = caller?.allowance.reach;
  const isSupervisor = reach === 'reports' || reach === 'self';
  const until = Date.parse(row.dueAt) + row.terms.supervisorHours * HOUR;
  return isSupervisor && now.getTime() > until ? 'EXCUSE_NEEDS_MANAGER' : undefined;
};

const mayReview = (row: RequirementRow, _now: Date, caller?: Context): string | undefined => {
  if (isOwn(row, caller) || caller?.principal.profileId === row.excusedBy) return 'REVIEW_OWN';
  return row.reviewDrawn && row.reviewedBy === null ? undefined : 'REVIEW_NOT_DRAWN';
};

const DONE = exact({ resultId: Type.String(), level: oneOf(LEVELS), at: Type.String() });
type Done = Pick<RequirementRow, 'resultId' | 'level'> & { at: string };

const done = (to: 'done_on_time' | 'done_late', summary: string) =>
  move({
    from: ['due'],
    to,
    summary,
    fields: DONE,
    set: ({ row, input }: { row: RequirementRow; input: Done }) => ({
      resultId: input.resultId,
      level: input.level,
      doneAt: input.at,
      attempts: row.attempts + 1,
    }),
  });

type Met = { resultId: string; at: string; dueAt: string; graceUntil: string };

export interface RequirementEffects {
  /** Keeps what was found face to face, for ever. */
  readonly keep: Decisions['write'];
  /** Ends the restrictions that a missing test brought. */
  readonly lift: (tx: Tx, row: RequirementRow, because: string) => Promise<void>;
  /** What exposure without the test brings where it is not forbidden: restrictions, and a notice. */
  readonly lacking: (tx: Tx, row: RequirementRow) => Promise<void>;
  /** What a missed test brings: a case where the table holds, a notice where there was none. */
  readonly missed: (tx: Tx, row: RequirementRow) => Promise<void>;
  /** What a human's finding that somebody is not fit brings: a case that holds, in any group. */
  readonly unfit: (tx: Tx, row: RequirementRow) => Promise<void>;
  /** Which excuses a manager reviews. */
  readonly draw: Draw;
}

/** The table of a requirement's moves, domain.md 4a. */
export const createRequirementLifecycle = ({
  keep,
  lift,
  lacking,
  missed,
  unfit,
  draw,
}: RequirementEffects): Lifecycle<RequirementRow> =>
  lifecycle<RequirementRow>({
    entity: Requirement,
    initial: 'due',
    moves: {
      complete_on_time: done('done_on_time', 'A valid result before the first exposure'),
      complete_late: done('done_late', 'A valid result after the first exposure'),
      meet: move({
        from: ['done_late', 'missed'],
        to: 'done_on_time',
        summary: 'The shift began later than planned, and after the test',
        fields: exact({ resultId: Type.String(), at: Type.String(), dueAt: Type.String(), graceUntil: Type.String() }),
        set: ({ input: { resultId, at, dueAt, graceUntil } }: { row: RequirementRow; input: Met }) => ({
          resultId,
          dueAt,
          graceUntil,
          doneAt: at,
        }),
        effect: (tx, { row }) => lift(tx, row, 'done'),
      }),
      lack: move<RequirementRow>({
        from: ['due'],
        to: 'due',
        summary: 'Exposure began without the test',
        when: (row, now) => (Date.parse(row.graceUntil) <= now.getTime() ? undefined : 'REQUIREMENT_NOT_OVER'),
        set: (_about, now) => ({ lackingSince: now.toISOString() }),
        effect: (tx, { row }) => lacking(tx, row),
      }),
      miss: move<RequirementRow>({
        from: ['due'],
        to: 'missed',
        summary: 'Nobody took the test',
        when: (row, now) => (Date.parse(row.missAt) <= now.getTime() ? undefined : 'REQUIREMENT_NOT_OVER'),
        set: () => ({ level: 'none' }),
        effect: (tx, { row }) => missed(tx, row),
      }),
      block: move({
        from: ['due'],
        to: 'blocked',
        summary: 'A detected outage made the test impossible',
        fields: exact({ because: oneOf(BLOCK_REASONS), detected: Detected }),
        set: ({ input }: { row: RequirementRow; input: Outage }) => ({
          blockedBecause: input.because,
          detected: input.detected,
        }),
      }),
      excuse: move({
        from: ['due', 'missed'],
        to: 'excused',
        permission: 'fitness:requirement:excuse',
        summary: 'Excuse a missing test',
        fields: exact({ reason: oneOf(EXCUSE_REASONS) }),
        when: mayExcuse,
        set: ({ row, input, caller }, now) => ({
          reason: input.reason,
          excusedBy: caller?.principal.profileId ?? null,
          excusedAt: now.toISOString(),
          reviewDrawn: draw('review', row.id) < 1 / row.terms.reviewOneIn,
        }),
      }),
      assess: move({
        from: ['blocked'],
        to: 'blocked',
        permission: 'fitness:requirement:assess',
        summary: 'Document the face-to-face assessment during an outage, and what it came to',
        fields: exact({
          fit: Type.Boolean({ description: 'False holds the person, in a case' }),
          assessment: ASSESSMENT,
        }),
        when: (row: RequirementRow, _now, caller) => (isOwn(row, caller) ? 'REQUIREMENT_OWN' : undefined),
        set: ({ input, caller }, now) => ({
          assessedBy: caller?.principal.profileId ?? null,
          assessedAt: now.toISOString(),
          assessedFit: input.fit,
        }),
        effect: async (tx, { row, input: { assessment } }) => {
          await keep(tx, {
            profileId: row.profileId,
            about: { requirementId: row.id },
            decision: row.assessedFit === false ? 'unfit' : 'fit',
            restrictions: null,
            transportArranged: null,
            decidedBy: row.assessedBy,
            decidedAt: row.assessedAt!,
            texts: { assessment, note: null },
          });
          await (row.assessedFit === false ? unfit(tx, row) : lift(tx, row, 'assessed'));
        },
      }),
      review: move<RequirementRow>({
        from: ['excused'],
        to: 'excused',
        permission: 'fitness:requirement:review',
        summary: 'Review an excuse that was drawn',
        when: mayReview,
        set: ({ caller }, now) => ({
          reviewedBy: caller?.principal.profileId ?? null,
          reviewedAt: now.toISOString(),
        }),
      }),
    },
  });
