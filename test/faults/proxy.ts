import { Agent, createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../support/listen.ts';
import type { Member } from './members.ts';

/** How often each target is asked whether it is ready, ms; one that says no so many times running is out. */
const ASK_EVERY = 200;
const FALLS = 2;

/** A small balancer over targets that serve: to each ready target in turn, over kept connections, and no request ever twice. */
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
  const isReady = async (url: string): Promise<boolean> => {
    const signal = AbortSignal.timeout(2_000);
    const response = await fetch(`${url}/angelis/health/ready`, { signal }).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
    return response?.status === 200;
  };
  const over = new AbortController();
  const watch = async (url: string): Promise<void> => {
    for (let refusals = 0; !over.signal.aborted; await sleep(ASK_EVERY)) {
      refusals = (await isReady(url)) ? 0 : refusals + 1;
      if (refusals === 0) ready.add(url);
      else if (refusals >= FALLS) ready.delete(url);
    }
  };
  for (const { url } of targets) ready.add(url);
  const watching = targets.map(({ url }) => watch(url));
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
      over.abort();
      await Promise.all(watching);
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      agent.destroy();
    },
  };
};
