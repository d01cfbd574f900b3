import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { listen } from './listen.ts';

/** A server that is wrong in one way, at a port of the loopback interface. */
export interface FaultyServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

const stopping = (server: Server | HttpServer, sockets: ReadonlySet<Socket>) => async (): Promise<void> => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
};

const serve = async (onSocket: (socket: Socket) => void): Promise<FaultyServer> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop: stopping(server, sockets) };
};

/** A message of PostgreSQL's protocol 3.0: its type, its length, its content. */
const message = (type: string, ...content: Buffer[]): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + content.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([Buffer.from(type), length, ...content]);
};
const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value & 0xffff)]);
const text = (value: string): Buffer => Buffer.from(`${value}\0`);

const READY = message('Z', Buffer.from('I'));

/** Takes anybody in and answers every simple query with one row: the version that it says it has. */
export const oldPostgres = (version: number): Promise<FaultyServer> =>
  serve((socket) => {
    let started = false;
    socket.on('data', (data) => {
      if (!started) {
        started = true;
        socket.write(Buffer.concat([message('R', int32(0)), READY]));
      } else if (data.toString('latin1', 0, 1) === 'Q') {
        const column = Buffer.concat([text('version'), int32(0), int16(0), int32(23), int16(4), int32(-1), int16(0)]);
        const value = Buffer.from(String(version));
        socket.write(
          Buffer.concat([
            message('T', int16(1), column),
            message('D', int16(1), int32(value.length), value),
            message('C', text('SELECT 1')),
            READY,
          ]),
        );
      }
    });
  });

export interface RedisServer extends FaultyServer {
  /** Whether it takes everything and answers nothing, as a process that was stopped. */
  isSilent: boolean;
}

/** Speaks enough of RESP2 to be taken for a Redis 7, and tells the given policy. */
export const redisServer = async (policy: string): Promise<RedisServer> => {
  const state = { isSilent: false };
  const server = await serve((socket) => {
    socket.on('data', (data) => {
      if (state.isSilent) return;
      for (const [, name = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/gu)) {
        const info = `redis_version:7.0.0\r\nloading:0\r\nmaxmemory_policy:${policy}\r\n`;
        if (name.toLowerCase() === 'info') socket.write(`$${info.length}\r\n${info}\r\n`);
        else socket.write(name.toLowerCase() === 'ping' ? '+PONG\r\n' : '+OK\r\n');
      }
    });
  });
  return Object.assign(state, server);
};

type Json = Record<string, unknown>;

export interface KeycloakServer extends FaultyServer {
  readonly url: string;
  /** What it answers; tests break it. */
  readonly realm: Json & {
    clients: Json[];
    clientScopes: Json[];
    roles: { realm: Json[] };
    authenticationFlows: { alias: string; topLevel: boolean; authenticationExecutions: Record<string, string>[] }[];
    authenticatorConfig: { alias: string }[];
    scopeMappings: { client?: string; clientScope?: string; roles: string[] }[];
    users: { clientRoles: Record<string, string[]> }[];
  };
  /** Put on answers as their Date, where set; else they carry none, as Keycloak's own. */
  date: string | undefined;
  /** When it says that its tokens are made. */
  issuedAt: () => Date;
}

