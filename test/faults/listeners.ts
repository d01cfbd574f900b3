import { setTimeout as sleep } from 'node:timers/promises';
import { openSse } from '../support/sse.ts';
import type { SseClient } from '../support/sse.ts';
import type { Hand } from './crew.ts';
import { inTime, waitFor } from './waiting.ts';

/** Somebody's browser: a stream that is opened again wherever it was left, as an EventSource does. */
export interface Listener {
  readonly hand: Hand;
  /** The number of the company's change after which it listens. */
  readonly from: number;
  /** Ids that came, in their order. */
  readonly received: () => number[];
  readonly opened: () => number;
  /** Breaks the connection; false where there is none just now. */
  readonly drop: () => boolean;
  readonly stop: () => Promise<void>;
}

/** A client waits a little before it comes back, ms. */
const RETURNS = 100;
/** One that was told 429 waits as it was told; s. */
const WAITS = 5;

/** Opens a stream and keeps it open; `fail` is told of every answer that is no stream. Resolves once it listens. */
export const startListener = async (hand: Hand, url: string, fail: (what: string) => void): Promise<Listener> => {
  const received: number[] = [];
  let opened = 0;
  let last: string | undefined;
  const over = new AbortController();
  let current: SseClient | undefined;
  const begun = Promise.withResolvers<number>();

  const listenOnce = async (): Promise<void> => {
    const headers = { authorization: await hand.bearer(), ...(last !== undefined && { 'last-event-id': last }) };
    const client = await openSse(`${url}/angelis/notification/stream`, headers);
    if (client.status === 429) {
      client.drop();
      await sleep(Number(client.headers['retry-after'] ?? WAITS) * 1_000);
      return;
    }
    if (client.status !== 200) throw new Error(`a stream was answered with ${client.status}`);
    current = client;
    opened += 1;
    const isBegun = (): boolean => client.lastEventId() !== undefined || client.response.destroyed;
    await waitFor('a stream says where it begins', isBegun, { every: 5 });
    // The first stream's first line says where it begins: 0 in a new company.
    const first = /^id: (\d+)$/m.exec(client.text())?.[1];
    if (first !== undefined) begun.resolve(Number(first));
    await client.closed;
    current = undefined;
    if (client.text().includes('event: resync')) fail('a stream was told to begin anew');
    received.push(...client.events.map(({ id }) => id));
    last = client.lastEventId() ?? last;
  };
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await listenOnce().catch((error: unknown) => fail(String(error)));
      await sleep(RETURNS);
    }
  };
  const running = run();
  const from = await inTime('a stream is opened', begun.promise).catch((error: unknown) => {
    over.abort();
    throw error;
  });
  return {
    hand,
    from,
    received: () => [...received, ...(current?.events.map(({ id }) => id) ?? [])],
    opened: () => opened,
    drop: () => {
      if (current === undefined) return false;
      current.drop();
      current = undefined;
      return true;
    },
    stop: async () => {
      over.abort();
      current?.drop();
      await running;
    },
  };
};
