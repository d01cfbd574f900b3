import { Agent, createServer, request } from 'node:http';
import { listen } from '../support/listen.ts';
import type { Member } from './members.ts';

/** How often each target is asked whether it is ready, ms. */
const ASK_EVERY = 200;

/** A small balancer: to each ready target in turn, over kept connections, and no request ever twice. */
export interface Proxy {
  readonly url: string;
  /** Requests that it could not bring to an end, by what happened. */
  readonly failed: ReadonlyMap<string, number>;
  readonly passed: () => number;
  readonly isIn: (target: Pick<Member, 'url'>) => boolean;
  readonly stop: () => Promise<void>;
}

export const openProxy = async (targets: readonly Pick<Member, 'url'>[]): Promise<Proxy> => {
  const ready = new Set<string>();
  const failed = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });
  let passed = 0;
  let turn = 0;
  const fail = (what: string): void => void failed.set(what, (failed.get(what) ?? 0) + 1);
  const look = async (url: string): Promise<void> => {
    const response = await fetch(`${url}/angelis/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    await response?.arrayBuffer();
    if (response?.status === 200) ready.add(url);
    else ready.delete(url);
  };
  await Promise.all(targets.map(({ url }) => look(url)));
  const looking = setInterval(() => {
    for (const { url } of targets) void look(url);
  }, ASK_EVERY);
  const server = createServer((incoming, response) => {
    const urls = [...ready];
    const target = urls[(turn += 1) % urls.length];
    if (target === undefined) {
      fail('nobody was ready');
      response.writeHead(502).end();
      return;
    }
    const { method, url: path, headers } = incoming;
    const { hostname, port } = new URL(target);
    const onward = request({ hostname, port, agent, method, path, headers }, (answer) => {
      passed += 1;
      const { connection: _own, ...rest } = answer.headers;
      response.writeHead(answer.statusCode!, rest);
      answer.pipe(response);
      answer.on('error', () => {
        if (!response.destroyed) fail('an answer was cut off');
        response.destroy();
      });
    });
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (response.destroyed || response.headersSent) return;
      fail(error.code ?? error.message);
      response.writeHead(502).end();
    });
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  const url = await listen(server);
  return {
    url,
    failed,
    passed: () => passed,
    isIn: (target) => ready.has(target.url),
    stop: async () => {
      clearInterval(looking);
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      agent.destroy();
    },
  };
};
