import { memoryStore } from '../../src/platform/identity-provider/dev-issuer/store.ts';
import type { IssuerStore } from '../../src/platform/identity-provider/dev-issuer/store.ts';
import { createLocalIdentityProvider } from '../../src/platform/identity-provider/local.ts';

/** What an issuer keeps that has just made its keys. */
const makeDocument = async (): Promise<string | undefined> => {
  const store = memoryStore();
  const issuer = await createLocalIdentityProvider({
    issuer: 'https://issuer.example/realms/angelis',
    now: () => new Date(),
    environment: { nodeEnv: 'test' },
    redirectUris: [],
    store,
  });
  await issuer.close();
  return store.load();
};

let document: Promise<string | undefined> | undefined;

/** The memory of a new issuer, with the keys of this run: a pair for each application would cost a tenth of a second. */
export const issuerMemory = async (): Promise<IssuerStore> => {
  document ??= makeDocument();
  return memoryStore(await document);
};
