import { randomBytes, randomUUID } from 'node:crypto';
import { IdentityProviderError } from '../errors.ts';
import type { IdentityProvider } from '../port.ts';
import { sha256 } from './clients.ts';
import type { StateKeeper, StoredMachineClient } from './state.ts';

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** The issuer's machine clients; secrets are kept as hashes. */
export function createMachineClients(keeper: StateKeeper): IdentityProvider['machineClients'] {
  const { machineClients } = keeper.state;

  const need = (clientId: string): StoredMachineClient => {
    const client = Object.hasOwn(machineClients, clientId) ? machineClients[clientId] : undefined;
    if (!client) throw new IdentityProviderError('not_found', 'No such machine client');
    return client;
  };
  return {
    create: async ({ clientId, name }) => {
      if (Object.hasOwn(machineClients, clientId))
        throw new IdentityProviderError('conflict', 'The client id is taken');
      const secret = newSecret();
      machineClients[clientId] = { clientId, name, secretHash: sha256(secret), enabled: true, userId: randomUUID() };
      await keeper.flush();
      return { secret };
    },
    rotateSecret: async (clientId) => {
      const secret = newSecret();
      need(clientId).secretHash = sha256(secret);
      await keeper.flush();
      return { secret };
    },
    setEnabled: async (clientId, enabled) => {
      need(clientId).enabled = enabled;
      await keeper.flush();
    },
    list: () => Promise.resolve(Object.values(machineClients).map(({ clientId, enabled }) => ({ clientId, enabled }))),
    remove: async (clientId) => {
      need(clientId);
      delete machineClients[clientId];
      await keeper.flush();
    },
    // Its clients have no roles.
    roleHolders: () => Promise.resolve([]),
  };
}
