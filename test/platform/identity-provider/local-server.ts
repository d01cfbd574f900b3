import { createServer } from 'node:http';
import express from 'express';
import { createLocalIdentityProvider } from '../../../src/platform/identity-provider/local.ts';
import type { LocalIdentityProvider } from '../../../src/platform/identity-provider/local.ts';
import { listen } from '../../support/listen.ts';
import { backChannel } from './back-channel.ts';

export interface LocalServer {
  provider: LocalIdentityProvider;
  base: string;
  redirectUri: string;
  logoutTokens: readonly string[];
  loggedOut: () => string[];
  stop: () => Promise<void>;
}

/** The development issuer behind HTTP on a free port, as the web process mounts it. */
export async function startLocalServer(
  options: { now?: () => Date; folder?: string; issuerBase?: string } = {},
): Promise<LocalServer> {
  const app = express();
  app.set('env', 'test');
  const server = createServer(app);
  const base = await listen(server);
  const channel = backChannel();
  app.use('/logout-notices', channel.router);
  const redirectUri = 'http://127.0.0.1:3000/angelis/admin/auth/callback';
  const provider = await createLocalIdentityProvider({
    issuer: `${options.issuerBase ?? base}/realms/angelis`,
    now: options.now ?? (() => new Date()),
    environment: { nodeEnv: 'test', appEnv: 'development' },
    redirectUris: [redirectUri],
    backchannelLogoutUrl: `${base}/logout-notices`,
    ...(options.folder === undefined ? {} : { folder: options.folder }),
  });
  app.use('/realms/angelis', provider.router);
  return {
    provider,
    base,
    redirectUri,
    logoutTokens: channel.tokens,
    loggedOut: channel.sids,
    stop: async () => {
      await provider.close();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
