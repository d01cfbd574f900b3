import Type from 'typebox';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { exact, instant, line, nullable, oneOf, uuid } from '../../../platform/schema/types.ts';
import { AGAINST, ALERT_REASONS, INVALID_REASONS } from '../classification/classify.ts';
import type { MeasuredKind } from '../classification/classify.ts';
import { REACTION_PROTOCOLS } from '../classification/metrics.ts';
import { closedAlerts } from '../intake/facts.ts';
import { CASE_LEVELS } from './cases.repository.ts';
import type { CaseLevel } from './cases.repository.ts';

const Forbidden = exact({ noDriving: Type.Boolean(), accompanied: Type.Boolean(), noHeights: Type.Boolean() });

export const Hold = entity({
  table: 'hold',
  fields: {
    profileId: uuid(),
    kind: oneOf(['hold', 'restrictions']),
    caseId: nullable(uuid()),
    resultId: nullable(uuid()),
    requirementId: nullable(uuid()),
    level: oneOf(CASE_LEVELS),
    restrictions: nullable(Forbidden),
    startsAt: instant(),
    endsAt: nullable(instant()),
    endedAt: nullable(instant()),
    endedBecause: nullable(line(40)),
  },
  create: [],
  edit: [],
});
export type HoldRow = RowOf<typeof Hold>;

interface Restricting {
  readonly profileId: string;
  readonly level: CaseLevel;
  readonly restrictions: { noDriving: boolean; accompanied: boolean; noHeights: boolean };
  readonly caseId?: string;
  readonly resultId?: string;
  readonly requirementId?: string;
  readonly endsAt: string | null;
}

type About = { readonly caseId: string } | { readonly requirementId: string };

/** A result that is green by itself: what it measures, and when it was taken, ISO text. */
export interface SecondSignal {
  readonly profileId: string;
  readonly kind: MeasuredKind;
  readonly takenAt: string;
}

const standing = async (reader: Reader, kind: HoldRow['kind'], about: About): Promise<string[]> => {
  const [column, id] = Object.entries(about)[0] as [keyof typeof COLUMNS, string];
  const rows = await reader.prepared<{ id: string }>(
    `select id from hold where company_id = $1 and ended_at is null and kind = $2 and ${COLUMNS[column]} = $3
     order by id`,
    [reader.companyId, kind, id],
  );
  return rows.map((row) => row.id);
};

const COLUMNS = { caseId: 'case_id', requirementId: 'requirement_id' } as const;

const DEFINITIONS = { reaction: Object.keys(REACTION_PROTOCOLS), ocular: ['OCULAR'] } as const satisfies Record<
  MeasuredKind,
  readonly string[]
>;

/** Restrictions of somebody that stand until `endsAt`, ISO text. */
const endingAt = async (reader: Reader, profileId: string, endsAt: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from hold where company_id = $1 and profile_id = $2 and ended_at is null and kind = 'restrictions'
       and ends_at = $3 order by id`,
    [reader.companyId, profileId, endsAt],
  );
  return rows.map(({ id }) => id);
};

/**
 * Restrictions of earlier results that neither were a valid measurement of this kind nor hold it against the person. Those that an
 * alert of others brought, or coloured, only where a test for its cause or a human has answered it.
 */
const settledBy = async (reader: Reader, { profileId, kind, takenAt }: SecondSignal): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string; resultId: string; isAlerted: boolean }>(
    `select h.id, t.id as "resultId", t.reasons && $7 as "isAlerted" from hold h join test_result t on t.company_id = $1 and t.id = h.result_id
     where h.company_id = $1 and h.profile_id = $2 and h.kind = 'restrictions' and h.ended_at is null
       and t.taken_at < $3 and not t.reasons && $4 and (t.definition_code <> all($5) or t.reasons && $6)
     order by h.id`,
    [
      reader.companyId,
      profileId,
      takenAt,
      AGAINST[kind],
      DEFINITIONS[kind],
      INVALID_REASONS,
      Object.values(ALERT_REASONS),
    ],
  );
  const alerted = rows.filter(({ isAlerted }) => isAlerted).map(({ resultId }) => resultId);
  const closed = await closedAlerts(reader, alerted);
  return rows.filter(({ isAlerted, resultId }) => !isAlerted || closed.has(resultId)).map(({ id }) => id);
};

/** Holds and restrictions: what the gate asks first. Begun and ended in the transaction of what causes them. */
export const createHolds = (repository: Repository<HoldRow>) => {
  const endAll = async (tx: Tx, ids: readonly string[], because: string): Promise<void> => {
    for (const id of ids) {
      const row = await repository.lock(tx, id);
      await repository.update(tx, row, { endedAt: tx.now.toISOString(), endedBecause: because }, { action: 'end' });
    }
  };
  const end = async (tx: Tx, kind: HoldRow['kind'], about: About, because: string): Promise<void> =>
    endAll(tx, await standing(tx, kind, about), because);
  return {
    /** The hold of a case; it stands already where a case was only raised or reopened. */
    start: async (tx: Tx, { profileId, caseId, level }: { profileId: string; caseId: string; level: CaseLevel }) => {
      const [id] = await standing(tx, 'hold', { caseId });
      if (id !== undefined) {
        await repository.update(tx, await repository.lock(tx, id), { level });
        return;
      }
      const startsAt = tx.now.toISOString();
      const none = { resultId: null, requirementId: null, restrictions: null, endsAt: null };
      const open = { endedAt: null, endedBecause: null };
      await repository.insert(tx, { profileId, kind: 'hold', caseId, level, startsAt, ...none, ...open });
    },
    release: (tx: Tx, caseId: string, because: string) => end(tx, 'hold', { caseId }, because),
    restrict: async (tx: Tx, given: Restricting) => {
      const { noDriving, accompanied, noHeights } = given.restrictions;
      await repository.insert(tx, {
        caseId: null,
        resultId: null,
        requirementId: null,
        endedAt: null,
        endedBecause: null,
        ...given,
        restrictions: { noDriving, accompanied, noHeights },
        kind: 'restrictions',
        startsAt: tx.now.toISOString(),
      });
    },
    /** Those of these people on whom restrictions of their own yellow results stand. */
    restrictedAmong: async (reader: Reader, profileIds: readonly string[]): Promise<Set<string>> => {
      const rows = await reader.prepared<{ id: string }>(
        `select distinct profile_id as id from hold where company_id = $1 and ended_at is null and kind = 'restrictions'
           and profile_id = any($2) and result_id is not null`,
        [reader.companyId, profileIds],
      );
      return new Set(rows.map(({ id }) => id));
    },
    /** Restrictions until the end of an exposure that goes on longer last as long. */
    prolong: async (tx: Tx, profileId: string, from: string, to: string): Promise<void> => {
      for (const id of await endingAt(tx, profileId, from))
        await repository.update(tx, await repository.lock(tx, id), { endsAt: to }, { action: 'prolong' });
    },
    /** Ends restrictions of a case or of a requirement. */
    lift: (tx: Tx, about: About, because: string) => end(tx, 'restrictions', about, because),
    /** Ends restrictions of yellow results by a second signal of another kind; a retake of the same kind ends none, and of open alerts none. */
    settle: async (tx: Tx, signal: SecondSignal) => endAll(tx, await settledBy(tx, signal), 'second_signal'),
  };
};

export type Holds = ReturnType<typeof createHolds>;
