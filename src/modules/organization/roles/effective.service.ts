import type { Catalogue } from '../../../platform/access/catalogue.ts';
import type { Directory } from '../../../platform/access/directory.ts';
import { explained } from '../../../platform/access/explained.ts';
import type { Explained } from '../../../platform/access/explained.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context, Reader } from '../../../platform/module.ts';
import type { Holding } from './authority.ts';
import { holdingsOf, rolesOf } from './roles.repository.ts';

interface EffectiveDependencies {
  readonly directory: Pick<Directory, 'grantsOf'>;
  readonly work: UnitOfWork;
  readonly catalogue: () => Catalogue;
  /** 404 when the caller may not see the profile. */
  readonly mustSee: (reader: Reader, context: Context, id: string) => Promise<void>;
  readonly now: () => Date;
}

export interface HeldRole {
  readonly code: string;
  readonly scope: Holding['scope'];
  readonly expiresAt: string | null;
}

/** What a person may do and why: the very decision that requests go through, for every permission of the catalogue. */
export const createEffectivePermissions =
  ({ directory, work, catalogue, mustSee, now }: EffectiveDependencies) =>
  async (context: Context, profileId: string): Promise<{ roles: HeldRole[]; permissions: Explained[] }> => {
    const { held, codes } = await work.read(context, async (reader) => {
      await mustSee(reader, context, profileId);
      return { held: await holdingsOf(reader, profileId, now()), codes: await rolesOf(reader) };
    });
    const grants = await directory.grantsOf(context.principal.companyId, profileId);
    return {
      roles: held.map(({ systemRole, roleId, scope, expiresAt }) => ({
        code: systemRole ?? codes.get(roleId ?? '')?.code ?? '',
        scope,
        expiresAt,
      })),
      permissions: Object.entries(catalogue()).map(([permission, about]) => explained({ grants }, permission, about)),
    };
  };
