import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A page, and who asks for it. */
export interface Asked {
  readonly url: string;
  readonly bearer: string;
}

interface SteadyLoad {
  /** Of one server; asked for in turn. */
  readonly pages: readonly Asked[];
  /** Kept open from the beginning; each takes its turn. */
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
}

interface SteadyResult {
  /** Of each request, ms, from when it was due to the end of its answer, whether it could be sent then or not. */
  readonly latencies: readonly number[];
  /** Answers other than 200, and requests that were never answered. */
  readonly failed: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Hands on each answer on a connection that sends one request at a time: its status, once all of it has come. */
const readAnswers = (socket: Socket, onAnswer: (status: number) => void): void => {
  let head = Buffer.alloc(0);
  let status = 0;
  let left = -1;
  socket.on('data', (chunk: Buffer) => {
    if (left < 0) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      status = Number(text.slice(9, 12));
      left = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0) - (head.length - end - HEAD_END.length);
    } else left -= chunk.length;
    if (left > 0) return;
    head = Buffer.alloc(0);
    left = -1;
    onAnswer(status);
  });
};

/**
 * Asks for pages at an even pace, as many people do who know nothing of each other, and counts the wait of whoever found no
 * connection free. (Generators that give each connection a rate of its own let all of them ask in the same moment.)
 */
export const steadyLoad = async (load: SteadyLoad): Promise<SteadyResult> => {
  const { hostname, port, host } = new URL(load.pages[0]!.url);
  const requests = load.pages.map(({ url, bearer }) => {
    const { pathname, search } = new URL(url);
    return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${bearer}\r\n\r\n`;
  });
  const total = Math.round(load.perSecond * load.seconds);
  const latencies: number[] = [];
  let failed = 0;
  const idle: Socket[] = [];
  const due: number[] = [];
  const asked = new Map<Socket, number>();
  let sent = 0;
  const send = (): void => {
    while (due.length > 0 && idle.length > 0) {
      const socket = idle.shift()!;
      asked.set(socket, due.shift()!);
      socket.write(requests[sent % requests.length]!);
      sent += 1;
    }
  };
  const sockets = Array.from({ length: load.connections }, () => connect(Number(port), hostname));
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) {
      // A connection that breaks leaves its request unanswered, which is counted.
      socket.on('error', () => undefined);
      readAnswers(socket, (status) => {
        latencies.push(performance.now() - asked.get(socket)!);
        if (status !== 200) failed += 1;
        idle.push(socket);
        send();
      });
    }
    idle.push(...sockets);
    const begun = performance.now();
    for (let n = 0; n < total;) {
      for (; n < total && begun + (n * 1_000) / load.perSecond <= performance.now(); n += 1)
        due.push(begun + (n * 1_000) / load.perSecond);
      send();
      await sleep(1);
    }
    for (let waited = 0; latencies.length < total && waited < 10_000; waited += 50) await sleep(50);
    return { latencies, failed: failed + total - latencies.length };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
};
