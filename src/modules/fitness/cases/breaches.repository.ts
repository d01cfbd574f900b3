import Type from 'typebox';
import { v7 as uuidv7 } from 'uuid';
import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Tx } from '../../../platform/db/database.ts';
import { day, instant, line, nullable, oneOf, uuid } from '../../../platform/schema/types.ts';
import type { Recipients, RosterFacts, ShiftFacts } from '../ports.ts';
import { CASE_LEVELS } from './cases.repository.ts';
import type { CaseLevel, FitnessCaseRow } from './cases.repository.ts';

const BREACH_FIELDS = {
  profileId: uuid(),
  kind: oneOf(['undecided', 'late_result']),
  shiftId: nullable(uuid()),
  shiftDate: day(),
  siteId: nullable(uuid()),
  caseId: nullable(uuid()),
  resultId: nullable(uuid()),
  level: oneOf(CASE_LEVELS),
  arrivalFlags: Type.Array(line(20), { maxItems: 10 }),
  at: instant(),
};

interface Breach {
  readonly profileId: string;
  readonly kind: 'undecided' | 'late_result';
  readonly shiftId: string | null;
  readonly shiftDate: string;
  readonly siteId: string | null;
  readonly caseId: string | null;
  readonly resultId: string | null;
  readonly level: CaseLevel;
  readonly arrivalFlags: readonly string[];
  readonly at: string;
}

interface BreachesDependencies {
  readonly changes: ChangeRecorder;
  readonly roster: Pick<RosterFacts, 'dayFor'>;
  readonly recipients: Pick<Recipients, 'audienceOf'>;
}

/** What the breach report shows for ever: written once, never changed. */
export const createBreaches = ({ changes, roster, recipients }: BreachesDependencies) => {
  const write = async (tx: Tx, breach: Breach): Promise<string> => {
    const id = uuidv7();
    const { profileId, kind, shiftId, shiftDate, siteId, caseId, resultId, level, arrivalFlags, at } = breach;
    const rows = await tx.prepared<{ id: string }>(
      `insert into fitness_breach (company_id, id, profile_id, kind, shift_id, shift_date, site_id, case_id, result_id,
         level, arrival_flags, at, created_at, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       on conflict do nothing returning id`,
      [
        tx.companyId,
        id,
        profileId,
        kind,
        shiftId,
        shiftDate,
        siteId,
        caseId,
        resultId,
        level,
        arrivalFlags,
        at,
        tx.now,
        tx.scope.actor.id,
      ],
    );
    if (rows.length === 0) {
      const known = await tx.prepared<{ id: string }>(
        'select id from fitness_breach where company_id = $1 and result_id = $2',
        [tx.companyId, resultId],
      );
      return known[0]!.id;
    }
    const row = { ...breach, id };
    const note = { action: 'create', audience: await recipients.audienceOf(tx, profileId) };
    await changes.record(tx, { table: 'fitness_breach', fields: BREACH_FIELDS }, note, undefined, row);
    return id;
  };

  return {
    /** A case whose shift ended undecided. */
    undecided: async (tx: Tx, row: FitnessCaseRow): Promise<void> => {
      const { profileId, shiftId, shiftDate, siteId, level, arrivalFlags } = row;
      const place = shiftDate === null ? await roster.dayFor(tx, profileId, row.openedAt) : { day: shiftDate, siteId };
      await write(tx, {
        profileId,
        kind: 'undecided',
        shiftId,
        level,
        arrivalFlags,
        caseId: row.id,
        resultId: null,
        shiftDate: place.day,
        siteId: place.siteId,
        at: tx.now.toISOString(),
      });
    },

    /** A result that would have held, known only after its shift had ended. Answers the row's id. */
    late: async (
      tx: Tx,
      {
        shift,
        ...given
      }: Pick<Breach, 'profileId' | 'level' | 'arrivalFlags' | 'at'> & {
        resultId: string;
        shift: ShiftFacts | undefined;
      },
    ): Promise<string> => {
      const place =
        shift === undefined
          ? await roster.dayFor(tx, given.profileId, given.at)
          : { day: shift.workDate, siteId: shift.siteId };
      return write(tx, {
        ...given,
        kind: 'late_result',
        shiftId: shift?.id ?? null,
        shiftDate: place.day,
        siteId: place.siteId,
        caseId: null,
      });
    },
  };
};

export type Breaches = ReturnType<typeof createBreaches>;
