import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';

/** A realm as the library describes what Keycloak imports. */
export type RealmRepresentation = NonNullable<Parameters<KeycloakAdminClient['realms']['create']>[0]>;
type ClientRepresentation = NonNullable<RealmRepresentation['clients']>[number];
type Texts = Readonly<Record<string, string>>;

export type RealmClient = Omit<
  ClientRepresentation,
  'attributes' | 'authenticationFlowBindingOverrides' | 'registeredNodes'
> & {
  attributes?: Texts;
  /** The ids of flows by the kind of sign-in (`browser`, `direct_grant`) for which the client has its own. */
  authenticationFlowBindingOverrides?: Texts;
};

/** Something that puts a claim into tokens. */
export type RealmMapper = NonNullable<ClientRepresentation['protocolMappers']>[number];

/** What several clients put into their tokens. */
export interface RealmClientScope {
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly protocol?: string;
  readonly attributes?: Texts;
  readonly protocolMappers?: readonly RealmMapper[];
}

/** Roles that the tokens of a client, or of all clients with a scope, may carry. */
export interface RealmScopeMapping {
  readonly client?: string;
  readonly clientScope?: string;
  readonly roles: readonly string[];
}

/** People who are given roles together. */
export interface RealmGroup {
  readonly id?: string;
  readonly name?: string;
  readonly path?: string;
  readonly realmRoles?: readonly string[];
  /** By the clients whose roles they are. */
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>;
  readonly subGroups?: readonly RealmGroup[];
}

export interface RealmExecution {
  readonly authenticator?: string;
  readonly authenticatorFlow?: boolean;
  /** The flow that this step is, where it is one. */
  readonly flowAlias?: string;
  readonly requirement: string;
  readonly priority?: number;
  /** The alias of its configuration. */
  readonly authenticatorConfig?: string;
}

export interface RealmFlow {
  readonly id?: string;
  readonly alias: string;
  readonly description?: string;
  readonly providerId?: string;
  readonly topLevel?: boolean;
  readonly builtIn?: boolean;
  readonly authenticationExecutions?: readonly RealmExecution[];
}

/** A realm under the names of an import file: as config/keycloak/angelis-realm.json says it, or as Keycloak has it. */
export type RealmDefinition = Omit<
  RealmRepresentation,
  | 'attributes'
  | 'authenticationFlows'
  | 'authenticatorConfig'
  | 'clients'
  | 'clientScopeMappings'
  | 'clientScopes'
  | 'components'
  | 'groups'
  | 'scopeMappings'
> & {
  attributes?: Texts;
  clientScopes?: readonly RealmClientScope[];
  clients?: readonly RealmClient[];
  authenticationFlows?: readonly RealmFlow[];
  authenticatorConfig?: readonly { readonly alias: string; readonly config: Texts }[];
  scopeMappings?: readonly RealmScopeMapping[];
  /** The same of roles of clients, by the clients whose roles they are. */
  clientScopeMappings?: Readonly<Record<string, readonly RealmScopeMapping[]>>;
  groups?: readonly RealmGroup[];
  /** Parts of Keycloak that the realm has of its own, by what they are. */
  components?: Readonly<Record<string, readonly { readonly name?: string; readonly providerId?: string }[]>>;
};

/** What is filled into the file, by the names of its variables. */
export type RealmValues = Readonly<Record<string, string | undefined>>;

/** Whether a value is an object with names, as JSON has it. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fillText = (text: string, values: RealmValues): string | undefined => {
  let isWhole = true;
  const filled = text.replaceAll(/\$\{([A-Z_]+)[^}]*\}/gu, (_all, name: string) => {
    const value = values[name];
    isWhole &&= value !== undefined;
    return value ?? '';
  });
  return isWhole ? filled : undefined;
};

const fill = (value: unknown, values: RealmValues): unknown => {
  if (typeof value === 'string') return fillText(value, values);
  if (Array.isArray(value)) return value.map((one) => fill(one, values)).filter((one) => one !== undefined);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, fill(one, values)] as const);
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
};

/** The file with its variables (in capitals: others are Keycloak's own) filled in. What names a variable without a value is left out: nobody decides it. */
export const fillRealm = (file: RealmDefinition, values: RealmValues): RealmDefinition =>
  fill(file, values) as RealmDefinition;

/** One step of a flow; one that is a flow itself has steps of its own. */
export interface FlowStep {
  readonly name: string;
  readonly requirement: string;
  readonly config: Texts;
  readonly steps?: readonly FlowStep[];
}

/** The steps of a flow, in the order in which they are taken; none where the realm has no such flow. */
export const stepsOf = (realm: RealmDefinition, alias: string): readonly FlowStep[] => {
  const flow = realm.authenticationFlows?.find((one) => one.alias === alias);
  const executions = flow?.authenticationExecutions ?? [];
  return executions
    .toSorted((one, other) => (one.priority ?? 0) - (other.priority ?? 0))
    .map(({ authenticator, flowAlias, requirement, authenticatorConfig }) => ({
      name: flowAlias ?? authenticator ?? '',
      requirement,
      config: realm.authenticatorConfig?.find((one) => one.alias === authenticatorConfig)?.config ?? {},
      ...(flowAlias !== undefined && { steps: stepsOf(realm, flowAlias) }),
    }));
};
