import express from 'express';
import type { Request, Response } from 'express';
import { Problem } from '../problem.ts';
import type { Contract } from './route.ts';
import { hasBody } from './turn-away.ts';

const LIMIT = 1_048_576;
/** Longest that a body may take, in ms. */
const PATIENCE = 20_000;

const tooLarge = (cause?: unknown): Problem => new Problem(413, 'BODY_TOO_LARGE', { cause });

/** body-parser's own errors, as problems. */
const bodyProblem = (error: unknown): unknown => {
  const { type } = error as { type?: string };
  switch (type) {
    case 'entity.too.large':
      return tooLarge(error);
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
 * Reads a JSON body of at most 1 MiB, not compressed, within 20 s, after the caller was let in. A route without a body leaves it
 * unread.
 */
export const createBodyReader = ({ patience = PATIENCE } = {}): ((
  contract: Contract,
  request: Request,
  response: Response,
) => Promise<void>) => {
  const parse = express.json({
    limit: LIMIT,
    strict: true,
    inflate: false,
    type: ['application/json', 'application/*+json'],
  });
  return async (contract, request, response) => {
    if (contract.body === undefined) return;
    if (!hasBody(request)) throw new Problem(400, 'BODY_REQUIRED');
    if (request.is(['application/json', 'application/*+json']) === false)
      throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE');
    await new Promise<void>((resolve, reject) => {
      // The parser would read a body that is too large to its end before it says so.
      if (Number(request.headers['content-length'] ?? 0) > LIMIT) {
        reject(tooLarge());
        return;
      }
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size - chunk.length <= LIMIT && size > LIMIT) reject(tooLarge());
      });
      const timer = setTimeout(() => reject(new Problem(408, 'BODY_TOO_SLOW')), patience);
      parse(request, response, (error?: unknown) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(bodyProblem(error));
      });
    });
  };
};
