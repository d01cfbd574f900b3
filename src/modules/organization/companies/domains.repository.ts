import Type from 'typebox';
import { entity, exact, instant, line, nullable, oneOf } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';
import { recordNameOf, recordValueOf } from './hosts.ts';

/** A host that a company says is its own; see docs/glossary.md. */
export const CompanyDomain = entity({
  table: 'company_domain',
  fields: {
    host: Type.String({ maxLength: 253, examples: ['angelis.minera-norte.cl'] }),
    status: oneOf(['claimed', 'verified', 'lapsed']),
    verifiedAt: nullable(instant({ description: 'Since when it is verified' })),
    checkedAt: nullable(instant({ description: 'When DNS answered last' })),
    failingSince: nullable(instant({ description: 'Since when the record is missing; it lapses three days later' })),
  },
  hidden: {
    token: line(64),
    checkAt: nullable(instant()),
  },
  create: [],
  edit: [],
});
export type CompanyDomainRow = RowOf<typeof CompanyDomain>;

/** The domain, and the record that proves it. */
export const DOMAIN_VIEW = exact({
  ...CompanyDomain.view.properties,
  record: exact(
    { type: Type.Literal('TXT'), name: Type.String(), value: Type.String() },
    { description: 'What has to stand in DNS, for as long as the domain is used' },
  ),
});

/** As answers show it. */
export const showDomain = (row: CompanyDomainRow) => ({
  ...(CompanyDomain.show(row) as CompanyDomainRow),
  record: { type: 'TXT' as const, name: recordNameOf(row.host), value: recordValueOf(row.token) },
});

/** The id of the company's domain; undefined without one. */
export const domainOf = async (reader: Reader): Promise<string | undefined> => {
  const [row] = await reader.prepared<{ id: string }>(
    'select id from company_domain where company_id = $1 and deleted_at is null',
    [reader.companyId],
  );
  return row?.id;
};
