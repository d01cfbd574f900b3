import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { I18n } from '../i18n/i18n.ts';
import { Problem } from '../problem.ts';
import { startSpan } from '../telemetry/trace.ts';
import { problemDocument } from './error-handler.ts';

/** What Node's parser could not read, as a problem; all else is no HTTP. */
const PROBLEMS: Readonly<Record<string, readonly [status: number, code: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TOO_SLOW'],
};

/**
 * Answers, as a problem document in the default language, what Node turns away before there is a request: headers that are too
 * large (16 KiB) or too slow, bytes that are no HTTP. Listens to `clientError`; the connection ends with the answer.
 */
export const answerUnreadable =
  (i18n: I18n) =>
  (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const [status, code] = PROBLEMS[error.code ?? ''] ?? [400, 'REQUEST_UNREADABLE'];
    const locale = i18n.locale(undefined);
    const { traceId } = startSpan();
    const context = { traceId, t: (key: string) => i18n.t(locale, key) };
    const body = JSON.stringify(problemDocument(new Problem(status, code), context, '/'));
    const headers = [
      'Content-Type: application/problem+json',
      `Content-Language: ${locale}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${traceId}`,
      'Connection: close',
    ];
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  };
