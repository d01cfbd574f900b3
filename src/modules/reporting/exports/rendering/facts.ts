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
