import { createCrud, notFound } from '../../../platform/module.ts';
import type { Context, MovingParts, Reader } from '../../../platform/module.ts';
import type { towardRow, visibleProfiles } from '../../organization/reach.ts';
import type { Decisions } from '../decisions.ts';
import type { FitnessCaseRow } from './cases.repository.ts';

interface CasesDependencies extends MovingParts<FitnessCaseRow> {
  readonly decisions: Decisions;
  readonly visible: typeof visibleProfiles;
  readonly toward: typeof towardRow;
}

/** Credential kind that a referred person has to renew. */
const MEDICAL_FITNESS = 'medical_fitness';

/** Whether a medical fitness that began after `since`, by the day of the person's company, is valid. */
export const medicalRenewedSince = async (reader: Reader, profileId: string, since: string): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from credential c where c.company_id = $1 and c.profile_id = $2 and c.kind = $3 and c.status = 'valid'
       and c.deleted_at is null and c.created_at > $4 limit 1`,
    [reader.companyId, profileId, MEDICAL_FITNESS, since],
  );
  return rows.length > 0;
};

/** Cases within the caller's reach, their moves, and what was decided in them. */
export const createCases = ({ decisions, visible, toward, ...parts }: CasesDependencies) => {
  const { list, work } = parts;
  const restrict = (context: Context) => (bind: (value: unknown) => string) => visible(context, 't.profile_id', bind);
  const crud = createCrud({ ...parts, restrict, toward });

  return {
    ...crud,

    /** What was decided in a case, and why. */
    notes: (context: Context, id: string) =>
      work.write(context, async (tx) => {
        if ((await list.one(tx, id, restrict(context))) === undefined) throw notFound();
        return decisions.read(tx, 'fitness_case', id);
      }),
  };
};

export type CasesService = ReturnType<typeof createCases>;
