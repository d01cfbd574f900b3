import { forbidden } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import type { Standing } from '../roles/standing.ts';
import type { NationalId } from './national-id.ts';
import type { ProfileRow } from './profiles.repository.ts';
import { standsBelow } from './reporting.repository.ts';

/** What is said of somebody: columns, and the national id, which is none. */
export type Given = Partial<ProfileRow> & { readonly nationalId?: NationalId | null };

/** Until when somebody is here, as what kind of person, and the risk group, which chooses their tests. */
const BOUNDS = ['kind', 'expiresAt', 'riskGroupId'] as const;

/** What of a profile is never, or by owners only, one's own to change; docs/decisions/nobody-sets-their-own-limits.md. */
export const createOwnLimits = ({ mustNotBeOwn }: Pick<Standing, 'mustNotBeOwn'>) => {
  /** Throws 403 for oneself; owners say of themselves what nobody has said yet: nobody else may be there to say it. */
  const mayIdentify = async (tx: Tx, caller: Caller, profileId: string, isKnown: boolean): Promise<void> => {
    if (isKnown && caller.principal.profileId === profileId) throw forbidden('OWN_LIMITS');
    await mustNotBeOwn(tx, caller, profileId);
  };
  return {
    mayIdentify,
    /** Throws 403 for an edit of one's own bounds or numbers. An employee number becomes the id in other systems. */
    mayEdit: async (tx: Tx, caller: Caller, row: ProfileRow, patch: Given): Promise<void> => {
      if (caller.principal.profileId !== row.id) return;
      const isChanged = (name: keyof ProfileRow): boolean => patch[name] !== undefined && patch[name] !== row[name];
      if (BOUNDS.some(isChanged)) throw forbidden('OWN_LIMITS');
      const isNumbered = row.employeeNumber !== null;
      if (isChanged('employeeNumber')) await mayIdentify(tx, caller, row.id, isNumbered);
      const isKnown = row.nationalIdHash !== null;
      if (patch.nationalId !== undefined && (patch.nationalId !== null || isKnown))
        await mayIdentify(tx, caller, row.id, isKnown);
    },
    /**
     * Throws 403 where a profile is one's own or of somebody to whom one reports, directly or not: to whom they report, and
     * whether they go on doing so, decides who is one's superior. Owners are let through.
     */
    mayLead: async (tx: Tx, caller: Caller, profileId: string): Promise<void> => {
      const own = caller.principal.profileId;
      if (own !== null && (await standsBelow(tx, own, profileId))) await mustNotBeOwn(tx, caller, own);
    },
  };
};

export type OwnLimits = ReturnType<typeof createOwnLimits>;
