import { isDeepStrictEqual } from 'node:util';
import { API_CLIENT, isAuthorizedParty } from '../identity-provider/realm.ts';
import type { RealmReader } from '../identity-provider/keycloak/realm-state.ts';
import { Fault } from './check.ts';
import type { Figures } from './check.ts';

const AUDIENCE = 'oidc-audience-mapper';
const KEYS = ['clientId', 'alias', 'name', 'authenticator', 'kid'] as const;
const MOST_SHOWN = 5;

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const nameOf = (value: Json): string | undefined => {
  const key = KEYS.find((name) => typeof value[name] === 'string');
  return key && String(value[key]);
};

/** What Keycloak fills into the file when it imports it, by the names of its variables; what is absent is not looked at. */
export type RealmValues = Readonly<Record<string, string | undefined>>;

/** A text of the file with its variables filled in; undefined where one has no value. */
const fill = (wanted: string, values: RealmValues): string | undefined => {
  const names = [...wanted.matchAll(/\$\{(\w+)[^}]*\}/gu)].map(([, name = '']) => name);
  if (names.some((name) => values[name] === undefined)) return undefined;
  return wanted.replaceAll(/\$\{(\w+)[^}]*\}/gu, (_all, name: string) => values[name]!);
};

/** Key sets are JSON in a text. */
const parsed = (value: unknown): unknown => {
  try {
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
};

/** Keycloak keeps several addresses in one text. */
const holds = (actual: unknown, wanted: string): boolean =>
  actual === wanted || (typeof actual === 'string' && actual.split('##').includes(wanted));

/** Paths at which `actual` is not what `wanted` says; what only `actual` has is not looked at. */
const driftOf = (wanted: unknown, actual: unknown, path: string, values: RealmValues): string[] => {
  if (typeof wanted === 'string') {
    const filled = fill(wanted, values);
    if (filled === undefined) return [];
    if (filled.startsWith('{')) return driftOf(parsed(filled), parsed(actual), path, values);
    return holds(actual, filled) ? [] : [path];
  }
  if (Array.isArray(wanted)) {
    const there: readonly unknown[] = Array.isArray(actual) ? actual : [];
    return wanted.flatMap((one: unknown) => {
      if (typeof one === 'string') {
        const filled = fill(one, values);
        return filled === undefined || there.includes(filled) ? [] : [`${path}: ${filled}`];
      }
      if (!isRecord(one)) return there.includes(one) ? [] : [`${path}: ${String(one)}`];
      const name = nameOf(one);
      const other = there.find((candidate) => isRecord(candidate) && nameOf(candidate) === name);
      return driftOf(one, other, `${path}.${name ?? '?'}`, values);
    });
  }
  if (!isRecord(wanted)) return isDeepStrictEqual(wanted, actual) ? [] : [path];
  if (!isRecord(actual)) return [`${path} is missing`];
  return Object.entries(wanted).flatMap(([key, value]) =>
    driftOf(value, actual[key], path === '' ? key : `${path}.${key}`, values),
  );
};

const records = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** What is compared, of the file and of the realm alike. Ids are Keycloak's own: flows are known by their alias. */
const comparable = ({ realm, roles, clients, authenticationFlows, requiredActions }: RealmParts): Json => {
  const flows = records(authenticationFlows);
  const aliasOf = (id: unknown): unknown => flows.find((flow) => flow['id'] === id)?.['alias'] ?? id;
  return {
    realm,
    roles,
    clients: records(clients).map(({ secret: _secret, ...client }) => ({
      ...client,
      ...(isRecord(client['authenticationFlowBindingOverrides']) && {
        authenticationFlowBindingOverrides: Object.fromEntries(
          Object.entries(client['authenticationFlowBindingOverrides']).map(([kind, id]) => [kind, aliasOf(id)]),
        ),
      }),
      // The check of the audience names these.
      ...(Array.isArray(client['protocolMappers']) && {
        protocolMappers: records(client['protocolMappers']).filter((one) => one['protocolMapper'] !== AUDIENCE),
      }),
    })),
    authenticationFlows: flows.map(({ id: _id, ...flow }) => flow),
    requiredActions,
  };
};

interface RealmParts {
  readonly realm: unknown;
  readonly roles: unknown;
  readonly clients: unknown;
  readonly authenticationFlows: unknown;
  readonly requiredActions: unknown;
}

/** The parts of an import file. Its name is a setting; users and scope mappings Keycloak hands out otherwise. */
const partsOf = (file: Json): RealmParts => {
  const { users: _users, scopeMappings: _mappings, realm: _name, ...rest } = file;
  const { roles, clients, authenticationFlows, requiredActions, ...realm } = rest;
  return { realm, roles: isRecord(roles) ? roles['realm'] : [], clients, authenticationFlows, requiredActions };
};

/** The identity provider answers and has the realm. */
export const checkIdentityProvider = async ({ realmUrl }: Pick<RealmReader, 'realmUrl'>): Promise<void> => {
  const response = await fetch(`${realmUrl}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(5_000) });
  await response.body?.cancel();
  if (response.status === 404)
    throw new Fault(
      `Keycloak has no realm at ${realmUrl}`,
      'import config/keycloak/angelis-realm.json (config/keycloak/README.md), or correct KEYCLOAK_REALM',
    );
  if (!response.ok) throw new Error(`it answers ${response.status}`);
};

/** Stricter than the file. */
const strictest = (actual: RealmParts): RealmParts =>
  isRecord(actual.realm) && actual.realm['sslRequired'] === 'all'
    ? { ...actual, realm: { ...actual.realm, sslRequired: 'external' } }
    : actual;

/** The realm is set as the file of this release says, with these values for its variables. */
export const checkRealm = async (realm: RealmReader, file: Json, values: RealmValues): Promise<Figures> => {
  const drift = driftOf(comparable(partsOf(file)), comparable(strictest(await realm.state())), '', values);
  if (drift.length > 0) {
    const more = drift.length > MOST_SHOWN ? ` and ${drift.length - MOST_SHOWN} more` : '';
    throw new Fault(
      `the realm differs from config/keycloak/angelis-realm.json in ${drift.slice(0, MOST_SHOWN).join(', ')}${more}`,
      `set it as the file says, in Keycloak's console, with ${values['ANGELIS_BASE_URL']} (PUBLIC_URL) for ANGELIS_BASE_URL; or correct PUBLIC_URL or KEYCLOAK_OTP_KEY`,
    );
  }
  return { drift: 0 };
};

/** Every client through which tokens for this system are made names it as their audience. */
export const checkAudience = async (realm: RealmReader): Promise<Figures> => {
  const clients = (await realm.state()).clients
    .filter(isRecord)
    .filter((client) => typeof client['clientId'] === 'string' && isAuthorizedParty(client['clientId']));
  const without = clients.filter(({ protocolMappers }) => {
    const mappers = Array.isArray(protocolMappers) ? protocolMappers.filter(isRecord) : [];
    return !mappers.some(
      ({ protocolMapper, config }) =>
        protocolMapper === AUDIENCE &&
        isRecord(config) &&
        config['included.client.audience'] === API_CLIENT &&
        config['access.token.claim'] === 'true',
    );
  });
  if (without.length > 0)
    throw new Fault(
      `no audience mapper for ${API_CLIENT} on ${without.map(nameOf).join(', ')}: their tokens are refused`,
      `add a mapper of type Audience, included client audience ${API_CLIENT}, to each`,
    );
  return { clients: clients.length };
};
