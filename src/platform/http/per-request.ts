import type { Request } from 'express';

/** What is kept with each request. */
export interface PerRequest<T> {
  readonly of: (request: Request) => T | undefined;
  readonly keep: (request: Request, value: T) => void;
}

/**
 * Values that are kept with requests, by whoever asks for them here and nobody else, for as long as these live. No WeakMap:
 * V8 frees its values only when it collects all that is old, so that a value which knows its request, or its response, would
 * keep both and the answer for seconds, and have each of them copied twice meanwhile.
 */
export const perRequest = <T>(): PerRequest<T> => {
  const key = Symbol('kept');
  type Kept = Request & { [key]?: T };
  return {
    of: (request: Kept) => request[key],
    keep: (request: Kept, value) => {
      request[key] = value;
    },
  };
};
