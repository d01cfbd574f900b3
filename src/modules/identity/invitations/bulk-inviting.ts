import type { Decide } from '../../../platform/access/decision.ts';
import type { Directory } from '../../../platform/access/directory.ts';
import { forbidden } from '../../../platform/module.ts';
import type { BulkInviting } from '../../workforce/ports.ts';
import type { InvitedProfiles } from './invited-profiles.ts';

interface BulkInvitingDependencies {
  readonly directory: Pick<Directory, 'standing'>;
  readonly decide: Decide;
  readonly profiles: () => Pick<InvitedProfiles, 'invite'>;
}

const WRITE = 'organization:invitation:write';

/** Sends invitations for a profile from a job, by what the profile may do when the job runs. */
export const createBulkInviting = ({ directory, decide, profiles }: BulkInvitingDependencies): BulkInviting => ({
  mayInvite: (principal) => {
    if (!decide(principal, WRITE).allowed) throw forbidden('FORBIDDEN', { params: { permission: WRITE } });
    if (principal.profileId === null) throw forbidden('PROFILE_NEEDED');
  },
  as: async (scope, profileId) => {
    const standing = await directory.standing(scope.companyId, profileId);
    const decision = standing && decide(standing, WRITE);
    if (standing === undefined || decision?.allowed !== true) return undefined;
    const caller = { scope, principal: { profileId, grants: standing.grants, support: false }, allowance: decision };
    return async (tx, { systemRole, ...invitee }) => {
      const roles = systemRole === null ? [] : [{ systemRole }];
      await profiles().invite(tx, { ...caller, tx }, { ...invitee, roles });
    };
  },
});
