import Type from 'typebox';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { exact, instant, nullable, oneOf, text, uuid } from '../../../platform/schema/types.ts';
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
    endedBecause: nullable(text(40)),
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

type About = { readonly caseId: string } | { readonly requirementId: string } | { readonly profileId: string };

const standing = async (reader: Reader, kind: HoldRow['kind'], about: About): Promise<string[]> => {
  const [column, id] = Object.entries(about)[0] as [keyof typeof COLUMNS, string];
  const only = column === 'profileId' ? ' and result_id is not null' : '';
  const rows = await reader.prepared<{ id: string }>(
    `select id from hold where company_id = $1 and ended_at is null and kind = $2 and ${COLUMNS[column]} = $3${only}
     order by id`,
    [reader.companyId, kind, id],
  );
  return rows.map((row) => row.id);
};

const COLUMNS = { caseId: 'case_id', requirementId: 'requirement_id', profileId: 'profile_id' } as const;

/** Holds and restrictions: what the gate asks first. Begun and ended in the transaction of what causes them. */
export const createHolds = (repository: Repository<HoldRow>) => {
  const end = async (tx: Tx, kind: HoldRow['kind'], about: About, because: string): Promise<void> => {
    for (const id of await standing(tx, kind, about)) {
      const row = await repository.lock(tx, id);
      await repository.update(tx, row, { endedAt: tx.now.toISOString(), endedBecause: because }, { action: 'end' });
    }
  };
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
    /** Ends restrictions: of a case, of a requirement, or those of a person's own yellow results. */
    lift: (tx: Tx, about: About, because: string) => end(tx, 'restrictions', about, because),
  };
};

export type Holds = ReturnType<typeof createHolds>;
