import { limitsOf } from '../modules/organization/companies/companies.repository.ts';
import { createResidentLifecycle } from '../modules/organization/residents/residents.lifecycle.ts';
import { countResidents, residentList } from '../modules/organization/residents/residents.repository.ts';
import { residentsModule } from '../modules/organization/residents/residents.router.ts';
import { serialize } from '../platform/db/serialize.ts';
import type { Tx } from '../platform/db/database.ts';
import type { Context } from '../platform/http/context.ts';
import type { Module } from '../platform/http/module.ts';
import { conflict } from '../platform/problem.ts';
import type { Platform } from './platform.ts';

interface ResidentNeeds {
  readonly mayManage: (tx: Tx, context: Context, profileId: string) => Promise<void>;
  readonly lockNamed: (tx: Tx, context: Context, profileId: string) => Promise<void>;
  /** Ends what somebody was given as a resident. */
  readonly endGrants: (tx: Tx, profileId: string) => Promise<void>;
}

/** Residents of an institution. */
export const wireResidents = (platform: Platform, { lockNamed, mayManage, endGrants }: ResidentNeeds): Module => {
  const mustHaveRoom = async (tx: Tx): Promise<void> => {
    await serialize(tx, 'residents');
    const { residents: limit } = await limitsOf(tx);
    if (limit !== undefined && (await countResidents(tx)) >= limit)
      throw conflict('RESIDENT_LIMIT', { params: { limit } });
  };
  const lifecycle = createResidentLifecycle({ mustHaveRoom, endGrants });
  return residentsModule({ ...platform.crud(residentList, lifecycle), mustHaveRoom, mayManage, lockNamed });
};
