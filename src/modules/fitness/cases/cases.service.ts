import type { CompanyVault } from '../../../platform/change/company-vault.ts';
import { createCrud, notFound } from '../../../platform/module.ts';
import type { ChangeRecorder, Context, MovingParts, MovingService, Reader } from '../../../platform/module.ts';
import type { visibleProfiles } from '../../organization/reach.ts';
import type { FitnessCaseRow } from './cases.repository.ts';

interface CasesDependencies extends MovingParts<FitnessCaseRow> {
  readonly vault: CompanyVault;
  readonly changes: ChangeRecorder;
  readonly visible: typeof visibleProfiles;
}

/** What a human wrote when they decided; null while nobody has. */
export interface CaseNotes {
  readonly assessment: { readonly sleepHistory: string; readonly observation: string } | null;
  readonly note: string | null;
}

const placeOf = (field: 'assessment' | 'note', id: string): string => `fitness_case.${field}:${id}`;

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

/** Cases within the caller's reach, their moves, and what was written in them. */
export const createCases = ({ vault, changes, visible, ...parts }: CasesDependencies) => {
  const { repository, list, work } = parts;
  const restrict = (context: Context) => (bind: (value: unknown) => string) => visible(context, 't.profile_id', bind);
  const crud = createCrud({ ...parts, restrict });

  /** A decision's texts are sealed under the company's key before they reach the row. */
  const move: MovingService<FitnessCaseRow>['move'] = (context, id, name, input, version) => {
    if (name !== 'decide') return crud.move(context, id, name, input, version);
    return work.write(context, async (tx) => {
      const { assessment, note } = input as { assessment: object; note: string };
      const seal = await vault.sealer(tx);
      const sealed = {
        assessmentSealed: seal(placeOf('assessment', id), JSON.stringify(assessment)),
        noteSealed: seal(placeOf('note', id), note),
      };
      return crud.move({ ...context, tx }, id, name, { ...input, ...sealed }, version);
    });
  };

  return {
    ...crud,
    move,

    /** What was written in a case. The read is in the log before the answer goes out. */
    notes: (context: Context, id: string): Promise<CaseNotes> =>
      work.write(context, async (tx) => {
        if ((await list.one(tx, id, restrict(context))) === undefined) throw notFound();
        const row = await repository.get(tx, id);
        const open = await vault.opener(tx);
        await changes.event(tx, { entity: 'fitness_case', entityId: id, action: 'read_notes' });
        const { assessmentSealed, noteSealed } = row;
        return {
          assessment:
            assessmentSealed === null
              ? null
              : (JSON.parse(open(placeOf('assessment', id), assessmentSealed)) as CaseNotes['assessment']),
          note: noteSealed === null ? null : open(placeOf('note', id), noteSealed),
        };
      }),
  };
};

export type CasesService = ReturnType<typeof createCases>;
