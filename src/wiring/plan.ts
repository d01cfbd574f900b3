import { countAskedResidents } from '../modules/identity/invitations/invitations.repository.ts';
import { createApiRequests } from '../modules/organization/companies/api-requests.service.ts';
import { createPlanLimits } from '../modules/organization/companies/limits.ts';
import type { PlanLimits } from '../modules/organization/companies/limits.ts';
import type { CompanyNotices } from '../modules/organization/companies/notices.ts';
import { createFileRoom, storedMb } from '../modules/organization/companies/storage.ts';
import { countUsers } from '../modules/organization/profiles/profiles.repository.ts';
import { countResidents } from '../modules/organization/residents/residents.repository.ts';
import { countWorkers } from '../modules/workforce/assignments/assignments.repository.ts';
import type { MachineRequests } from '../platform/http/serve.ts';
import type { FileRoom } from '../platform/storage/company-files.ts';
import type { Platform } from './platform.ts';

/** What a company's plan has room for; every area counts its own. */
export const wirePlan = (
  { db, now }: Pick<Platform, 'db' | 'now'>,
  notices: CompanyNotices,
): { readonly limits: PlanLimits; readonly room: FileRoom; readonly machineRequests: MachineRequests } => {
  const limits = createPlanLimits({
    counters: {
      users: countUsers,
      workers: countWorkers,
      residents: async (reader) => (await countResidents(reader)) + (await countAskedResidents(reader)),
      storageMb: storedMb,
    },
    notices,
  });
  return { limits, room: createFileRoom(limits), machineRequests: createApiRequests({ db, limits, now }) };
};
