import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from './listen.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that keeps what is posted to it; tests say how it answers. */
export const startCollector = async () => {
  const received: Received[] = [];
  let reply: { status: number; headers?: Record<string, string> } | 'hang' = { status: 200 };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ path: request.url ?? '', headers: request.headers, body });
      if (reply !== 'hang') response.writeHead(reply.status, reply.headers).end('{}');
    });
  });
  const url = await listen(server);
  return {
    url,
    received,
    answer: (with_: typeof reply): void => {
      reply = with_;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};

export type Collector = Awaited<ReturnType<typeof startCollector>>;
