import { identityProviderContract } from './contract.ts';
import { startLocalServer } from './local-server.ts';

identityProviderContract('development issuer', async () => {
  const { provider, redirectUri, loggedOut, stop } = await startLocalServer();
  return {
    provider,
    redirectUri,
    stop,
    loggedOut: async () => {
      await provider.settled();
      return loggedOut();
    },
  };
});
