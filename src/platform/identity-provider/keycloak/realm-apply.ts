import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { compareRealm, NOT_SETTINGS, tellDifference } from '../realm-diff.ts';
import type { Difference } from '../realm-diff.ts';
import type { RealmDefinition, RealmRepresentation } from '../realm-definition.ts';
import { mendClientScopes, mendRolesOfClientScopes } from './realm-client-scopes.ts';
import { mendClients, mendScopes, mendServiceAccounts } from './realm-clients.ts';
import { mendFlows, removeRetired } from './realm-flows.ts';
import { alone, makeOnce } from './realm-lock.ts';
import { takeRights } from './realm-rights.ts';
import { readRealm } from './realm-state.ts';

/** How often, and after how many milliseconds, it is looked for a realm that somebody else seems to be making. */
const LOOKS = 20;
const LOOK_EVERY = 500;

export interface Applied {
  readonly isNew: boolean;
  /** What was not as the file says, and is now. */
  readonly changed: readonly Difference[];
  /** What only the realm has, and keeps: it is somebody's. */
  readonly left: readonly Difference[];
}

/**
 * A realm of the file (its variables filled in) as Keycloak takes a new one. Ids are unique across realms: those by which
 * clients name their flows are made anew.
 */
export const newRealm = (file: RealmDefinition, realm: string): RealmRepresentation => {
  const ids = (file.authenticationFlows ?? []).flatMap(({ id }) => id ?? []);
  const text = ids.reduce((all, id) => all.replaceAll(id, randomUUID()), JSON.stringify({ ...file, realm }));
  return JSON.parse(text) as RealmRepresentation;
};

/** A realm's own settings, and no more. */
const settingsOf = (realm: RealmDefinition): Record<string, unknown> =>
  Object.fromEntries(Object.entries(realm).filter(([name]) => !NOT_SETTINGS.has(name)));

/**
 * The settings of the file, and those of the realm that it has nothing to say about: Keycloak keeps many as attributes, and
 * forgets those of them that it is not given again with the others.
 */
const mendedSettings = (file: RealmDefinition, live: RealmDefinition, names: ReadonlySet<string>) => ({
  ...settingsOf(live),
  ...settingsOf(file),
  attributes: { ...live.attributes, ...file.attributes },
  // Where it is no difference the realm may be stricter than the file.
  ...(!names.has('sslRequired') && { sslRequired: live.sslRequired }),
});

const mendRoles = async (client: KeycloakAdminClient, file: RealmDefinition, names: ReadonlySet<string>) => {
  for (const role of file.roles?.realm ?? []) {
    const { name = '' } = role;
    if (!names.has(name)) continue;
    if (await client.roles.findOneByName({ name })) await client.roles.updateByName({ name }, role);
    else await client.roles.create(role);
  }
};

const mendActions = async (
  { authenticationManagement: management }: KeycloakAdminClient,
  { file, live, names }: { file: RealmDefinition; live: RealmDefinition; names: ReadonlySet<string> },
): Promise<void> => {
  for (const alias of names) {
    const wanted = file.requiredActions?.find((one) => one.alias === alias);
    const actual = live.requiredActions?.find((one) => one.alias === alias);
    if (!actual && wanted)
      await management.registerRequiredAction({ providerId: wanted.providerId ?? alias, name: wanted.name ?? alias });
    await management.updateRequiredAction({ alias }, { ...actual, ...(wanted ?? { enabled: false }) });
  }
};

/** Brings a realm that is there to what the file says. */
const mend = async (
  client: KeycloakAdminClient,
  realm: string,
  file: RealmDefinition,
): Promise<Omit<Applied, 'isNew'>> => {
  const look = async () => {
    const live = await readRealm(client, (work) => work(), realm);
    const all = compareRealm(file, live);
    const ours = all.filter(({ isForeign }) => !isForeign);
    const named = (part: Difference['part']) =>
      new Set(ours.filter((one) => one.part === part).map(({ name }) => name));
    return { live, ours, named, left: all.filter(({ isForeign }) => isForeign) };
  };
  const lookAfterRetired = async () => {
    const seen = await look();
    return (await removeRetired(client, seen.live)) ? look() : seen;
  };

  const before = await lookAfterRetired();
  if (before.ours.length === 0) return { changed: [], left: before.left };
  const flows = before.named('flows');
  await mendFlows(client, file, { live: before.live, names: flows });

  // A flow that was built anew is not yet the one that the realm and its clients go by.
  const { live, named } = flows.size > 0 ? await look() : before;
  await mendRoles(client, file, named('roles'));
  const settings = named('realm');
  if (settings.size > 0) await client.realms.update({ realm }, { ...mendedSettings(file, live, settings), realm });
  await mendActions(client, { file, live, names: named('requiredActions') });
  await mendClientScopes(client, file, { live, names: named('clientScopes') });
  await mendClients(client, file, { live, names: named('clients') });
  await mendScopes(client, file, { live, names: named('scopeMappings') });
  await mendRolesOfClientScopes(client, file, { live, names: named('clientScopeMappings') });
  await mendServiceAccounts(client, file, { live, names: named('serviceAccounts') });
  await takeRights(client, live);

  const after = await lookAfterRetired();
  if (after.ours.length > 0) throw new Error(`Keycloak did not take: ${after.ours.map(tellDifference).join('; ')}`);
  return { changed: before.ours, left: after.left };
};

/**
 * Brings a realm to what the file says (its variables filled in), or makes it. Needs an administrator of Keycloak: `signIn`
 * answers one who may see the realm, whose token lives for a minute and does not know realms younger than itself. What the
 * file has nothing to say about is left. One after the other: `onWait` is called where another has to end first. Throws an
 * Error that names what Keycloak did not take.
 */
export const applyRealm = async (
  signIn: () => Promise<KeycloakAdminClient>,
  realm: string,
  file: RealmDefinition,
  onWait: () => void,
): Promise<Applied> => {
  /** Where two make it at once, Keycloak refuses one of them before the other's is there to be seen. */
  const found = async (): Promise<boolean> => {
    for (let looked = 0; looked < LOOKS; looked += 1) {
      if (await (await signIn()).realms.findOne({ realm })) return true;
      await sleep(LOOK_EVERY);
    }
    return false;
  };
  const client = await signIn();
  const isNew =
    !(await client.realms.findOne({ realm })) &&
    (await makeOnce(() => client.realms.create(newRealm(file, realm)), found));
  const administrator = await signIn();
  return { isNew, ...(await alone(administrator, onWait, () => mend(administrator, realm, file))) };
};
