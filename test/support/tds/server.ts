import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { u8 } from './bytes.ts';
import { secure } from './handshake.ts';
import type { Certificate } from './handshake.ts';
import { createAssembler, packetize, TYPE } from './packets.ts';
import type { Message } from './packets.ts';
import { ENCRYPTION, readBatch, readCall, readLogin, readPrelogin, writePrelogin } from './requests.ts';
import type { Login } from './requests.ts';
import { evaluate, SqlError } from './sql.ts';
import type { Answer, Holdings } from './sql.ts';
import * as tokens from './tokens.ts';

/**
 * What befalls the next answers: `cut` ends the connection in the middle of one, or after `cutAfter` bytes (negative:
 * before its end), `reset` without one, `hang` never answers but takes an attention, `deaf` takes not even that, `garble`
 * answers what is no token.
 */
export type Fault = 'none' | 'cut' | 'reset' | 'hang' | 'deaf' | 'garble';

export interface TdsServer {
  readonly port: number;
  readonly holdings: Holdings;
  fault: Fault;
  cutAfter: number | undefined;
  /** Logins that were taken, oldest first. */
  readonly logins: readonly Login[];
  /** Requests that wait for their answer because of a fault. */
  waiting(): number;
  connections(): number;
  /** Answers what hangs, and what comes after it. */
  release(): void;
  /** Ends every connection. */
  cut(): void;
  close(): Promise<void>;
}

export interface TdsServerOptions {
  readonly holdings: Holdings;
  readonly passwords: ReadonlyMap<string, string>;
  /** Encrypts everything; without it encryption is said not to be supported. */
  readonly certificate?: Certificate;
  /** TLS before anything else, as TDS 8.0 has it (`encrypt=strict`). */
  readonly strict?: boolean;
}

const SP_EXECUTESQL = 10;
const VERSION = Buffer.from([16, 0, 0x10, 0x00, 0, 0]);
const TDS_7_4 = [0x74, 0x00, 0x00, 0x04];
const PACKET = 4_096;

const rowsOf = ({ columns, rows }: Answer): Buffer =>
  Buffer.concat([
    tokens.columnMetadata(columns),
    // SQL Server takes NBCROW for rows with many nulls; here every other row is one.
    ...rows.map((values, index) => (index % 2 === 0 ? tokens.row(columns, values) : tokens.bitmapRow(columns, values))),
  ]);

const refusal = (error: unknown): Buffer => {
  if (!(error instanceof SqlError)) throw error;
  return Buffer.concat([tokens.error(error.number, error.severity, error.message), tokens.doneFailed]);
};

/** A server that speaks as much of TDS 7.4 (MS-TDS) as a reader of sources needs, over tables in memory. */
export const startTdsServer = async (options: TdsServerOptions): Promise<TdsServer> => {
  const { holdings, passwords, certificate, strict = false } = options;
  const sockets = new Set<Socket>();
  const logins: Login[] = [];
  let held: (() => void)[] = [];
  let fault: Fault = 'none';
  let cutAfter: number | undefined;

  const greet = (stream: Duplex, { payload }: Message): void => {
    const wanted = readPrelogin(payload).get(1)?.readUInt8() ?? ENCRYPTION.off;
    const encryption = certificate === undefined ? ENCRYPTION.notSupported : ENCRYPTION.on;
    const answer = writePrelogin([
      [0, VERSION],
      [1, u8(wanted === ENCRYPTION.notSupported && certificate ? ENCRYPTION.required : encryption)],
      [2, u8(0)],
      [3, Buffer.alloc(0)],
      [4, u8(0)],
    ]);
    stream.write(packetize({ type: TYPE.response, payload: answer }));
  };

  const admit = (stream: Duplex, request: Message): Login | undefined => {
    const login = readLogin(request.payload);
    if (passwords.get(login.user) !== login.password) {
      const error = new SqlError(18456, 14, `Login failed for user '${login.user}'.`);
      stream.end(packetize({ type: TYPE.response, payload: refusal(error) }));
      return undefined;
    }
    logins.push(login);
    const payload = tokens.loginResponse({
      database: login.database,
      packetSize: PACKET,
      packetSizeBefore: login.packetSize,
      server: 'TESTSQL',
      tdsVersion: TDS_7_4,
      program: 'Microsoft SQL Server',
      programVersion: VERSION.subarray(0, 4),
    });
    stream.write(packetize({ type: TYPE.response, payload }));
    return login;
  };

  const answerOf = ({ type, payload }: Message, { user }: Login): Buffer => {
    try {
      if (type === TYPE.batch) {
        if (!readBatch(payload).startsWith('set ')) throw new SqlError(102, 15, 'Incorrect syntax.');
        return tokens.donePlain;
      }
      const { procedure, parameters } = readCall(payload);
      if (procedure !== SP_EXECUTESQL && procedure !== 'sp_executesql')
        throw new SqlError(2812, 16, `Could not find stored procedure '${procedure}'.`);
      const answer = evaluate(holdings, user, parameters);
      return Buffer.concat([rowsOf(answer), tokens.procedureEnd(answer.rows.length)]);
    } catch (error) {
      return refusal(error);
    }
  };

  const respond = (stream: Duplex, message: Message, login: Login): void => {
    const send = () => stream.write(packetize({ type: TYPE.response, payload: answerOf(message, login) }, PACKET));
    if (message.type === TYPE.batch || fault === 'none') {
      send();
      return;
    }
    const bytes = packetize({ type: TYPE.response, payload: answerOf(message, login) }, PACKET);
    if (fault === 'reset') stream.destroy();
    else if (fault === 'cut') stream.end(bytes.subarray(0, cutAfter ?? Math.floor(bytes.length / 2)));
    else if (fault === 'garble') stream.write(packetize({ type: TYPE.response, payload: Buffer.from('<html>') }));
    else held.push(send);
  };

  const serve = (stream: Duplex): void => {
    const assemble = createAssembler();
    let login: Login | undefined;
    stream.on('error', () => stream.destroy());
    stream.on('data', (bytes: Buffer) => {
      for (const message of assemble(bytes))
        if (message.type === TYPE.login) login = admit(stream, message);
        else if (message.type === TYPE.attention) {
          if (fault === 'deaf') continue;
          held = [];
          // What was asked ends unfinished, then the attention is answered.
          stream.write(packetize({ type: TYPE.response, payload: tokens.doneFailed }));
          stream.write(packetize({ type: TYPE.response, payload: tokens.doneAttention }));
        } else if (login === undefined) stream.destroy();
        else respond(stream, message, login);
    });
  };

  const welcome = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    const assemble = createAssembler();
    const begin = (bytes: Buffer): void => {
      const [message] = assemble(bytes);
      if (message === undefined) return;
      socket.off('data', begin);
      if (message.type !== TYPE.prelogin) {
        socket.destroy();
        return;
      }
      greet(socket, message);
      serve(certificate === undefined || strict ? socket : secure(socket, certificate));
    };
    socket.on('data', begin);
  };
  const server: Server = strict
    ? createTlsServer({ ...certificate, ALPNProtocols: ['tds/8.0'] }, welcome)
    : createServer(welcome);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = (): void => {
    held = [];
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    holdings,
    logins,
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
    },
    get cutAfter() {
      return cutAfter;
    },
    set cutAfter(bytes) {
      cutAfter = bytes;
    },
    waiting: () => held.length,
    connections: () => sockets.size,
    release: () => {
      fault = 'none';
      for (const send of held.splice(0)) send();
    },
    cut,
    close: async () => {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
};
