import Type from 'typebox';
import type { Opener } from '../../../platform/change/company-vault.ts';
import { code, day, entity, integer, listOf, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';
import { metricsPlace } from '../intake/facts.ts';
import type { SealedContent } from '../intake/facts.ts';
import { isValidResult } from '../intake/known.ts';
import type { Level, Reason } from '../classification/classify.ts';
import { BASELINE_STATUSES } from './baseline.ts';
import type { Baseline, BaselineTest, Renewal } from './baseline.ts';

/** A person's own measure of one test. Its values are sealed: means and deviations are raw values too. */
export const StoredBaseline = entity({
  table: 'baseline',
  fields: {
    profileId: uuid(),
    definitionCode: code(40),
    revision: integer(1, 1_000_000),
    status: oneOf(BASELINE_STATUSES),
    provisional: Type.Boolean({ description: 'Serves with the deviation of the group' }),
    n: integer(0, 1_000),
    fromOn: nullable(day({ description: 'Date of the last test it rests on' })),
    capped: Type.Boolean({ description: 'Held at the limit of drift or at the minimum standard' }),
    supersededBy: nullable(uuid()),
    reason: nullable(text(500)),
  },
  hidden: { valuesSealed: Type.String() },
  create: [],
  edit: [],
});
export type StoredBaselineRow = RowOf<typeof StoredBaseline>;

export const baselineList = listOf(StoredBaseline, {
  sorts: ['-createdAt'],
  filters: ['profileId'],
  coarse: { definitionCode: 'some definitions, all of them common', status: 'some states, all of them common' },
});

export interface SealedBaseline {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly testIds: readonly string[];
  /** Absent in a first version. */
  readonly renewal?: Renewal | null;
}

export const baselinePlace = (id: string): string => `baseline.values:${id}`;

export const toBaseline = (row: StoredBaselineRow, open: Opener): Baseline => {
  const sealed = JSON.parse(open(baselinePlace(row.id), row.valuesSealed)) as SealedBaseline;
  const { mean, sd, testIds, renewal = null } = sealed;
  const { revision: version, status, provisional, n, fromOn: from, capped } = row;
  return { version, status, provisional, mean, sd, n, testIds: [...testIds], from, capped, renewal };
};

/** The current baselines of people, in the order of their ids. */
export const currentBaselines = async (
  reader: Reader,
  profileIds: readonly string[],
): Promise<{ id: string; profileId: string; definitionCode: string }[]> =>
  reader.prepared(
    `select id, profile_id as "profileId", definition_code as "definitionCode" from baseline
     where company_id = $1 and profile_id = any($2) and status <> 'superseded' and deleted_at is null order by id`,
    [reader.companyId, profileIds],
  );

/** People with reaction tests, in the order of their ids, after one of them. */
export const testedProfiles = async (reader: Reader, after: string | null, limit: number): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select p.id from profile p where p.company_id = $1 and ($2::uuid is null or p.id > $2) and p.deleted_at is null
       and exists (select 1 from test_result r where r.company_id = $1 and r.profile_id = p.id
         and r.definition_code in ('PVT-B', 'PVT-10'))
     order by p.id limit $3`,
    [reader.companyId, after, limit],
  );
  return rows.map(({ id }) => id);
};

interface TestRow {
  readonly id: string;
  readonly profileId: string;
  readonly definitionCode: string;
  readonly date: string;
  readonly takenAt: string;
  readonly supervised: boolean;
  readonly practice: boolean;
  readonly level: Level;
  readonly reasons: Reason[];
  readonly sealed: string;
}

/** A test as a baseline sees it, and whose it is. */
export interface OwnedBaselineTest extends BaselineTest {
  readonly profileId: string;
  readonly definitionCode: string;
}

/** The reaction tests of people that stand, since an instant. Dates are those of the person's site, else of the company. */
export const baselineTests = async (
  reader: Reader,
  profileIds: readonly string[],
  since: Date,
  open: Opener,
): Promise<OwnedBaselineTest[]> => {
  const rows = await reader.prepared<TestRow>(
    `select r.id, r.profile_id as "profileId", r.definition_code as "definitionCode",
       to_char(r.taken_at at time zone coalesce(s.timezone, c.timezone), 'YYYY-MM-DD') as date, r.taken_at as "takenAt",
       r.supervised, r.practice, r.level, r.reasons, r.metrics_sealed as sealed
     from test_result r
     join test_result_key k on k.company_id = $1 and k.result_id = r.id and not k.is_duplicate
     join company c on c.id = $1
     join profile p on p.company_id = $1 and p.id = r.profile_id
     left join site s on s.company_id = $1 and s.id = p.site_id
     where r.company_id = $1 and r.profile_id = any($2) and r.taken_at > $3 and r.definition_code in ('PVT-B', 'PVT-10')
     order by r.taken_at, r.id`,
    [reader.companyId, profileIds, since],
  );
  return rows.map(({ sealed, level, reasons, takenAt, ...row }) => {
    const { content, rested } = JSON.parse(open(metricsPlace(row.id), sealed)) as SealedContent;
    const speed = content.kind === 'reaction' ? content.metrics.scoredSpeed : Number.NaN;
    const valid = isValidResult({ reasons });
    return { ...row, takenAt: new Date(takenAt), speed, valid, rested, passed: level === 'green' };
  });
};
