import type { TObject, TSchema } from 'typebox';
import type { MountedRoute } from './registry.ts';
import type { Contract } from './route.ts';

type Json = Record<string, unknown>;

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'traceId'],
  properties: {
    type: { type: 'string', format: 'uri', examples: ['urn:angelis:problem:NOT_FOUND'] },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', description: 'Stable English constant', examples: ['NOT_FOUND'] },
    timestamp: { type: 'string', format: 'date-time' },
    traceId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string' },
          in: { type: 'string' },
          code: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
};

/** Moves schemas that carry `x-component` into the shared components. */
const createHoist = (schemas: Json) => {
  const hoist = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hoist);
    if (typeof value !== 'object' || value === null) return value;
    const { 'x-component': name, 'x-column': _column, ...rest } = value as Json;
    const plain = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, hoist(inner)]));
    if (typeof name !== 'string') return plain;
    schemas[name] = plain;
    return { $ref: `#/components/schemas/${name}` };
  };
  return hoist;
};

const parametersOf = (contract: Contract, hoist: (value: unknown) => unknown): Json[] => {
  const locations: [where: string, schema: TObject | undefined][] = [
    ['path', contract.params],
    ['query', contract.query],
    ['header', contract.headers],
  ];
  const declared = locations.flatMap(([where, schema]) =>
    Object.entries(schema?.properties ?? {}).map(([name, own]) => ({
      name,
      in: where,
      required: where === 'path' || ((schema?.required ?? []) as readonly string[]).includes(name),
      schema: hoist(own),
    })),
  );
  const version = {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The ETag that was read',
    schema: { type: 'string' },
  };
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: contract.idempotency === 'required',
    schema: { type: 'string', minLength: 8, maxLength: 128 },
  };
  return [...declared, ...(contract.ifMatch ? [version] : []), ...(contract.idempotency === undefined ? [] : [key])];
};

const WORDS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted: follow Location',
  204: 'Done, nothing to say',
  302: 'Elsewhere',
  303: 'Elsewhere',
};

/** What is sent where the handler reads the request itself: a form with one file, else bytes. */
const uploadOf = ({ consumes }: Contract): object =>
  consumes === 'multipart/form-data'
    ? {
        type: 'object',
        properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
        required: ['file'],
        additionalProperties: false,
      }
    : { type: 'string' };

const operation = ({ contract, module }: MountedRoute, hoist: (value: unknown) => unknown): Json => {
  const json = (schema: TSchema) => ({ 'application/json': { schema: hoist(schema) } });
  const content = (schema: TSchema | 'stream') =>
    schema === 'stream'
      ? { [contract.produces ?? 'application/octet-stream']: { schema: { type: 'string' } } }
      : json(schema);
  const body = contract.body === undefined ? undefined : json(contract.body);
  const upload = contract.consumes === undefined ? undefined : { [contract.consumes]: { schema: uploadOf(contract) } };
  const requestBody = body ?? upload;
  return {
    operationId: contract.id,
    summary: contract.summary,
    ...(contract.description !== undefined && { description: contract.description }),
    tags: [module],
    security: contract.permission === 'public' ? [] : [{ bearer: [] }, ...(contract.ticket ? [{ ticket: [] }] : [])],
    'x-permission': contract.permission,
    'x-clients': contract.clients,
    parameters: parametersOf(contract, hoist),
    ...(requestBody && { requestBody: { required: true, content: requestBody } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(contract.responses).map(([status, schema]) => [
          status,
          { description: WORDS[Number(status)] ?? 'Done', ...(schema !== null && { content: content(schema) }) },
        ]),
      ),
      default: {
        description: 'A problem document (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
};

/** The OpenAPI 3.1 document of the routes: same schemas, permissions and clients as the running routes. */
export const openApi = (
  routes: readonly MountedRoute[],
  info: { readonly title: string; readonly version: string },
): Json => {
  const schemas: Json = { Problem: PROBLEM };
  const hoist = createHoist(schemas);
  const paths: Record<string, Json> = {};
  for (const mounted of routes) {
    const path = mounted.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[mounted.contract.method] = operation(mounted, hoist);
  }
  const securitySchemes = {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    ticket: { type: 'apiKey', in: 'query', name: 'ticket', description: 'Good for one opening, within 30 s' },
  };
  return { openapi: '3.1.0', info, servers: [{ url: '/angelis' }], components: { schemas, securitySchemes }, paths };
};
