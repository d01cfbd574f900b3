import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { StreamEvent, StreamSession } from './events.ts';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // nginx would hold events back otherwise.
  'x-accel-buffering': 'no',
  // A stream ends with its connection: without chunks an event is one write for us, and less to read for the client.
  connection: 'close',
};

/** The text of one event; several streams share it. */
export const eventText = ({ seq, type, entity, entityId }: StreamEvent): string =>
  `id: ${seq}\ndata: ${JSON.stringify({ id: seq, type, entity, entityId })}\n\n`;

/** Tells the client's EventSource where it stands, without an event. */
const idText = (position: number): string => `id: ${position}\n\n`;

const resyncText = (position: number): string => `event: resync\nid: ${position}\ndata: {"id":${position}}\n\n`;

/** Bytes that may wait for one client. */
const MOST_WAITING = 16_384;

/**
 * One client's stream: what was sent and whether the client keeps up. Nothing is queued but what waits in the response:
 * a client that does not read gets no more, and is caught up from the table once it does.
 */
export class Stream {
  readonly companyId: string;
  readonly profileId: string;
  readonly session: StreamSession;
  /** Everything up to this number was sent, or is not for this profile. */
  position = 0;
  /** Gets events as they are polled; while false it is being caught up, or blocked. */
  isLive = false;
  isCatchingUp = false;
  isChecking = false;
  isClosed = false;
  hasBegun = false;
  /** Since when the client has not been reading, in ms of `performance.now()`. */
  blockedAt: number | undefined;
  readonly #response: ServerResponse;
  readonly #unblock: () => void;
  #told = 0;

  /** `onRoom` is called when a client that was blocked has taken all that waited for it, or is gone. */
  constructor(request: StreamRequest, onRoom: (stream: Stream) => void) {
    this.companyId = request.companyId;
    this.profileId = request.profileId;
    this.session = request.session;
    this.#response = request.response;
    this.#unblock = () => {
      this.blockedAt = undefined;
      onRoom(this);
    };
  }

  /** Sends the headers and where the stream begins. */
  begin(position: number, resync: boolean): void {
    this.position = position;
    this.#told = position;
    this.hasBegun = true;
    this.#response.useChunkedEncodingByDefault = false;
    this.#response.writeHead(200, HEADERS);
    // By itself: Node keeps the text of the headers, as the hundred pieces of it where it is written together with others.
    this.#response.flushHeaders();
    this.#write(resync ? resyncText(position) : idText(position));
  }

  /** Sends one event made by `eventText`. */
  send(seq: number, text: string): void {
    this.position = seq;
    this.#told = seq;
    this.#write(text);
  }

  /** Keeps the connection open, and moves the client's last id on when events were for others only. */
  beat(): void {
    this.#write(this.#told === this.position ? ':\n\n' : `:\n${idText(this.position)}`);
    this.#told = this.position;
  }

  /** Ends the stream; with `retryWithin` the client is told to come back after a random part of so many ms. */
  end(retryWithin?: number): void {
    if (this.blockedAt !== undefined) {
      this.#response.destroy();
      return;
    }
    if (retryWithin !== undefined) this.#response.write(`retry: ${randomInt(retryWithin / 4, retryWithin)}\n\n`);
    this.#response.end();
  }

  #write(text: string): void {
    this.#response.write(text);
    if (this.blockedAt !== undefined || this.#response.writableLength <= MOST_WAITING) return;
    this.blockedAt = performance.now();
    this.isLive = false;
    this.#response.write(':\n\n', this.#unblock);
  }
}

export interface StreamRequest {
  /** Of Node or Express; nothing must have been written to it. */
  readonly response: ServerResponse;
  readonly profileId: string;
  readonly companyId: string;
  /** Header Last-Event-ID, as it came. */
  readonly lastEventId?: string | undefined;
  /** It is asked every 2 s whether it may still listen; one that may not, or of which nothing is known, closes the stream. */
  readonly session: StreamSession;
}
