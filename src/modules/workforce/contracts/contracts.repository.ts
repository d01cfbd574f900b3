import Type from 'typebox';
import type { Reader } from '../../../platform/db/database.ts';
import { equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { code, day, instant, nullable, oneOf, text, uuid } from '../../../platform/schema/types.ts';

export const CONTRACT_STATES = ['draft', 'active', 'suspended', 'ended'] as const;

const GIVEN = ['number', 'projectId', 'contractorName', 'contractorRut', 'startsOn', 'endsOn', 'terms'] as const;

export const Contract = entity({
  table: 'contract',
  fields: {
    number: code(60),
    projectId: nullable(uuid({ description: 'Absent: good for every project' })),
    contractorName: text(200),
    contractorRut: Type.String({
      minLength: 1,
      maxLength: 40,
      description: 'Kept as `12345678-5`',
      examples: ['76086428-5'],
    }),
    startsOn: day(),
    endsOn: nullable(day({ description: 'Last day, included' })),
    terms: nullable(text(4_000)),
    status: oneOf(CONTRACT_STATES),
  },
  hidden: { endsAt: nullable(instant()) },
  create: GIVEN,
  edit: GIVEN,
  search: ['number', 'contractorName', 'contractorRut'],
});
export type ContractRow = RowOf<typeof Contract>;

export const contractList: ListDefinition = {
  name: 'contracts',
  from: 'from contract k',
  alias: 'k',
  where: 'k.company_id = $1 and k.deleted_at is null',
  item: Contract.json('k'),
  sorts: { number: 'k.number', contractorName: 'k.contractor_name' },
  defaultSort: 'number',
  filters: {
    status: equalTo('k.status', oneOf(CONTRACT_STATES)),
    projectId: equalTo('k.project_id', uuid()),
  },
  search: 'contract',
};

/** Whether a work assignment names the contract. */
export const contractIsUsed = async (reader: Reader, id: string): Promise<boolean> =>
  (
    await reader.prepared(
      'select 1 from work_assignment a where a.company_id = $1 and a.contract_id = $2 and a.deleted_at is null limit 1',
      [reader.companyId, id],
    )
  ).length > 0;
