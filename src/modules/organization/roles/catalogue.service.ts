import type { About, Catalogue } from '../../../platform/access/catalogue.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { SYSTEM_ROLES } from './system-roles.ts';
import type { SystemRole } from './system-roles.ts';

interface CatalogueDependencies {
  readonly work: UnitOfWork;
  /** Every permission of every module; asked when a request comes. */
  readonly catalogue: () => Catalogue;
}

export interface PermissionText {
  readonly permission: string;
  readonly about: About;
  readonly area: string;
  readonly text: string;
}

/** `View: people of the company`, put together from the texts of its parts. */
const textOf = ([permission, about]: [string, About], t: Context['t']): PermissionText => {
  const [area, resource, action] = permission.split(':');
  return {
    permission,
    about,
    area: t(`permissions:area.${area}`),
    text: t('permissions:sentence', {
      resource: t(`permissions:resource.${resource}`),
      action: t(`permissions:action.${action}`),
    }),
  };
};

/** What there is to give, in words. Both read in a transaction, which is where an ended session is noticed. */
export const createCatalogue = ({ work, catalogue }: CatalogueDependencies) => ({
  permissions: (context: Context): Promise<PermissionText[]> =>
    work.read(context, () => Promise.resolve(Object.entries(catalogue()).map((each) => textOf(each, context.t)))),
  systemRoles: (context: Context): Promise<(Omit<SystemRole, 'scope' | 'assignable'> & { text: string })[]> =>
    work.read(context, () =>
      Promise.resolve(
        SYSTEM_ROLES.filter(({ assignable }) => assignable).map(({ code, reach, rank, grants, denies }) => ({
          code,
          text: context.t(`permissions:role.${code}`),
          reach,
          rank,
          grants,
          denies,
        })),
      ),
    ),
});
