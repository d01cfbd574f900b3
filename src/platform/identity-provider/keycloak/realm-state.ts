import { decodeJwt } from 'jose';
import type { MachineToken } from '../port.ts';
import type { Connection } from './connection.ts';

/** The realm as Keycloak has it, under the names of an import file. */
export interface RealmState {
  readonly realm: object;
  readonly roles: readonly object[];
  readonly clients: readonly object[];
  readonly authenticationFlows: readonly object[];
  readonly requiredActions: readonly object[];
}

/** Looks at the realm itself, as the service account. */
export interface RealmReader {
  /** Below which tokens and keys are. */
  readonly realmUrl: string;
  state(): Promise<RealmState>;
  /** When the realm says that a token of the service account is made, now; seconds since 1970. */
  issuedAt(): Promise<number>;
}

/** Reads what the realm is set to; needs the roles view-realm and view-clients. */
export const createRealmReader = (
  { client, read }: Connection,
  { realm, realmUrl, signIn }: { realm: string; realmUrl: string; signIn: () => Promise<MachineToken> },
): RealmReader => ({
  realmUrl,
  issuedAt: async () => decodeJwt((await signIn()).accessToken).iat ?? Number.NaN,
  state: async () => {
    const [settings, roles, clients, authenticationFlows, requiredActions] = await Promise.all([
      read(() => client.realms.findOne({ realm })),
      read(() => client.roles.find()),
      read(() => client.clients.find()),
      read(() => client.authenticationManagement.getFlows()),
      read(() => client.authenticationManagement.getRequiredActions()),
    ]);
    return { realm: settings ?? {}, roles, clients, authenticationFlows, requiredActions };
  },
});
