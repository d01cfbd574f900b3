import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { Resident, residentErasure, ResidentItem } from './residents.repository.ts';
import type { Residents } from './residents.service.ts';

/** /admin/resident */
export const residentsModule = (service: Residents): Module =>
  crudModule({
    base: '/admin/resident',
    permission: 'organization:resident',
    about: 'rows',
    clients: ['admin'],
    item: ResidentItem,
    detail: ResidentItem,
    view: Resident.view,
    service,
    erasures: [residentErasure],
  });
