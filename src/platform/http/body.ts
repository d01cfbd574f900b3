import express from 'express';
import type { Request, Response } from 'express';
import { Problem } from '../problem.ts';
import type { Contract } from './route.ts';
import { hasBody } from './turn-away.ts';

const MEBIBYTE = 1_048_576;
const LIMIT = MEBIBYTE;
const JSON_TYPES = ['application/json', 'application/*+json'];
/** Longest that a body may take, in ms. */
const PATIENCE = 20_000;

/** body-parser's own errors, as problems. */
const bodyProblem = (error: unknown, tooLarge: () => Problem): unknown => {
  const { type } = error as { type?: string };
  switch (type) {
    case 'entity.too.large':
      return tooLarge();
    case 'entity.parse.failed':
    case 'request.aborted':
    case 'request.size.invalid':
      return new Problem(400, 'BODY_UNREADABLE', { cause: error });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', { cause: error });
    default:
      return error;
  }
};

/**
 * Reads a JSON body of at most 1 MiB, or the bytes that a route takes (`maxBytes`), not compressed, within 20 s, after the caller
 * was let in. A route without either leaves it unread.
 */
export const createBodyReader = ({ patience = PATIENCE } = {}): ((
  contract: Contract,
  request: Request,
  response: Response,
) => Promise<void>) => {
  const json = express.json({ limit: LIMIT, strict: true, inflate: false, type: JSON_TYPES });
  return async ({ body, maxBytes }, request, response) => {
    if (body === undefined && maxBytes === undefined) return;
    if (!hasBody(request)) throw new Problem(400, 'BODY_REQUIRED');
    const isJson = maxBytes === undefined;
    if (isJson && request.is(JSON_TYPES) === false) throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE');
    const limit = maxBytes ?? LIMIT;
    const parse = isJson ? json : express.raw({ limit, inflate: false, type: () => true });
    const tooLarge = (): Problem =>
      isJson
        ? new Problem(413, 'BODY_TOO_LARGE')
        : new Problem(413, 'FILE_TOO_LARGE', { params: { limit: limit / MEBIBYTE } });
    await new Promise<void>((resolve, reject) => {
      // The parser would read a body that is too large to its end before it says so.
      if (Number(request.headers['content-length'] ?? 0) > limit) {
        reject(tooLarge());
        return;
      }
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size - chunk.length <= limit && size > limit) reject(tooLarge());
      });
      const timer = setTimeout(() => reject(new Problem(408, 'BODY_TOO_SLOW')), patience);
      parse(request, response, (error?: unknown) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(bodyProblem(error, tooLarge));
      });
    });
  };
};
