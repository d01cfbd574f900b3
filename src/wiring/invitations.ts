import { acceptanceModule } from '../modules/identity/invitations/acceptance.router.ts';
import { createAcceptance } from '../modules/identity/invitations/acceptance.service.ts';
import { createBulkInviting } from '../modules/identity/invitations/bulk-inviting.ts';
import { invitationJobs } from '../modules/identity/invitations/invitations.jobs.ts';
import { createInvitationLifecycle } from '../modules/identity/invitations/invitations.lifecycle.ts';
import { invitationList } from '../modules/identity/invitations/invitations.repository.ts';
import { invitationsModule } from '../modules/identity/invitations/invitations.router.ts';
import { createInvitations, deliverBy, lockedAfter } from '../modules/identity/invitations/invitations.service.ts';
import type { Invitations } from '../modules/identity/invitations/invitations.service.ts';
import type { InvitedProfiles } from '../modules/identity/invitations/invited-profiles.ts';
import type { Registration } from '../modules/identity/persons/registration.service.ts';
import type { Persons } from '../modules/identity/persons/persons.service.ts';
import { visibleProfiles } from '../modules/organization/reach.ts';
import type { BulkInviting } from '../modules/workforce/ports.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

interface InvitationNeeds {
  readonly persons: Persons;
  readonly registration: Registration;
  /** Known once everything is wired. */
  readonly profiles: () => InvitedProfiles;
}

/** Invitations: sent by companies and the operator, accepted or declined by whoever has the link. */
export const wireInvitations = (
  platform: Platform,
  needs: InvitationNeeds,
): { invitations: Invitations; bulkInviting: BulkInviting; modules: readonly Module[] } => {
  const deliver = deliverBy(platform.enqueue);
  const lifecycle = createInvitationLifecycle({ ...needs, deliver });
  const follow = lockedAfter((tx, profileId) => needs.profiles().lock(tx, profileId));
  const parts = platform.crud(invitationList, lifecycle, follow);
  const invitations = createInvitations({ ...parts, ...needs, deliver, visible: visibleProfiles });
  const acceptance = createAcceptance({ ...platform, ...parts, ...needs });
  return {
    invitations,
    bulkInviting: createBulkInviting({ ...platform, ...needs }),
    modules: [
      acceptanceModule(acceptance),
      invitationsModule(invitations, invitationJobs({ ...platform, ...parts, ...needs })),
    ],
  };
};
