import { readFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:https';
import { dirname, join } from 'node:path';
import { listen } from '../support/listen.ts';
import { serverSetting } from '../support/servers/settings.ts';

export type CertsMode = 'well' | 'html' | 'empty' | 'no keys' | 'error' | 'hang' | 'cut';

/** What is answered instead of the keys; undefined: nothing at all. */
const ANSWERS: Readonly<Record<Exclude<CertsMode, 'well' | 'hang' | 'cut'>, [status: number, body: string]>> = {
  html: [200, '<!doctype html><title>Maintenance</title>'],
  empty: [200, ''],
  'no keys': [200, '{"keys":[]}'],
  error: [500, '{"error":"unknown_error"}'],
};

/** Stands before the Keycloak of scripts/servers and hands on everything but what its certs endpoint answers. */
export interface KeycloakFront {
  readonly url: string;
  mode: CertsMode;
  readonly stop: () => Promise<void>;
}

export const openFront = async (): Promise<KeycloakFront> => {
  const target = new URL(serverSetting('KEYCLOAK_URL'));
  const tls = dirname(serverSetting('NODE_EXTRA_CA_CERTS'));
  const [cert, key] = await Promise.all(['server.pem', 'server.key'].map((name) => readFile(join(tls, name))));
  const agent = new Agent({ keepAlive: true });
  const state = { mode: 'well' as CertsMode };
  const server = createServer({ cert: cert!, key: key! }, (incoming, response) => {
    const { mode } = state;
    if (mode !== 'well' && incoming.url!.endsWith('/protocol/openid-connect/certs')) {
      if (mode === 'hang') return;
      if (mode === 'cut') response.destroy();
      else {
        const [status, body] = ANSWERS[mode];
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      }
      return;
    }
    const { method, url: path, headers } = incoming;
    const onward = request({ host: target.hostname, port: target.port, agent, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  const url = (await listen(server)).replace('http:', 'https:');
  return Object.assign(state, {
    url,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      agent.destroy();
    },
  });
};
