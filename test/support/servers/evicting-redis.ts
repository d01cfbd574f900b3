import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { freePort } from '../../../src/platform/embedded/ports.ts';
import { serverSetting } from './settings.ts';

/** A Redis of a test's own that drops keys when it is full, with the certificate of `scripts/servers`: that one is shared. */
export const startEvictingRedis = async (): Promise<{ url: string; stop: () => Promise<void> }> => {
  const port = await freePort();
  const tls = dirname(serverSetting('NODE_EXTRA_CA_CERTS'));
  const options = {
    port: '0',
    'tls-port': String(port),
    bind: '127.0.0.1',
    save: '',
    'maxmemory-policy': 'allkeys-lru',
    'tls-cert-file': join(tls, 'server.pem'),
    'tls-key-file': join(tls, 'server.key'),
    'tls-ca-cert-file': join(tls, 'ca.pem'),
    'tls-auth-clients': 'no',
  };
  const server = spawn(
    'redis-server',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  for await (const text of server.stdout
    .setEncoding('utf8')
    .iterator({ destroyOnReturn: false }) as AsyncIterable<string>)
    if (text.includes('Ready to accept connections')) break;
  server.stdout.resume();
  return {
    url: `rediss://127.0.0.1:${port}`,
    stop: async () => {
      server.kill();
      await once(server, 'exit');
    },
  };
};
