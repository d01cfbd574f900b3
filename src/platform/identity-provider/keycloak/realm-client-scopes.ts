import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import type { RealmClientScope, RealmDefinition } from '../realm-definition.ts';
import { carriedBy } from '../realm-rights.ts';
import { setCarried } from './realm-clients.ts';
import type { Task } from './realm-clients.ts';
import { mendMappers } from './realm-mappers.ts';

const scopeNamed = ({ clientScopes = [] }: RealmDefinition, wanted: string): RealmClientScope | undefined =>
  clientScopes.find(({ name }) => name === wanted);

/** Makes these client scopes, or lets them put into tokens exactly what the file says. */
export const mendClientScopes = async (
  { clientScopes }: KeycloakAdminClient,
  file: RealmDefinition,
  { live, names }: Task,
): Promise<void> => {
  for (const name of names) {
    const { protocolMappers = [], ...wanted } = scopeNamed(file, name) ?? {};
    const actual = scopeNamed(live, name);
    const id = actual?.id ?? (await clientScopes.create(wanted)).id;
    if (actual !== undefined && actual.protocol !== wanted.protocol) await clientScopes.update({ id }, wanted);
    await mendMappers(clientScopes, { ...actual, id }, protocolMappers);
  }
};

/** Lets tokens with these scopes carry the roles that the file says, and no others. */
export const mendRolesOfClientScopes = async (
  client: KeycloakAdminClient,
  file: RealmDefinition,
  { names }: Task,
): Promise<void> => {
  if (names.size === 0) return;
  const scopes = await client.clientScopes.find();
  for (const name of names) {
    const id = scopes.find((one) => one.name === name)?.id ?? '';
    const wanted = carriedBy(file, ({ clientScope }) => clientScope === name);
    await setCarried(client, client.clientScopes, { id, wanted });
  }
};
