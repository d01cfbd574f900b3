import type { IncomingMessage } from 'node:http';

/** How long a sender who was refused may go on, so that the answer reaches it, in ms. */
const LINGER = 2_000;

/** Lets what still comes of a refused request pass by unread, for a while; then its connection ends. */
export const turnAway = (request: IncomingMessage): void => {
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER).unref();
  request.once('close', () => clearTimeout(timer));
};
