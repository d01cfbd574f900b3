import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Linux hands out ports from 32768 up to outgoing connections; one of those could take a chosen port at any moment.
const lowest = 20_000;
const beyondHighest = 32_768;

const isFree = async (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
};

/**
 * Finds a TCP port of 127.0.0.1 that nobody listens on, from 20000 to 32767 (below the ephemeral range).
 * It is free at the moment of asking only: a caller that finds it taken asks again.
 */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(lowest, beyondHighest);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `No free port between ${lowest} and ${beyondHighest - 1} on 127.0.0.1: stop some servers and try again.`,
  );
};
