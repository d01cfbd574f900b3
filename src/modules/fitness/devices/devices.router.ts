import { crudModule } from '../../../platform/module.ts';
import type { Module, TickDefinition } from '../../../platform/module.ts';
import { DeviceView } from './devices.repository.ts';
import type { createDevicesService } from './devices.service.ts';

/** /fitness/devices */
export const devicesModule = (
  service: ReturnType<typeof createDevicesService>,
  ticks: readonly TickDefinition[],
): Module => crudModule({ base: '/fitness/devices', permission: 'fitness:device', service, view: DeviceView, ticks });
