import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

/** How long a sender who was answered may go on, so that the answer reaches it, in ms. */
const LINGER = 2_000;

/** Whether a request says that a body follows. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Whoever was answered before the end of their body may not go on for ever: what still comes passes by unread, for a while; then
 * the connection ends. Who asked for it to be closed gets no other end: closed at once, with bytes unread, it would be reset, and the answer
 * lost.
 */
export const turnAwayUnread: RequestHandler = (request, response, next) => {
  if (hasBody(request)) {
    const isLast = !response.shouldKeepAlive;
    response.shouldKeepAlive = true;
    response.once('finish', () => {
      if (request.complete) {
        if (isLast) request.socket.end();
        return;
      }
      request.resume();
      const timer = setTimeout(() => request.destroy(), LINGER).unref();
      request.once('close', () => {
        clearTimeout(timer);
        if (isLast) request.socket.end();
      });
    });
  }
  next();
};
