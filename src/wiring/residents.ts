import type { PlanLimits } from '../modules/organization/companies/limits.ts';
import type { Caller } from '../modules/organization/caller.ts';
import { createResidentLifecycle } from '../modules/organization/residents/residents.lifecycle.ts';
import { residentList } from '../modules/organization/residents/residents.repository.ts';
import { residentsModule } from '../modules/organization/residents/residents.router.ts';
import {
  createResidents,
  lockedAfterProfile,
  mustBeHereBy,
} from '../modules/organization/residents/residents.service.ts';
import type { ProfileRow } from '../modules/organization/profiles/profiles.repository.ts';
import type { Residents } from '../modules/organization/residents/residents.service.ts';
import type { Standing } from '../modules/organization/roles/standing.ts';
import type { Tx } from '../platform/db/database.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

interface ResidentNeeds {
  readonly limits: Pick<PlanLimits, 'mustHaveRoom'>;
  readonly mayManage: (tx: Tx, caller: Caller, profileId: string) => Promise<void>;
  readonly standing: Pick<Standing, 'mustNotBeOwn'>;
  readonly lockNamed: (tx: Tx, caller: Caller, profileId: string) => Promise<void>;
  readonly lock: (tx: Tx, profileId: string) => Promise<ProfileRow>;
  /** Ends what somebody was given as a resident. */
  readonly endGrants: (tx: Tx, profileId: string) => Promise<void>;
}

/** Residents of an institution. */
export const wireResidents = (
  platform: Platform,
  { limits, lockNamed, mayManage, standing, lock, endGrants }: ResidentNeeds,
): { readonly module: Module; readonly residents: Residents } => {
  const mustHaveRoom = (tx: Tx, more: number): Promise<void> => limits.mustHaveRoom(tx, 'residents', more);
  const mustBeHere = mustBeHereBy(lock);
  const lifecycle = createResidentLifecycle({ mustHaveRoom: (tx) => mustHaveRoom(tx, 1), mustBeHere, endGrants });
  const parts = platform.crud(residentList, lifecycle, lockedAfterProfile(lock));
  const residents = createResidents({
    ...parts,
    mustNotBeOwn: standing.mustNotBeOwn,
    mustHaveRoom,
    mustBeHere,
    mayManage,
    lockNamed,
  });
  return { module: residentsModule(residents), residents };
};
