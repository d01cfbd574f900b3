import Type from 'typebox';
import { code, day, entity, instant, line, listOf, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';

const GIVEN = ['number', 'projectId', 'contractorName', 'contractorRut', 'startsOn', 'endsOn', 'terms'] as const;

export const Contract = entity({
  table: 'contract',
  fields: {
    number: code(60),
    projectId: nullable(uuid({ description: 'Absent: good for every project' })),
    contractorName: line(200),
    contractorRut: Type.String({
      minLength: 1,
      maxLength: 40,
      description: 'Kept as `12345678-5`',
      examples: ['76086428-5'],
    }),
    startsOn: day(),
    endsOn: nullable(day({ description: 'Last day, included' })),
    terms: nullable(text(4_000)),
    status: oneOf(['draft', 'active', 'suspended', 'ended']),
  },
  hidden: { endsAt: nullable(instant()) },
  create: GIVEN,
  edit: GIVEN,
  search: ['number', 'contractorName', 'contractorRut'],
});
export type ContractRow = RowOf<typeof Contract>;

export const contractList = listOf(Contract, { sorts: ['number', 'contractorName'], filters: ['status', 'projectId'] });
