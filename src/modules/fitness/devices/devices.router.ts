import { crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { Device, DeviceView } from './devices.repository.ts';
import type { createDevicesService } from './devices.service.ts';

interface DevicesRouterDependencies {
  readonly service: ReturnType<typeof createDevicesService>;
  readonly list: List;
}

/** /fitness/devices */
export const devicesModule = ({ service, list }: DevicesRouterDependencies): Module => ({
  name: 'fitness-devices',
  base: '/fitness/devices',
  permissions: ['fitness:device:read', 'fitness:device:write'],
  routes: crudRoutes({
    name: 'device',
    base: '/fitness/devices',
    permission: 'fitness:device',
    view: DeviceView,
    createBody: Device.createBody,
    editBody: Device.editBody,
    list,
    service,
  }),
});
