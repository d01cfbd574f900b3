import { waysOf } from '../../../../platform/access/allowance.ts';
import type { Allowance } from '../../../../platform/access/allowance.ts';
import type { GrantScope } from '../../../../platform/access/principal.ts';
import type { Reader } from '../../../../platform/db/database.ts';
import type { Filters } from '../../../../platform/render/report.ts';
import { isReference, referenceName } from '../exports.references.ts';
import type { Asked } from '../exports.references.ts';
import type { Fact } from './pdf.ts';
import { labelText } from './texts.ts';
import type { Texts } from './texts.ts';

const PERIOD = new Set(['from', 'to']);

/** The filters that were set, the period aside, as a reader understands them: names for ids, texts for codes. */
export const filterFacts = async (reader: Reader, asked: Asked, filters: Filters, texts: Texts): Promise<Fact[]> => {
  const facts: Fact[] = [];
  for (const [filter, value] of Object.entries(filters)) {
    if (PERIOD.has(filter)) continue;
    const labels = asked.report.filterLabels?.[filter];
    const named = isReference(filter) ? await referenceName(reader, asked, filter, value) : undefined;
    const shown = labels === undefined ? named : labelText(labels, value, texts);
    facts.push({ label: texts.t(`reports:filters.${filter}`), value: shown ?? '–' });
  }
  return facts;
};

/** The names of departments and projects, in the order of the scopes. */
const placesOf = async (reader: Reader, scopes: readonly GrantScope[]): Promise<string> => {
  const rows = await reader.query<{ id: string; name: string }>(
    `select d.id, d.name from department d where d.company_id = $1 and d.id = any($2::uuid[])
     union all select p.id, p.code || ' · ' || p.name from project p where p.company_id = $1 and p.id = any($2::uuid[])`,
    [reader.companyId, scopes.map(({ id }) => id)],
  );
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return scopes.map(({ id }) => names.get(id) ?? '–').join(', ');
};

/** Whom a report covers: each way in which its reader holds the permission, and what is taken out. */
export const reachFact = async (reader: Reader, allowance: Allowance, texts: Texts): Promise<Fact> => {
  const parts: string[] = [];
  for (const { reach, scopes } of waysOf(allowance)) {
    const who = texts.t(`reports:reach.${reach}`);
    const places = scopes.length === 0 ? undefined : await placesOf(reader, scopes);
    if (places === undefined) parts.push(who);
    else parts.push(reach === 'company' ? places : texts.t('reports:reach.within', { who, places }));
  }
  const { except = [] } = allowance;
  if (except.length > 0) parts.push(texts.t('reports:reach.except', { places: await placesOf(reader, except) }));
  return { label: texts.t('reports:reach.label'), value: parts.join('; ') };
};
