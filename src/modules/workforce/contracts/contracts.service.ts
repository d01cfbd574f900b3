import { lasts } from '../../../platform/access/lasting.ts';
import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { Context, MovingParts, Tx } from '../../../platform/module.ts';
import { parseRut } from '../../../platform/text/rut.ts';
import type { Zones } from '../ports.ts';
import type { ContractRow } from './contracts.repository.ts';

interface ContractsDependencies extends MovingParts<ContractRow> {
  readonly zones: Zones;
  /** Throws 403 for a caller who would hold more over somebody once the work under a contract is over, at an instant. */
  readonly mayEnd: (tx: Tx, caller: Context, id: string, at: string) => Promise<void>;
}

/** Contracts with contractors: their dates in the zone of the project's site, their moves. */
export const createContractsService = ({ zones, mayEnd, ...parts }: ContractsDependencies) => {
  const derive = async (tx: Tx, row: Pick<ContractRow, 'contractorRut' | 'projectId' | 'startsOn' | 'endsOn'>) => {
    const rut = parseRut(row.contractorRut);
    if (!rut.ok) throw invalid('/contractorRut', rut.problem);
    if (row.endsOn !== null && row.endsOn < row.startsOn) throw invalid('/endsOn', 'BEFORE_START');
    return { contractorRut: rut.rut.value, endsAt: await zones.endOfDay(tx, row.endsOn, row) };
  };
  return createCrud({
    ...parts,
    onCreate: derive,
    onEdit: async (tx, row, patch, context) => {
      if (row.status === 'ended') throw conflict('CONTRACT_ENDED');
      const derived = await derive(tx, { ...row, ...patch });
      if (derived.endsAt !== null && !lasts(derived.endsAt, row.endsAt))
        await mayEnd(tx, context, row.id, derived.endsAt);
      return derived;
    },
    onRemove: (_tx, { status }) => {
      if (status !== 'draft') throw conflict('CONTRACT_IN_USE');
    },
    onRestore: derive,
  });
};
