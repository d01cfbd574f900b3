import type { Test } from 'supertest';
import type { TestApp } from './app.ts';
import type { TestPerson } from './people.ts';

type Headers = Readonly<Record<string, string>>;
type Send = (path: string, body?: object, headers?: Headers) => Test;

/** Requests as one person: path below `/angelis`, JSON body, headers. `version` makes the If-Match header. */
export interface Client {
  readonly get: (path: string, headers?: Headers) => Test;
  readonly post: Send;
  readonly put: Send;
  readonly patch: Send;
  readonly del: (path: string, headers?: Headers) => Test;
}

export const version = (number: number): Headers => ({ 'if-match': `"${number}"` });

/** A client that sends `person`'s bearer token with everything. */
export const clientOf = async (app: TestApp, person: Pick<TestPerson, 'bearer'>): Promise<Client> => {
  const authorization = await person.bearer();
  const begin =
    (method: 'get' | 'post' | 'put' | 'patch' | 'delete') =>
    (path: string, headers: Headers = {}): Test =>
      app.http[method](`/angelis${path}`).set({ authorization, 'accept-language': 'en', ...headers });
  const withBody =
    (method: 'post' | 'put' | 'patch'): Send =>
    (path, body, headers) =>
      begin(method)(path, headers).send(body);
  return {
    get: begin('get'),
    post: withBody('post'),
    put: withBody('put'),
    patch: withBody('patch'),
    del: begin('delete'),
  };
};
