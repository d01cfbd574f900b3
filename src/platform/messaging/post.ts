import { lookup } from 'node:dns';
import { request as overHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Longest time for all of it: name, connection, answer. */
  readonly timeoutMs: number;
  /** Which addresses may be connected to; every address of the name must be. Default: all. */
  readonly permits?: (address: string) => boolean;
}

export interface Posted {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** At most the first 64 KiB. */
  readonly body: string;
}

/** The receiver stands at an address that may not be connected to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  constructor() {
    super('the address is not a public one');
  }
}

const MOST_BYTES = 65_536;
const MOST_PAUSE = 86_400_000;

/** Checks what a name leads to where the connection is made, so that no second answer of the name can differ. */
const guarded =
  (permits: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error ?? new AddressRefused(), '', 0);
      else if (!addresses.every(({ address }) => permits(address))) callback(new AddressRefused(), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

const send = (url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? overHttps : overHttp)(url, options, resolve);
    request.on('error', reject);
    request.end(body);
  });

const readBody = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_BYTES) break;
  }
  response.destroy();
  return Buffer.concat(chunks).subarray(0, MOST_BYTES).toString('utf8');
};

/** Posts once, on a connection of its own, and reads the answer; a redirect is an answer like any other. Throws AddressRefused, and what the network throws. */
export const post = async (url: URL, { headers, body, timeoutMs, permits }: PostOptions): Promise<Posted> => {
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  if (permits !== undefined && isIP(host) !== 0 && !permits(host)) throw new AddressRefused();
  const response = await send(
    url,
    {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(permits && { lookup: guarded(permits) }),
    },
    body,
  );
  return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) };
};

/** Posts to an address that somebody else chose. */
export type Poster = (url: URL, message: Pick<PostOptions, 'headers' | 'body'>) => Promise<Posted>;

/** Posts to public addresses only. */
export const createPublicPoster =
  (timeoutMs: number): Poster =>
  (url, message) =>
    post(url, { ...message, timeoutMs, permits: isPublicAddress });

/** The pause that an answer asks for, in ms, at most a day; `Retry-After` is seconds or a date (RFC 9110, 10.2.3). */
export const pauseAskedFor = ({ headers }: Pick<Posted, 'headers'>, now: Date): number | undefined => {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const pause = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now.getTime();
  return Number.isNaN(pause) ? undefined : Math.min(Math.max(pause, 0), MOST_PAUSE);
};
