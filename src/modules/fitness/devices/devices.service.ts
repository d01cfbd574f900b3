import { createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts, Tx } from '../../../platform/module.ts';
import { deviceState } from '../classification/signals.ts';
import { TEST_DEFINITIONS } from '../definitions/definitions.ts';
import type { DeviceRow } from './devices.repository.ts';

interface ShownDevice extends DeviceRow {
  readonly qualified: boolean;
}

const TOLERANCE = TEST_DEFINITIONS.find(({ code }) => code === 'PVT-B')?.tolerance ?? { biasMs: 0, sdMs: 0 };

const checkMeasured = ({ biasMs, sdMs }: Pick<DeviceRow, 'biasMs' | 'sdMs'>): void => {
  if (biasMs === null && sdMs !== null) throw invalid('/biasMs', 'required');
  if (biasMs !== null && sdMs === null) throw invalid('/sdMs', 'required');
};

/** When a device was put out of service: of a claim that is to be confirmed, the instant counts. */
const outSince = ({ now }: Tx, since: string | null, status: DeviceRow['status']): Pick<DeviceRow, 'outSince'> => ({
  outSince: status === 'out_of_service' ? (since ?? now.toISOString()) : null,
});

/** Devices: their measured latency and calibration decide whether lapses are counted in bands. They retire, nobody deletes them. */
export const createDevicesService = (parts: CrudParts<DeviceRow>) => {
  const crud = createCrud({
    ...parts,
    onCreate: (tx, body) => {
      checkMeasured(body);
      return outSince(tx, null, body.status);
    },
    onEdit: (tx, row, patch) => {
      checkMeasured({ ...row, ...patch });
      return outSince(tx, row.outSince, patch.status ?? row.status);
    },
  });
  const shown = (row: DeviceRow): ShownDevice => {
    const { status, biasMs, sdMs, calibrationDueAt } = row;
    const calibrationDue = calibrationDueAt === null ? null : new Date(calibrationDueAt);
    const state = deviceState({ active: status === 'active', biasMs, sdMs, calibrationDue }, TOLERANCE, parts.now());
    return { ...row, qualified: state === 'qualified' };
  };
  return {
    ...crud,
    create: async (...asked: Parameters<typeof crud.create>) => shown(await crud.create(...asked)),
    edit: async (...asked: Parameters<typeof crud.edit>) => shown(await crud.edit(...asked)),
  };
};
