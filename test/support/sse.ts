import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface SseEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client of server-sent events as the HTML standard describes it, without reconnecting by itself. */
export interface SseClient {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Dispatched events, in order. */
  readonly events: readonly SseEvent[];
  /** Everything received. */
  text(): string;
  /** What a browser would send as Last-Event-ID. */
  lastEventId(): string | undefined;
  /** Resolves once the server has ended the stream or the connection is gone. */
  readonly closed: Promise<void>;
  readonly response: IncomingMessage;
  drop(): void;
}

/** Opens a stream. `target` is a URL, or a path on a Unix socket. */
export const openSse = (
  target: string | { socketPath: string; path: string },
  headers: Record<string, string> = {},
): Promise<SseClient> =>
  new Promise((resolve, reject) => {
    const events: SseEvent[] = [];
    let text = '';
    let parsed = 0;
    let lastEventId: string | undefined;
    const parse = () => {
      for (let end = text.indexOf('\n\n', parsed); end >= 0; end = text.indexOf('\n\n', parsed)) {
        const fields = new Map(
          text
            .slice(parsed, end)
            .split('\n')
            .filter((line) => !line.startsWith(':') && line !== '')
            .map((line): [string, string] => {
              const [, name, value] = /^([^:]+): ?(.*)$/.exec(line)!;
              return [name!, value!];
            }),
        );
        parsed = end + 2;
        lastEventId = fields.get('id') ?? lastEventId;
        const data = fields.get('data');
        if (data !== undefined)
          events.push({ id: Number(lastEventId), event: fields.get('event') ?? 'message', data: JSON.parse(data) });
      }
    };
    const options = { headers: { accept: 'text/event-stream', ...headers }, agent: false } as const;
    const onResponse = (response: IncomingMessage) => {
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        parse();
      });
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        events,
        text: () => text,
        lastEventId: () => lastEventId,
        closed: new Promise((done) => response.once('close', () => done())),
        response,
        drop: () => void response.destroy(),
      });
    };
    const sent =
      typeof target === 'string'
        ? request(target, options, onResponse)
        : request({ ...target, ...options }, onResponse);
    sent.on('error', reject);
    sent.end();
  });
