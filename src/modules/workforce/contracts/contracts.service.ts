import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { MovingParts, Tx } from '../../../platform/module.ts';
import { parseRut } from '../../../platform/text/rut.ts';
import type { Zones } from '../ports.ts';
import type { ContractRow } from './contracts.repository.ts';

/** Contracts with contractors: their dates in the zone of the project's site, their moves. */
export const createContractsService = ({ zones, ...parts }: MovingParts<ContractRow> & { readonly zones: Zones }) => {
  const derive = async (tx: Tx, row: Pick<ContractRow, 'contractorRut' | 'projectId' | 'startsOn' | 'endsOn'>) => {
    const rut = parseRut(row.contractorRut);
    if (!rut.ok) throw invalid('/contractorRut', rut.problem);
    if (row.endsOn !== null && row.endsOn < row.startsOn) throw invalid('/endsOn', 'BEFORE_START');
    return { contractorRut: rut.rut.value, endsAt: await zones.endOfDay(tx, row.endsOn, row) };
  };
  return createCrud({
    ...parts,
    onCreate: derive,
    onEdit: (tx, row, patch) => {
      if (row.status === 'ended') throw conflict('CONTRACT_ENDED');
      return derive(tx, { ...row, ...patch });
    },
    onRemove: (_tx, { status }) => {
      if (status !== 'draft') throw conflict('CONTRACT_IN_USE');
    },
    onRestore: derive,
  });
};
