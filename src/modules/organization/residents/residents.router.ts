import { createCrud, crudModule } from '../../../platform/module.ts';
import type { Context, Module, MovingParts, Tx } from '../../../platform/module.ts';
import { visibleProfiles } from '../reach.ts';
import { Resident, residentErasure, ResidentItem } from './residents.repository.ts';
import type { ResidentRow } from './residents.repository.ts';

interface ResidentsDependencies extends MovingParts<ResidentRow> {
  readonly mustHaveRoom: (tx: Tx) => Promise<void>;
  /** Throws 403 for somebody who holds what the caller could not give. */
  readonly mayManage: (tx: Tx, context: Context, profileId: string) => Promise<void>;
  /** Locks a profile that the caller may see. Throws 422, 409. */
  readonly lockNamed: (tx: Tx, context: Context, profileId: string) => Promise<void>;
}

/** /admin/resident */
export const residentsModule = ({ mustHaveRoom, mayManage, lockNamed, ...parts }: ResidentsDependencies): Module =>
  crudModule({
    base: '/admin/resident',
    permission: 'organization:resident',
    about: 'rows',
    clients: ['admin'],
    item: ResidentItem,
    detail: ResidentItem,
    view: Resident.view,
    service: createCrud({
      ...parts,
      restrict: (context) => (bind) => visibleProfiles(context, 't.profile_id', bind),
      onCreate: async (tx, { profileId }, context) => {
        await lockNamed(tx, context, profileId);
        await mayManage(tx, context, profileId);
        await mustHaveRoom(tx);
      },
      mayChange: async (tx, id, context) => mayManage(tx, context, (await parts.repository.get(tx, id)).profileId),
    }),
    erasures: [residentErasure],
  });
