import { createCrud } from '../../../platform/crud/service.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import { parseRut } from '../../../platform/text/rut.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import type { Zones } from '../ports.ts';
import { contractIsUsed } from './contracts.repository.ts';
import type { ContractRow } from './contracts.repository.ts';

interface ContractsDependencies {
  readonly repository: Repository<ContractRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<ContractRow>;
  readonly zones: Zones;
  readonly now: () => Date;
}

/** Contracts with contractors: their dates in the zone of the project's site, their moves. */
export const createContractsService = ({ repository, list, work, mover, zones, now }: ContractsDependencies) => {
  const derive = async (tx: Tx, row: Pick<ContractRow, 'contractorRut' | 'projectId' | 'startsOn' | 'endsOn'>) => {
    const rut = parseRut(row.contractorRut);
    if (!rut.ok) throw invalid('/contractorRut', rut.problem);
    if (row.endsOn !== null && row.endsOn < row.startsOn) throw invalid('/endsOn', 'BEFORE_START');
    const zone = await zones.ofProject(tx, row.projectId);
    const endsAt = row.endsOn === null ? null : startOfDay(addDays(row.endsOn, 1), zone).toISOString();
    return { contractorRut: rut.rut.value, endsAt };
  };
  return createCrud({
    repository,
    list,
    work,
    mover,
    now,
    onCreate: async (tx, body) => ({ status: 'draft', ...(await derive(tx, body as ContractRow)) }),
    onEdit: (tx, row, patch: Partial<ContractRow>) => {
      if (row.status === 'ended') throw conflict('CONTRACT_ENDED');
      return derive(tx, { ...row, ...patch });
    },
    onRemove: async (tx, row) => {
      if (row.status !== 'draft' || (await contractIsUsed(tx, row.id))) throw conflict('CONTRACT_IN_USE');
    },
  });
};
