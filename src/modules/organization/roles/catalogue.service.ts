import type { About, Catalogue, Openings } from '../../../platform/access/catalogue.ts';
import { CLIENTS } from '../../../platform/access/principal.ts';
import type { Client } from '../../../platform/access/principal.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { SYSTEM_ROLES } from './system-roles.ts';
import type { SystemRole } from './system-roles.ts';

interface CatalogueDependencies {
  readonly work: UnitOfWork;
  /** Every permission of every module; asked when a request comes. */
  readonly catalogue: () => Catalogue;
  readonly openings: () => Openings;
}

export interface PermissionText {
  readonly permission: string;
  readonly about: About;
  readonly clients: Client[];
  readonly area: string;
  readonly text: string;
}

interface ShownRole extends Pick<SystemRole, 'code' | 'reach' | 'rank' | 'grants' | 'denies'> {
  readonly text: string;
  readonly gives: readonly string[] | null;
}

/** `View: people of the company`, put together from the texts of its parts. */
const textOf = (permission: string, t: Context['t']): Pick<PermissionText, 'area' | 'text'> => {
  const [area, resource, action] = permission.split(':');
  return {
    area: t(`permissions:area.${area}`),
    text: t('permissions:sentence', {
      resource: t(`permissions:resource.${resource}`),
      action: t(`permissions:action.${action}`),
    }),
  };
};

/** What there is to give, in words. Both read in a transaction, which is where an ended session is noticed. */
export const createCatalogue = ({ work, catalogue, openings }: CatalogueDependencies) => ({
  permissions: (context: Context): Promise<PermissionText[]> =>
    work.read(context, () =>
      Promise.resolve(
        Object.entries(catalogue()).map(([permission, about]) => ({
          permission,
          about,
          clients: CLIENTS.filter((client) => openings().get(permission)?.has(client)),
          ...textOf(permission, context.t),
        })),
      ),
    ),
  systemRoles: (context: Context): Promise<ShownRole[]> =>
    work.read(context, () =>
      Promise.resolve(
        SYSTEM_ROLES.filter(({ assignable }) => assignable).map(
          ({ code, reach, rank, grants, denies, gives = null }) => ({
            code,
            text: context.t(`permissions:role.${code}`),
            reach,
            rank,
            grants,
            denies,
            gives,
          }),
        ),
      ),
    ),
});
