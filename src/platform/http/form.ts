import type { Request } from 'express';
import { Problem } from '../problem.ts';

const LIMIT = 64 * 1024;

/** The fields of an `application/x-www-form-urlencoded` body, as OAuth's endpoints take them. */
export interface Form {
  get(name: string): string | undefined;
  /** Throws 400 without it. */
  need(name: string): string;
}

const missing = (name: string): Problem =>
  new Problem(400, 'MALFORMED_REQUEST', { errors: [{ pointer: `/${name}`, code: 'required', in: 'body' }] });

/** Reads a form of at most 64 KiB. Throws 413, 415, or 400 when a field stands twice. */
export const readForm = async (request: Request): Promise<Form> => {
  if (!request.is('application/x-www-form-urlencoded')) throw new Problem(415, 'FORM_REQUIRED');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMIT) throw new Problem(413, 'BODY_TOO_LARGE');
    chunks.push(chunk);
  }
  const fields = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
  const twice = [...fields.keys()].find((name) => fields.getAll(name).length > 1);
  if (twice !== undefined)
    throw new Problem(400, 'MALFORMED_REQUEST', {
      errors: [{ pointer: `/${twice}`, code: 'uniqueItems', in: 'body' }],
    });
  const get = (name: string): string | undefined => fields.get(name) ?? undefined;
  return {
    get,
    need: (name) => {
      const value = get(name);
      if (value === undefined || value === '') throw missing(name);
      return value;
    },
  };
};
