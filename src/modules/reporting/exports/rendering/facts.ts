import type { Reader } from '../../../../platform/db/database.ts';
import type { Bind } from '../../../../platform/db/list.ts';
import type { Filters, ReportDefinition, ReportReach, ReportScope } from '../../../../platform/render/report.ts';
import type { Fact } from './pdf.ts';
import { labelText } from './texts.ts';
import type { Texts } from './texts.ts';

const PERIOD = new Set(['from', 'to']);

/** How the row that a filter names is called; `$2` is its id. */
const NAMES: Readonly<Record<string, (visible: ReportReach, scope: ReportScope, bind: Bind) => string>> = {
  siteId: () => 'select x.name from site x where x.company_id = $1 and x.id = $2',
  projectId: () => `select x.code || ' · ' || x.name as name from project x where x.company_id = $1 and x.id = $2`,
  departmentId: () => 'select x.name from department x where x.company_id = $1 and x.id = $2',
  profileId: (visible, scope, bind) =>
    `select x.first_name || ' ' || x.last_name as name from profile x
     where x.company_id = $1 and x.id = $2 and ${visible(scope, 'x.id', bind)}`,
};

const nameOf = async (
  reader: Reader,
  filter: string,
  id: unknown,
  visible: ReportReach,
  scope: ReportScope,
): Promise<string | undefined> => {
  const values: unknown[] = [reader.companyId, id];
  const sql = NAMES[filter]?.(visible, scope, (value) => `$${values.push(value)}`);
  if (sql === undefined) return undefined;
  return (await reader.query<{ name: string }>(sql, values))[0]?.name;
};

/** The filters that were set, the period aside, as a reader understands them: names for ids, texts for codes. */
export const filterFacts = async (
  reader: Reader,
  visible: ReportReach,
  report: ReportDefinition,
  filters: Filters,
  scope: ReportScope,
  texts: Texts,
): Promise<Fact[]> => {
  const facts: Fact[] = [];
  for (const [filter, value] of Object.entries(filters)) {
    if (PERIOD.has(filter)) continue;
    const labels = report.filterLabels?.[filter];
    const shown =
      labels === undefined ? await nameOf(reader, filter, value, visible, scope) : labelText(labels, value, texts);
    facts.push({ label: texts.t(`reports:filters.${filter}`), value: shown ?? '–' });
  }
  return facts;
};
