import { crudModule, keeps } from '../../../platform/module.ts';
import type { CrudService, Module, MovingService } from '../../../platform/module.ts';
import { Shift } from './shifts.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';

/** /admin/assignment/shift */
export const shiftsModule = (service: CrudService<ShiftRow> & MovingService<ShiftRow>): Module =>
  crudModule({
    base: '/admin/assignment/shift',
    clients: ['worker', 'admin'],
    permission: 'workforce:shift',
    machines: true,
    about: 'rows',
    service,
    erasures: [keeps(Shift)],
  });
