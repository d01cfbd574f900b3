import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { isSameMapper } from '../realm-diff.ts';
import type { RealmMapper } from '../realm-definition.ts';

/** Where mappers are: at clients, or at client scopes. */
type Place = Pick<
  KeycloakAdminClient['clients' | 'clientScopes'],
  'addProtocolMapper' | 'updateProtocolMapper' | 'delProtocolMapper'
>;

/**
 * Gives a thing these mappers and no others. What is as wanted is not touched: tokens go on being made. It has its mappers as
 * it was read itself: where Keycloak (26.7) lists mappers alone, it shows claims as wanted that nobody set.
 */
export const mendMappers = async (
  place: Place,
  {
    id = '',
    protocolMappers: actual = [],
  }: { readonly id?: string; readonly protocolMappers?: readonly RealmMapper[] },
  wanted: readonly RealmMapper[],
): Promise<void> => {
  for (const { name, id: mapperId = '' } of actual)
    if (!wanted.some((one) => one.name === name)) await place.delProtocolMapper({ id, mapperId });
  for (const mapper of wanted) {
    const old = actual.find(({ name }) => name === mapper.name);
    if (old?.id === undefined) await place.addProtocolMapper({ id }, mapper);
    else if (!isSameMapper(mapper, old))
      await place.updateProtocolMapper({ id, mapperId: old.id }, { ...mapper, id: old.id });
  }
};