/** The calls of Keycloak's administration that read a realm, over a realm as an import file writes it. */
export const keycloakServer = async (file: Json): Promise<KeycloakServer> => {
  const realm = structuredClone(file) as KeycloakServer['realm'];
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const token = () => `${encoded({ alg: 'none' })}.${encoded({ iat: Math.floor(made.issuedAt().getTime() / 1_000) })}.`;
  const bodies: Readonly<Record<string, () => unknown>> = {
    '/realms/angelis/.well-known/openid-configuration': () => ({}),
    '/realms/angelis/protocol/openid-connect/token': () => ({ access_token: token(), expires_in: 300 }),
    '/admin/realms/angelis': () => {
      const { clients: _clients, roles: _roles, users: _users, clientScopes: _scopes, ...rest } = realm;
      return rest;
    },
    '/admin/realms/angelis/roles': () => realm.roles.realm,
    '/admin/realms/angelis/clients': () => realm.clients.map((client) => ({ ...client, id: client['clientId'] })),
    '/admin/realms/angelis/client-scopes': () => realm.clientScopes.map((scope) => ({ ...scope, id: scope['name'] })),
    '/admin/realms/angelis/identity-provider/instances': () => [],
    '/admin/realms/angelis/users': () => [],
    '/admin/realms/angelis/groups': () => [],
    '/admin/realms/angelis/components': () => [],
    '/admin/realms/angelis/authentication/flows': () => realm.authenticationFlows.filter(({ topLevel }) => topLevel),
    '/admin/realms/angelis/authentication/required-actions': () => realm['requiredActions'],
  };
  /** The steps of a flow and of those inside it, in one row. */
  const rows = (flow: string, level = 0): Json[] =>
    realm.authenticationFlows
      .find(({ alias }) => alias === flow)!
      .authenticationExecutions.flatMap(({ authenticator, flowAlias, requirement, authenticatorConfig }) => [
        {
          level,
          requirement,
          displayName: flowAlias,
          authenticationFlow: flowAlias !== undefined,
          providerId: authenticator,
          authenticationConfig: authenticatorConfig,
        },
        ...(flowAlias === undefined ? [] : rows(flowAlias, level + 1)),
      ]);
  const rolesOf = (client: string) => ({
    mappings: realm.users.flatMap(({ clientRoles }) => clientRoles[client]!.map((name) => ({ name }))),
  });
  const carried = (isOf: (mapping: KeycloakServer['realm']['scopeMappings'][number]) => boolean) => ({
    realmMappings: realm.scopeMappings.filter(isOf).flatMap(({ roles }) => roles.map((name) => ({ name }))),
  });
  const named: readonly [RegExp, (name: string) => unknown][] = [
    [/\/authentication\/flows\/([^/]+)\/executions$/u, (alias) => rows(alias)],
    [/\/authentication\/config\/([^/]+)$/u, (id) => realm.authenticatorConfig.find(({ alias }) => alias === id)],
    [/\/clients\/([^/]+)\/scope-mappings$/u, (id) => carried(({ client }) => client === id)],
    [/\/client-scopes\/([^/]+)\/scope-mappings$/u, (id) => carried(({ clientScope }) => clientScope === id)],
    [/\/clients\/([^/]+)\/service-account-user$/u, (id) => ({ id, username: `service-account-${id}` })],
    [/\/clients\/([^/]+)\/roles$/u, () => []],
    [/\/roles\/([^/]+)\/users$/u, () => []],
    [
      /\/users\/([^/]+)\/role-mappings$/u,
      () => ({ clientMappings: { 'realm-management': rolesOf('realm-management') } }),
    ],
  ];
  const answer = (path: string): unknown => {
    const [pattern, of] = named.find(([one]) => one.test(path)) ?? [];
    return of?.(decodeURIComponent(pattern!.exec(path)![1]!)) ?? bodies[path]?.();
  };
  let made: KeycloakServer;
  const server = createHttpServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const body = answer(path.replace(/\/+$/u, ''));
    response.sendDate = false;
    if (made.date !== undefined) response.setHeader('Date', made.date);
    response.setHeader('content-type', 'application/json');
    response.statusCode = body === undefined ? 404 : 200;
    response.end(JSON.stringify(body ?? { error: 'not found' }));
  });
  const url = await listen(server);
  made = {
    url,
    port: Number(new URL(url).port),
    realm,
    date: undefined,
    issuedAt: () => new Date(),
    stop: async () => {
      server.closeAllConnections();
      await stopping(server, new Set())();
    },
  };
  return made;
};
