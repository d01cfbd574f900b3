import KeycloakAdminClient, { NetworkError } from '@keycloak/keycloak-admin-client';
import { Fault } from '../../platform/checks/check.ts';
import { checkIdentityProvider } from '../../platform/checks/realm.ts';
import { askSecret } from '../../platform/cli/ask-secret.ts';
import { applyRealm } from '../../platform/identity-provider/keycloak/realm-apply.ts';
import type { RealmReader } from '../../platform/identity-provider/keycloak/realm-state.ts';
import { compareRealm, tellDifference } from '../../platform/identity-provider/realm-diff.ts';
import type { Difference } from '../../platform/identity-provider/realm-diff.ts';
import { lintRealm } from '../../platform/identity-provider/realm-lint.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { openKeycloak } from '../outside.ts';
import { REALM_FILE, readRealmFile, realmOf } from '../realm-file.ts';

type Tell = (text: string) => void;

/** Milliseconds for one call; Keycloak takes seconds to make a realm. */
const TIMEOUT = 60_000;
const NO_KEYCLOAK = 'KEYCLOAK_URL is not set: the development issuer has no realm to look after';

/** How many of them there are, in words. */
const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

const openReader = async (settings: Settings): Promise<RealmReader> => {
  const realm = (await openKeycloak(settings, () => new Date()))?.realm;
  if (realm === undefined) throw new Error(NO_KEYCLOAK);
  try {
    await checkIdentityProvider(realm);
  } catch (error) {
    throw error instanceof Fault ? new Error(`${error.message}: ${error.advice}`, { cause: error.cause }) : error;
  }
  return realm;
};

/** What Keycloak says to an administrator whom it refuses something. */
const explain = (error: unknown): unknown => {
  if (!(error instanceof NetworkError)) return error;
  const { status } = error.response;
  const { pathname } = new URL(error.response.url);
  const { errorMessage, error_description: description, error: code } = error.responseData as Record<string, unknown>;
  const said = [errorMessage, description, code].find((one) => typeof one === 'string') ?? error.message;
  const advice = pathname.endsWith('/token') ? ': correct KEYCLOAK_BOOTSTRAP_USERNAME and its password' : '';
  return new Error(`Keycloak answers ${status} (${said}) to ${pathname}${advice}`);
};

/** Answers an administrator of the realm who is one of the realm master: their tokens are renewed there. */
const administrator =
  ({ KEYCLOAK_REALM: realmName, KEYCLOAK_BOOTSTRAP_USERNAME: username }: Settings, url: string, password: string) =>
  async (): Promise<KeycloakAdminClient> => {
    const place = { baseUrl: url.replace(/\/+$/u, ''), timeout: TIMEOUT };
    const master = new KeycloakAdminClient({ ...place, realmName: 'master' });
    await master.auth({ grantType: 'password', clientId: 'admin-cli', username, password });
    const client = new KeycloakAdminClient({ ...place, realmName });
    client.registerTokenProvider({ getAccessToken: () => master.getAccessToken() });
    return client;
  };

/** What to do with what is left, where that is more than to remove it. */
const ADVICE: { readonly [Part in Difference['part']]?: string } = {
  userFederation: 'lets people in past this service: unlink those who are to stay, invite them, remove it',
  groups: 'may hold people; gives them no right of ours any more',
};

/** `angelis realm apply`. Asks at `input` and `output` for the password where the settings have none. */
export const apply = async (
  settings: Settings,
  tell: Tell,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<void> => {
  const { KEYCLOAK_URL: url, KEYCLOAK_REALM: realm, KEYCLOAK_BOOTSTRAP_USERNAME: username } = settings;
  if (url === undefined) throw new Error(NO_KEYCLOAK);
  const file = await realmOf(settings);
  const password =
    settings.KEYCLOAK_BOOTSTRAP_PASSWORD ??
    (await askSecret(`Password of Keycloak's administrator ${username}: `, { input, output }));
  const wait = (): void => tell(`Somebody else is applying the file to the realm ${realm}: waiting for that to end …`);
  const { isNew, changed, left } = await applyRealm(administrator(settings, url, password), realm, file, wait).catch(
    (error: unknown) => {
      throw explain(error);
    },
  );
  if (isNew) tell(`The realm ${realm} was made at ${url}.`);
  if (changed.length > 0) tell(`${counted(changed.length, 'change')}, as it was before:`);
  for (const one of changed) tell(`  ${tellDifference(one)}`);
  if (!isNew && changed.length === 0) tell(`Nothing to change: the realm ${realm} is as the file says.`);
  if (left.length > 0) tell('Left, since the file has nothing to say about it (remove it in Keycloak’s console):');
  for (const one of left) {
    const advice = ADVICE[one.part];
    tell(`  ${tellDifference(one)}${advice === undefined ? '' : ` (${advice})`}`);
  }
};

/** `angelis realm diff`. Throws where there is drift. */
export const diff = async (settings: Settings, tell: Tell): Promise<void> => {
  const realm = await openReader(settings);
  const drift = compareRealm(await realmOf(settings), await realm.state());
  for (const one of drift) tell(tellDifference(one));
  if (drift.length > 0)
    throw new Error(`${counted(drift.length, 'difference')}: "angelis realm apply" mends what is ours`);
  tell(`No drift: the realm ${settings.KEYCLOAK_REALM} is as the file says.`);
};

/** `angelis realm lint`, of a file (that of this release when none is named) or, by settings, of the realm at Keycloak. */
export const lint = async (subject: string | Settings | undefined, tell: Tell): Promise<void> => {
  const realm =
    typeof subject === 'object'
      ? await (await openReader(subject)).state()
      : await readRealmFile(subject ?? REALM_FILE);
  const faults = lintRealm(realm);
  for (const fault of faults) tell(fault);
  if (faults.length > 0) throw new Error(`${counted(faults.length, 'fault')} in the realm`);
  tell('Nothing wrong.');
};
