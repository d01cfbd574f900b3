import { coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { line, oneOf, uuid } from '../../../platform/schema/types.ts';
import { INGESTED } from './cursor.ts';

/** Whose the rows of a source are, by the code of a company that stands in them; without one the company's slug counts. */
export const SourceCompany = entity({
  table: 'source_company',
  fields: {
    source: oneOf(INGESTED),
    code: line(200, { description: 'As it stands in the rows, without blanks around it' }),
    companyId: uuid(),
  },
  create: ['source', 'code', 'companyId'],
  edit: ['companyId'],
});
export type SourceCompanyRow = RowOf<typeof SourceCompany>;

export const sourceCompanyList: ListDefinition = {
  name: 'source-companies',
  from: 'from source_company m',
  alias: 'm',
  where: 'm.company_id <> $1 and m.deleted_at is null',
  item: SourceCompany.json('m'),
  sorts: { code: 'm.code' },
  defaultSort: 'code',
  filters: {
    source: coarse(equalTo('m.source', oneOf(INGESTED)), 'codes are some hundreds'),
    code: coarse(equalTo('m.code', line(200)), 'the same'),
    companyId: coarse(equalTo('m.company_id', uuid()), 'the same'),
  },
};
