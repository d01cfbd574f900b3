import { createCrud } from '../../../platform/crud/service.ts';
import type { CrudService } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { invalid } from '../../../platform/problem.ts';
import { deviceState } from '../classification/signals.ts';
import { TEST_DEFINITIONS } from '../definitions/definitions.ts';
import type { DeviceRow } from './devices.repository.ts';

interface DevicesDependencies {
  readonly repository: Repository<DeviceRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly now: () => Date;
}

export interface ShownDevice extends DeviceRow {
  readonly qualified: boolean;
}

const TOLERANCE = TEST_DEFINITIONS.find(({ code }) => code === 'PVT-B')?.tolerance ?? { biasMs: 0, sdMs: 0 };

const checkMeasured = ({ biasMs, sdMs }: Partial<DeviceRow>): void => {
  if ((biasMs ?? null) === null && (sdMs ?? null) !== null) throw invalid('/biasMs', 'required');
  if ((biasMs ?? null) !== null && (sdMs ?? null) === null) throw invalid('/sdMs', 'required');
};

/** Devices: their measured latency and calibration decide whether lapses are counted in bands. They retire, nobody deletes them. */
export const createDevicesService = ({
  repository,
  list,
  work,
  now,
}: DevicesDependencies): CrudService<ShownDevice> => {
  const crud = createCrud({
    repository,
    list,
    work,
    now,
    onCreate: (_tx, body: Partial<DeviceRow>) => {
      checkMeasured(body);
      return Promise.resolve({ lastSeenAt: null });
    },
    onEdit: (_tx, row, patch: Partial<DeviceRow>) => {
      checkMeasured({ ...row, ...patch });
      return Promise.resolve({});
    },
  });
  const shown = (row: DeviceRow): ShownDevice => {
    const { status, biasMs, sdMs, calibrationDueAt } = row;
    const calibrationDue = calibrationDueAt === null ? null : new Date(calibrationDueAt);
    const state = deviceState({ active: status === 'active', biasMs, sdMs, calibrationDue }, TOLERANCE, now());
    return { ...row, qualified: state === 'qualified' };
  };
  return {
    list: (context, query) => crud.list(context, query),
    detail: (context, id) => crud.detail(context, id),
    create: async (context, body) => shown(await crud.create(context, body)),
    edit: async (context, id, patch, version) => shown(await crud.edit(context, id, patch, version)),
  };
};
