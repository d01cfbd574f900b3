import type { StaffRole } from '../../../platform/identity-provider/port.ts';

const REALM_ROLE: Readonly<Record<string, StaffRole>> = {
  superadmin: 'operator-superadmin',
  support: 'operator-support',
  operator_auditor: 'operator-auditor',
};

/**
 * The role of the realm that goes with a role of the staff. The identity provider demands a second factor of whoever holds
 * one, so that a token with it says that the factor was shown.
 */
export const realmRoleOf = (role: string): StaffRole | undefined => REALM_ROLE[role];
